import type { DocumentStore } from '@keyserver/docstore';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { MINUTE, type SimulatedClock, simulatedClock, unixMillis } from '@keyserver/time';
import { SHARED_TIMES, answerTimes, shareAnswerTimes, sharedAnswerTimes } from './answer-times.ts';

let clock: SimulatedClock;
let store: DocumentStore;

beforeEach(async () => {
  clock = simulatedClock(unixMillis(1_768_478_400_000));
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

describe('shared answer times', () => {
  it('are none before anybody has shared any', async () => {
    expect(await sharedAnswerTimes(store)).toEqual([]);
  });

  it('are those of all instances, to the microsecond, oldest first', async () => {
    await shareAnswerTimes(store, [5, 7.25]);
    clock.advance(MINUTE);
    await shareAnswerTimes(store, [0.001]);
    expect(await sharedAnswerTimes(store)).toEqual([5, 7.25, 0.001]);
  });

  it('are the newest hundred', async () => {
    const many = Array.from({ length: SHARED_TIMES + 2 }, (_, n) => n);
    await shareAnswerTimes(store, many);
    expect(await sharedAnswerTimes(store)).toEqual(many.slice(2));
  });

  it('are written once a minute, by whoever comes first', async () => {
    expect(await shareAnswerTimes(store, [1])).toBe(true);
    clock.advance(MINUTE - 1);
    expect(await shareAnswerTimes(store, [2])).toBe(false);
    clock.advance(1);
    expect(await shareAnswerTimes(store, [3])).toBe(true);
    expect(await sharedAnswerTimes(store)).toEqual([1, 3]);
  });

  it('are written over those that a clock far ahead has dated', async () => {
    const at = clock.now() + MINUTE;
    await store.transact(async (tx) => {
      await tx.get(answerTimes, ['publish']);
      tx.set(answerTimes, 'publish', { at, micros: [4000] });
    });
    expect(await shareAnswerTimes(store, [2])).toBe(true);
    expect(await sharedAnswerTimes(store)).toEqual([4, 2]);
  });
});
