import { setTimeout as pause } from 'node:timers/promises';
import { CallFailure, readFault } from './failure.ts';
import { pauseBound } from './patience.ts';
import type { Engine } from './transact.ts';
import { within } from './within.ts';

/** Does a read outside transactions, and again when Firestore was away for a moment; all of it as long as one read may take. */
export async function retrying<T>(
  engine: Engine,
  what: string,
  read: () => Promise<T>,
): Promise<T> {
  const { patience, connection } = engine;
  try {
    return await within(
      patience.readMs,
      connection.closed,
      async (givenUp) => await repeat(engine, givenUp, read),
    );
  } catch (error) {
    if (error instanceof CallFailure) throw readFault(error, what);
    throw error;
  }
}

async function repeat<T>(
  { patience, random }: Engine,
  givenUp: AbortSignal,
  read: () => Promise<T>,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error;
      const isPassing = error.verdict === 'away' || error.verdict === 'contended';
      if (!isPassing || failures >= patience.failures || givenUp.aborted) throw error;
    }
    await pause(random.below(pauseBound(patience, failures)));
  }
}
