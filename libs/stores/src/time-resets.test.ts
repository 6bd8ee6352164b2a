import type { DocumentStore } from '@keyserver/docstore';
import { FIRST_EPOCH, MAX_EPOCH } from '@keyserver/federation';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { DAY, HOUR, simulatedClock } from '@keyserver/time';
import { NOON } from './testing/uploads.ts';
import { beginEpoch, epochReader, readEpoch, timeResets } from './time-resets.ts';

const clock = simulatedClock(NOON);
let store: DocumentStore;
beforeEach(async () => {
  clock.set(NOON);
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

const begin = async (before: number): Promise<void> => {
  await store.transact(async (tx) => {
    await beginEpoch(tx, before);
  });
};

it('is the first epoch of a store whose time was never set back, and reading that writes nothing', async () => {
  expect(await readEpoch(store)).toEqual(FIRST_EPOCH);
  expect(await store.get(timeResets, ['resets'])).toEqual([undefined]);
});

it('counts resets, and remembers between which times each lies', async () => {
  await begin(NOON + DAY);
  clock.advance(HOUR);
  await begin(NOON + 2 * DAY);
  const epoch = await readEpoch(store);
  expect(epoch).toEqual({
    number: 2,
    resets: [
      { epoch: 1, from: NOON + DAY, to: expect.any(Number) as number },
      { epoch: 2, from: NOON + 2 * DAY, to: expect.any(Number) as number },
    ],
  });
  const [first, second] = epoch.resets;
  expect(second!.to - first!.to).toBeGreaterThanOrEqual(HOUR);
  expect(first!.to).toBeGreaterThanOrEqual(NOON);
  expect(await store.transact(async (tx) => await readEpoch(tx))).toEqual(epoch);
});

it('counts a reset no more often than it was committed', async () => {
  await expect(
    store.transact(async (tx) => {
      await beginEpoch(tx, NOON + DAY);
      throw new Error('killed');
    }),
  ).rejects.toThrow('killed');
  expect(await readEpoch(store)).toEqual(FIRST_EPOCH);
});

it('forgets the oldest of very many resets, and not how many there were', async () => {
  const resets = Array.from({ length: 100 }, (_, n) => ({
    ...{ epoch: n + 1, from: NOON + n, to: NOON + n - 1 },
  }));
  await store.transact(async (tx) => {
    await readEpoch(tx);
    tx.set(timeResets, 'resets', { epoch: 100, resets: resets as never });
  });
  await begin(NOON + DAY);
  const epoch = await readEpoch(store);
  expect(epoch.number).toBe(101);
  expect(epoch.resets.map(({ epoch: number }) => number)).toEqual(
    Array.from({ length: 100 }, (_, n) => n + 2),
  );
});

it('begins no epoch that a token has no room for', async () => {
  await store.transact(async (tx) => {
    await readEpoch(tx);
    tx.set(timeResets, 'resets', { epoch: MAX_EPOCH, resets: [] });
  });
  await expect(begin(NOON + DAY)).rejects.toThrow('too often');
  expect((await readEpoch(store)).number).toBe(MAX_EPOCH);
});

it('is read again by a reader only once something was committed since, where the store tells', async () => {
  const state = { mark: 1 as number | undefined, reads: 0 };
  const read = epochReader({
    changeMark: () => state.mark,
    get: async (from, ids) => {
      state.reads++;
      return await store.get(from, ids);
    },
  });
  expect([await read(), await read()]).toEqual([FIRST_EPOCH, FIRST_EPOCH]);
  expect(state.reads).toBe(1);
  await begin(NOON + DAY);
  state.mark = 2;
  expect((await read()).number).toBe(FIRST_EPOCH.number + 1);
  state.mark = undefined;
  await read();
  await read();
  expect(state.reads).toBe(4);
});
