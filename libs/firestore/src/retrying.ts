import { DeadlineFault, retry, within } from '@keyserver/retry';
import { CallFault, failureOf, readFault } from './failure.ts';
import type { Engine } from './transact.ts';

/** Does a read outside transactions, and again when Firestore was away for a moment; all of it as long as one read may take. */
export async function retrying<T>(
  { connection, limits, timers, random }: Engine,
  what: string,
  read: () => Promise<T>,
): Promise<T> {
  const policy = { ...limits, attempts: limits.failures, timers, random, mayHelp: isPassing };
  try {
    return await within(
      { ms: limits.readMs, timers, signal: connection.closed },
      async (signal) => await retry({ ...policy, signal }, read),
    );
  } catch (error) {
    if (error instanceof CallFault || error instanceof DeadlineFault)
      throw readFault(failureOf(error), what);
    throw error;
  }
}

const isPassing = (error: unknown): boolean =>
  error instanceof CallFault && (error.verdict === 'away' || error.verdict === 'contended');
