import type { Timers } from '@keyserver/jobs';
import type { Random } from '@keyserver/random';
import { isPassing } from './fault.ts';

/** How long and how often Cloud Storage is asked before it counts as away. */
export interface Patience {
  /** Deadline of one request without content. */
  readonly callMillis: number;
  /** Deadline of one request that carries content. */
  readonly contentMillis: number;
  readonly attempts: number;
  /** Most milliseconds before the second attempt; doubled for each further one. */
  readonly pauseMillis: number;
}

/** What attempts draw on. */
export interface Ambient {
  readonly random: Random;
  readonly timers: Timers;
  readonly patience: Patience;
}

const LONGEST_PAUSE = 10_000;

/** Waits before another attempt, longer and less predictably each time. */
export async function pauseBefore(attempt: number, ambient: Ambient): Promise<void> {
  const longest = Math.min(LONGEST_PAUSE, ambient.patience.pauseMillis * 2 ** (attempt - 1));
  const millis = 1 + ambient.random.below(Math.max(1, longest));
  await new Promise<void>((resolve) => {
    ambient.timers.after(millis, resolve);
  });
}

/**
 * The outcome of a call, or a rejection at its deadline. The client's own `timeout` does nothing with the HTTP library it
 * now has, so a server that accepts and never answers would hold a caller for ever.
 */
export async function within<T>(
  millis: number,
  timers: Timers,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abandoned = new AbortController();
  let cancel = (): void => undefined;
  const deadline = new Promise<never>((_, reject) => {
    cancel = timers.after(millis, () => {
      reject(new Error(`no answer within ${millis} ms`));
      abandoned.abort();
    });
  });
  try {
    return await Promise.race([call(abandoned.signal), deadline]);
  } finally {
    cancel();
  }
}

/**
 * Repeats a call that may be repeated without harm until it is answered. `call` hears the number of the attempt: from the
 * second on, an earlier one may have had its effect.
 */
export async function repeatedly<T>(
  ambient: Ambient,
  call: (signal: AbortSignal, attempt: number) => Promise<T>,
): Promise<T> {
  const { patience, timers } = ambient;
  for (let attempt = 1; ; attempt++) {
    try {
      return await within(
        patience.callMillis,
        timers,
        async (signal) => await call(signal, attempt),
      );
    } catch (error) {
      if (attempt >= patience.attempts || !isPassing(error)) throw error;
      await pauseBefore(attempt, ambient);
    }
  }
}
