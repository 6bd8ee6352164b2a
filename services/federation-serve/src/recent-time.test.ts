import type { DocumentStore } from '@keyserver/docstore';
import { DAY, type UnixMillis, simulatedClock, systemTimers, unixMillis } from '@keyserver/time';
import { withRecentTime } from './recent-time.ts';

/** A store that counts how often it is asked for its time, beside timers that the test sets. */
function aStore(answer: () => Promise<UnixMillis>) {
  let [asked, at] = [0, 0];
  const clock = simulatedClock(unixMillis(10 * DAY));
  const never = (): never => {
    throw new Error('not asked for');
  };
  const store: DocumentStore = {
    ...{ get: never, pages: never, transact: never, deleteAll: never, close: never },
    certainTime: never,
    closingDelay: 7,
    now: async () => {
      asked++;
      return await answer();
    },
  };
  return {
    store: withRecentTime(store, { timers: { ...systemTimers, monotonic: () => at }, clock }),
    asked: () => asked,
    clock,
    pass: (ms: number) => {
      at += ms;
    },
  };
}

it('asks for the time once for all who ask within a moment', async () => {
  const { store, asked, pass } = aStore(() => Promise.resolve(unixMillis(5)));
  expect(await Promise.all([store.now(), store.now()])).toEqual([5, 5]);
  pass(200);
  await store.now();
  expect(asked()).toBe(1);
  pass(1);
  await store.now();
  expect([asked(), store.closingDelay]).toEqual([2, 7]);
});

it.each([DAY, -DAY])('asks again once the clock was set, by %d ms', async (ms) => {
  const { store, asked, clock } = aStore(() => Promise.resolve(unixMillis(5)));
  await store.now();
  clock.advance(ms);
  await store.now();
  await store.now();
  expect(asked()).toBe(2);
});

it('does not keep a fault', async () => {
  let isAway = true;
  const { store } = aStore(() =>
    isAway ? Promise.reject(new Error('away')) : Promise.resolve(unixMillis(5)),
  );
  await expect(store.now()).rejects.toThrow('away');
  isAway = false;
  expect(await store.now()).toBe(5);
});
