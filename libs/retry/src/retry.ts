import type { Random } from '@keyserver/random';
import { type Timers, sleep } from '@keyserver/time';

/** How long to wait between attempts. */
export interface BackOff {
  /** Longest pause after the first attempt, in milliseconds; doubled after each further one. */
  readonly firstPauseMs: number;
  /** Where the doubling ends. */
  readonly longestPauseMs: number;
}

/** Where the pauses of attempts come from. */
export interface PauseSource {
  readonly timers: Timers;
  readonly random: Random;
}

/** The longest pause after the n-th attempt, counted from 1, in milliseconds. */
export const longestPause = ({ firstPauseMs, longestPauseMs }: BackOff, attempt: number): number =>
  Math.min(longestPauseMs, firstPauseMs * 2 ** (attempt - 1));

/**
 * Waits after the n-th attempt for a random time up to the longest (full jitter), so that those who failed together do not
 * try together again. Rejects with the signal's reason when that is aborted.
 */
export async function backOff(
  { timers, random }: PauseSource,
  pauses: BackOff,
  { attempt, ...options }: { readonly attempt: number; readonly signal?: AbortSignal },
): Promise<void> {
  const longest = Math.max(1, Math.ceil(longestPause(pauses, attempt)));
  await sleep(timers, 1 + random.below(longest), options);
}

/** What is repeated, how often and how patiently. */
export interface RetryPolicy extends BackOff, PauseSource {
  /** The budget: attempts in all, the first included. */
  readonly attempts: number;
  /** Whether another attempt may help after the n-th failed with this error. */
  readonly mayHelp: (error: unknown, attempt: number) => boolean;
  /** Whether to pause after this error; after every one unless told. */
  readonly pausesAfter?: (error: unknown) => boolean;
  /** Once it is aborted no attempt begins any more, and a pause ends; the outcome is the error of the last attempt. */
  readonly signal?: AbortSignal;
}

/**
 * Does something until it succeeds, another attempt would not help, or the budget is used up; then it rejects with the error
 * of the last attempt. Only for what may be done twice, and never around a client that repeats by itself: the two would
 * multiply.
 */
export async function retry<T>(
  policy: RetryPolicy,
  attemptOnce: (attempt: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptOnce(attempt);
    } catch (error) {
      if (attempt >= policy.attempts || !policy.mayHelp(error, attempt)) throw error;
      if (!(await mayGoOn(policy, attempt, error))) throw error;
    }
  }
}

/** Pauses where the policy does; false when the signal has ended it all. */
async function mayGoOn(policy: RetryPolicy, attempt: number, error: unknown): Promise<boolean> {
  const { signal, pausesAfter = () => true } = policy;
  if (signal?.aborted === true) return false;
  if (!pausesAfter(error)) return true;
  return await backOff(policy, policy, { attempt, ...(signal && { signal }) }).then(
    () => true,
    () => false,
  );
}
