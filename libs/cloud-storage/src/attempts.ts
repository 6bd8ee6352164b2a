import { type BackOff, type PauseSource, retry, within } from '@keyserver/retry';
import { isPassing } from './fault.ts';

/** How long and how often Cloud Storage is asked before it counts as away. */
export interface CallLimits extends BackOff {
  /** Deadline of one request without content. */
  readonly callMillis: number;
  /** Deadline of one request that carries content. */
  readonly contentMillis: number;
  readonly attempts: number;
}

/** What attempts draw on. */
export interface Attempts extends PauseSource {
  readonly limits: CallLimits;
}

/**
 * Repeats a call that may be repeated without harm until it is answered. `call` hears the number of the attempt: from the
 * second on, an earlier one may have had its effect. Each attempt has a deadline of its own, since the client's `timeout` does
 * nothing with the HTTP library it now has: a server that accepts and never answers would hold a caller for ever.
 */
export async function repeatedly<T>(
  { limits, timers, random }: Attempts,
  call: (signal: AbortSignal, attempt: number) => Promise<T>,
): Promise<T> {
  const deadline = { ms: limits.callMillis, timers };
  return await retry(
    { ...limits, timers, random, mayHelp: isPassing },
    async (attempt) => await within(deadline, async (signal) => await call(signal, attempt)),
  );
}
