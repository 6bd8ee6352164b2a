import { type DocumentStore, collection, int, ints } from '@keyserver/docstore';
import { MINUTE } from '@keyserver/time';

/**
 * How long uploads took lately, of all instances together: what answers are timed after that have no work of their own. One
 * document.
 */
export const answerTimes = collection({
  name: 'answerTimes',
  fields: { at: int(), micros: ints() },
});

const ID = 'publish';

/** So many times are kept, the newest. */
export const SHARED_TIMES = 100;

/**
 * How often the document is written at most, by all instances together, ms. Firestore sustains about one write a second of one
 * document (https://firebase.google.com/docs/firestore/quotas, "Maximum write rate to a document: 1 per second").
 */
const WRITTEN_EVERY = MINUTE;

const MICROS = 1000;

/** The times that all instances have shared, ms, oldest first; none where nobody has yet. */
export async function sharedAnswerTimes(store: DocumentStore): Promise<readonly number[]> {
  const [found] = await store.get(answerTimes, [ID]);
  return millisOf(found?.micros ?? []);
}

/**
 * Adds times in ms, oldest first, unless somebody has written within the last minute; whether it did. Times that were not
 * added can be added later.
 */
export async function shareAnswerTimes(
  store: DocumentStore,
  times: readonly number[],
): Promise<boolean> {
  return await store.transact(async (tx) => {
    const [found] = await tx.get(answerTimes, [ID]);
    // A time in the future is that of a clock that was wrong.
    const age = found === undefined ? WRITTEN_EVERY : Math.abs(tx.now - found.at);
    if (age < WRITTEN_EVERY) return false;
    const micros = [...(found?.micros ?? []), ...times.map((ms) => Math.round(ms * MICROS))];
    tx.set(answerTimes, ID, { at: tx.now, micros: micros.slice(-SHARED_TIMES) });
    return true;
  });
}

const millisOf = (micros: readonly number[]): readonly number[] =>
  micros.map((each) => each / MICROS);
