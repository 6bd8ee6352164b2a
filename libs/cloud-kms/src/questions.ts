import type { Random } from '@keyserver/random';
import { retry, within } from '@keyserver/retry';
import type { Timers } from '@keyserver/time';
import { KmsAnswerFault, isRefusal, isTransient } from './kms-fault.ts';

/** Asks Cloud KMS until it answers, a few times at most and never beyond the deadline. */
export type Ask = <T>(attempt: (timeoutMs: number) => Promise<T>) => Promise<T>;

/** Questions to Cloud KMS, and their end: no attempt begins any more, and those under way get a moment to be answered. */
export interface Questions {
  readonly ask: Ask;
  readonly end: () => Promise<void>;
}

const ATTEMPTS = 4;
/** A signature takes a tenth of a second; what takes so long had better be asked again, by a new connection. */
const LONGEST_ATTEMPT_MS = 3_000;
const FIRST_PAUSE_MS = 250;
/** A process that is told to end has few seconds in all, while an attempt that nothing answers goes on for longer. */
const LAST_MOMENT_MS = 1_000;

/**
 * Repeats what may succeed when repeated: nothing that is asked for here changes anything. An answer is waited for until the
 * deadline, all attempts together; then the outcome is a DeadlineFault.
 */
export function askWithin(of: {
  readonly deadlineMs: number;
  readonly timers: Timers;
  readonly random: Random;
}): Questions {
  const { deadlineMs: ms, timers, random } = of;
  const ending = new AbortController();
  const pending = new Set<Promise<unknown>>();
  const policy = {
    ...{ attempts: ATTEMPTS, firstPauseMs: FIRST_PAUSE_MS, longestPauseMs: ms / ATTEMPTS },
    ...{ timers, random, mayHelp: isWorthwhile, pausesAfter: isTransient },
  };
  const attemptMs = Math.min(LONGEST_ATTEMPT_MS, Math.ceil(ms / ATTEMPTS));
  return {
    ask: async (attempt) =>
      await within({ ms, timers }, async (deadline) => {
        const signal = AbortSignal.any([deadline, ending.signal]);
        const answer = retry({ ...policy, signal }, async () => await attempt(attemptMs));
        const forget = (): boolean => pending.delete(answer);
        pending.add(answer);
        answer.then(forget, forget);
        return await answer;
      }),
    end: async () => {
      ending.abort();
      const answered = Promise.allSettled(pending);
      await within({ ms: LAST_MOMENT_MS, timers }, async () => await answered).catch(ignoreLate);
    },
  };
}

// Whoever asked hears of the deadline; the end does not wait for that.
const ignoreLate = (): void => undefined;

/** A refused request is sent once more: one that was changed on its way is refused like one that was wrong from the start. */
const isWorthwhile = (error: unknown, attempt: number): boolean =>
  isTransient(error) || error instanceof KmsAnswerFault || (attempt === 1 && isRefusal(error));
