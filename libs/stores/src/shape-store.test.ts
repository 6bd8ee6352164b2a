import type { DocumentStore } from '@keyserver/docstore';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { systemRandom } from '@keyserver/random';
import {
  DAY,
  HOUR,
  type SimulatedClock,
  type UnixMillis,
  simulatedClock,
  unixMillis,
} from '@keyserver/time';
import { type NewKeyBatch, keyBatchDocument, keyBatches } from './key-batch-document.ts';
import { keepShapes, padShapes, shapeKeeper, shapePool } from './shape-store.ts';
import { NOON, SETTINGS, aKeyUntil, recordsOf } from './testing/uploads.ts';

let clock: SimulatedClock;
let store: DocumentStore;

beforeEach(async () => {
  clock = simulatedClock(NOON);
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

const daysAgo = (days: number, hour = 12): UnixMillis =>
  unixMillis(NOON - days * DAY + (hour - 12) * HOUR);

/** Stores documents of as many keys as their numbers say, all of one window. */
async function keep(
  window: UnixMillis,
  keys: readonly number[],
  overrides: Partial<NewKeyBatch> = {},
): Promise<void> {
  await store.transact(async (tx) => {
    for (const [n, count] of keys.entries()) {
      const ends = Array.from({ length: count }, (_, m) => unixMillis(window - m * DAY));
      const batch: NewKeyBatch = {
        ...{ window, kind: 'primary', origin: 'local', sourceId: '', regions: ['US'] },
        ...{ traveler: false, app: 'app', ...overrides },
        records: recordsOf(
          ...ends.map((end, m) => ({ ...aKeyUntil(100 * n + m, end), onsetDays: -m })),
        ),
      };
      tx.create(
        keyBatches,
        `${window}-${n}-${batch.origin}-${batch.kind}`,
        keyBatchDocument(batch, SETTINGS, systemRandom),
      );
    }
    await Promise.resolve();
  });
}

const sample = async (over = store): Promise<number | undefined> =>
  await keepShapes(over, { random: systemRandom, retention: SETTINGS.retention });
const days = async (): Promise<readonly string[]> => {
  const ids: string[] = [];
  for await (const page of store.pages(padShapes, {})) ids.push(...page.map(({ id }) => id));
  return ids.toSorted();
};
/** How many keys each shape of the pool has. */
const pooled = async (t: UnixMillis = NOON): Promise<readonly number[]> =>
  (await shapePool(store, t)).map(({ shape }) => shape.keys.length).toSorted();

describe('the sample of a day', () => {
  it('is of the newest day that is over, then of the days before it', async () => {
    await keep(daysAgo(0), [1]);
    await keep(daysAgo(1), [2, 2]);
    await keep(daysAgo(2), [3]);
    expect(await sample()).toBe(2);
    expect(await days()).toEqual(['2026-01-14']);
    expect(await sample()).toBe(1);
    expect(await days()).toEqual(['2026-01-13', '2026-01-14']);
    expect(await pooled()).toEqual([2, 2, 3]);
  });

  it('is kept of a day without documents too, and of no day twice, two weeks back', async () => {
    for (let day = 1; day <= 14; day++) expect(await sample()).toBe(0);
    expect(await sample()).toBeUndefined();
    expect(await days()).toHaveLength(14);
    clock.advance(DAY);
    expect(await sample()).toBe(0);
    expect(await sample()).toBeUndefined();
  });

  it('holds what was published here for the first time, and nothing generated', async () => {
    await keep(daysAgo(1), [1]);
    await keep(daysAgo(1), [2], { origin: 'padding', sourceId: 'cell/attempt' });
    await keep(daysAgo(1), [3], { origin: 'federated', sourceId: 'query' });
    await keep(daysAgo(1), [4], { kind: 'revision' });
    expect(await sample()).toBe(1);
    expect(await pooled()).toEqual([1]);
  });

  it('holds shapes alone: no key, report type, risk or region', async () => {
    await keep(daysAgo(1, 7), [2]);
    await sample();
    const [document] = await store.get(padShapes, ['2026-01-14']);
    expect(document?.shapes).toEqual([
      {
        hour: 7,
        shape: {
          onsetBefore: expect.any(Number) as number,
          keys: [
            { daysBefore: 1, startInDay: 36, period: 6 },
            { daysBefore: 0, startInDay: 36, period: 6 },
          ],
        },
      },
    ]);
  });

  it('is bounded, however many documents the day has, and of all shards', async () => {
    await keep(daysAgo(1), Array.from<number>({ length: 200 }).fill(1));
    await keep(daysAgo(1, 11), Array.from<number>({ length: 200 }).fill(2));
    expect(await sample()).toBe(142);
    expect(new Set(await pooled())).toEqual(new Set([1, 2]));
  });

  it('waits until nothing can be written into the day any more', async () => {
    const slow: DocumentStore = Object.assign(Object.create(store) as DocumentStore, {
      closingDelay: HOUR,
    });
    clock.set(daysAgo(-1, 0));
    await sample(slow);
    expect(await days()).toEqual(['2026-01-14']);
    clock.advance(HOUR);
    await sample(slow);
    expect(await days()).toEqual(['2026-01-14', '2026-01-15']);
  });

  it('is kept once by two workers at once', async () => {
    await keep(daysAgo(1), [1, 1]);
    await Promise.all([sample(), sample()]);
    expect((await days()).includes('2026-01-14')).toBe(true);
    expect(await pooled()).toEqual([1, 1]);
  });
});

describe('a job that is called every minute', () => {
  it('samples a day with each call, and looks once an hour when none is left', async () => {
    const keepOne = shapeKeeper(store, {
      ...{ clock, random: systemRandom, retention: SETTINGS.retention },
    });
    await keepOne();
    expect(await days()).toEqual(['2026-01-14']);
    for (let call = 0; call < 14; call++) await keepOne();
    expect(await days()).toHaveLength(14);
    await store.deleteAll(padShapes, {});
    await keepOne();
    expect(await days()).toEqual([]);
    clock.advance(HOUR);
    await keepOne();
    expect(await days()).toEqual(['2026-01-14']);
  });

  it('looks again when its clock was set back', async () => {
    const keepOne = shapeKeeper(store, {
      ...{ clock, random: systemRandom, retention: SETTINGS.retention },
    });
    for (let call = 0; call < 15; call++) await keepOne();
    await store.deleteAll(padShapes, {});
    clock.set(unixMillis(NOON - 1));
    await keepOne();
    expect(await days()).toHaveLength(1);
  });
});

describe('the pool', () => {
  it('is empty in a new store', async () => {
    expect(await pooled()).toEqual([]);
  });

  it('leaves out the day itself and what is older than two weeks', async () => {
    for (const [day, keys] of [
      [1, 1],
      [2, 2],
      [13, 3],
    ] as const) {
      await keep(daysAgo(day), [keys]);
    }
    for (let day = 1; day <= 14; day++) await sample();
    expect(await pooled()).toEqual([1, 2, 3]);
    expect(await pooled(daysAgo(1))).toEqual([2, 3]);
    expect(await pooled(daysAgo(-2))).toEqual([1, 2]);
  });

  it('outlives the days that are generated after it', async () => {
    await keep(daysAgo(1), [1]);
    await sample();
    const [document] = await store.get(padShapes, ['2026-01-14']);
    expect(document?.expireAt).toBe(daysAgo(1, 0) + 14 * DAY + SETTINGS.retention);
  });
});
