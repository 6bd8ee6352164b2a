import { type DocumentStore, StoreFault } from '@keyserver/docstore';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import {
  DAY,
  HOUR,
  MINUTE,
  SECOND,
  type SimulatedClock,
  alwaysWindow,
  simulatedClock,
  unixMillis,
  windowLength,
} from '@keyserver/time';
import fc from 'fast-check';
import { type Folding, foldTotals } from './fold-totals.ts';
import { forgetful } from './testing/unreliable-store.ts';
import { NOON } from './testing/uploads.ts';
import { type TotalDelta, totalDeltas } from './total-deltas.ts';
import { readTotals, totals, totalsProgress } from './totals.ts';

const RETENTION = 14 * DAY;
let store: DocumentStore;
let clock: SimulatedClock;
let late: number;

beforeEach(async () => {
  late = 0;
  clock = simulatedClock(NOON);
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

const aDelta = (of: Partial<TotalDelta> = {}): TotalDelta => ({
  ...{ hour: NOON, authority: 7, platform: 'ios', keys: 3, oldestKeyDays: 4, onsetDays: 5 },
  ...{ onsetMissing: 0, expireAt: NOON + 30 * DAY, ...of },
});

let drawn = 0;
const upload = async (...deltas: readonly TotalDelta[]): Promise<void> => {
  await store.transact((tx) => {
    for (const delta of deltas) tx.create(totalDeltas, `delta-${(drawn += 1)}`, delta);
    return Promise.resolve();
  });
};

const fold = async (
  on: DocumentStore = store,
  { length = HOUR, signal = new AbortController().signal } = {},
): Promise<Folding> =>
  await foldTotals(on, {
    windows: () => alwaysWindow(windowLength(length)!),
    ...{ retention: RETENTION, signal },
    noteLate: (count) => {
      late += count;
    },
  });

const read = async (authority = 7) =>
  await readTotals(store, { retention: RETENTION })(authority, clock.now());

const unfolded = async (): Promise<number> => {
  let found = 0;
  for await (const page of store.pages(totalDeltas, {})) found += page.length;
  return found;
};

const withDelay = (closingDelay: number): DocumentStore =>
  Object.assign(Object.create(store) as DocumentStore, { closingDelay });

describe('folding the counts of uploads (15.1)', () => {
  it('adds what uploads of one hour and authority count, bucket by bucket', async () => {
    const { oldestKeyDays: _, onsetDays: __, ...withoutAges } = aDelta();
    await upload(
      aDelta(),
      aDelta({ platform: 'android', keys: 14, oldestKeyDays: 15, onsetDays: 29 }),
      aDelta({ platform: 'unknown', keys: 1, oldestKeyDays: 0, onsetDays: 0 }),
      { ...withoutAges, keys: 0, onsetMissing: 1 },
      { ...withoutAges, keys: 2, revisions: 1 },
    );
    clock.advance(HOUR);
    expect(await fold()).toEqual({ folded: 5, expired: 0, left: 0 });
    expect(await unfolded()).toBe(0);
    const buckets = (length: number, ...filled: readonly number[]) =>
      Array.from({ length }, (_, n) => (filled.includes(n) ? 1 : 0));
    expect(await read()).toEqual({
      foldedUntil: NOON + HOUR,
      hours: [
        {
          ...{ hour: NOON, unknown: 1, android: 1, ios: 3, keys: 20, revisions: 1 },
          ...{ oldestKeyDays: buckets(16, 0, 4, 15), onsetDays: buckets(30, 0, 5, 29) },
          onsetMissing: 1,
        },
      ],
    });
  });

  it('keeps hours and authorities apart, oldest hour first', async () => {
    const next = NOON + HOUR;
    await upload(aDelta({ hour: next }), aDelta(), aDelta({ authority: 8 }), aDelta());
    clock.advance(2 * HOUR);
    await fold();
    const uploads = async (authority: number) =>
      (await read(authority)).hours.map(({ hour, ios }) => [hour, ios]);
    expect(await uploads(7)).toEqual([
      [NOON, 2],
      [next, 1],
    ]);
    expect(await uploads(8)).toEqual([[NOON, 1]]);
    expect(await uploads(9)).toEqual([]);
  });

  it('leaves an hour alone until no upload can add to it any more', async () => {
    await upload(aDelta());
    const firestore = withDelay(330 * SECOND);
    clock.set(unixMillis(NOON + HOUR + 330 * SECOND - 1));
    expect(await fold(firestore)).toMatchObject({ folded: 0 });
    expect(await read()).toEqual({ foldedUntil: NOON, hours: [] });
    clock.advance(1);
    expect(await fold(firestore)).toMatchObject({ folded: 1 });
    expect((await read()).hours).toHaveLength(1);
  });

  it.each([
    [15 * MINUTE, NOON + HOUR],
    [HOUR, NOON + HOUR],
    [4 * HOUR, NOON + 4 * HOUR],
    [DAY, NOON + 12 * HOUR],
  ])('waits for the end of the window of %d ms that the hour began in', async (length, closes) => {
    clock.set(unixMillis(closes - 1));
    await fold(store, { length });
    expect((await read()).foldedUntil).toBeLessThanOrEqual(NOON);
    clock.advance(1);
    await fold(store, { length });
    expect((await read()).foldedUntil).toBe(closes);
  });

  it('costs one reading while no hour has ended since', async () => {
    await fold();
    const silent = Object.assign(Object.create(store) as DocumentStore, {
      pages: () => {
        throw new Error('nothing is to be searched');
      },
    });
    clock.advance(HOUR - 1);
    expect(await fold(silent)).toEqual({ folded: 0, expired: 0, left: 0 });
  });

  it('begins with whatever was counted before it first ran', async () => {
    await upload(aDelta({ hour: NOON - 9 * DAY }), aDelta({ hour: NOON - HOUR }));
    expect(await fold()).toEqual({ folded: 2, expired: 0, left: 0 });
    expect((await read()).hours).toHaveLength(2);
  });

  it('ends between two transactions when it is told to, and says that hours are left', async () => {
    await fold();
    await upload(...Array.from({ length: 201 }, () => aDelta()));
    clock.advance(3 * HOUR);
    const stopping = new AbortController();
    const stopsAfterOne = Object.assign(Object.create(store) as DocumentStore, {
      transact: async <T>(decide: Parameters<DocumentStore['transact']>[0]) => {
        const outcome = await store.transact(decide);
        stopping.abort();
        return outcome as T;
      },
    });
    const ended = await fold(stopsAfterOne, { signal: stopping.signal });
    expect(ended).toEqual({ folded: 200, expired: 0, left: 3 });
    expect(await read()).toEqual({ foldedUntil: NOON, hours: [] });
    expect(await fold()).toEqual({ folded: 1, expired: 0, left: 0 });
    expect((await read()).hours).toMatchObject([{ ios: 201 }]);
  });

  it('adds counts that come after their hour was folded, and tells of them', async () => {
    await upload(aDelta());
    clock.advance(HOUR);
    await fold();
    await upload(aDelta());
    clock.advance(HOUR);
    expect(late).toBe(0);
    expect(await fold()).toEqual({ folded: 1, expired: 0, left: 0 });
    expect(late).toBe(1);
    expect((await read()).hours).toMatchObject([{ ios: 2 }]);
  });

  it('calls nothing late after store time was ahead and was set back', async () => {
    await store.transact((tx) => {
      tx.set(totalsProgress, 'folded', { foldedUntil: NOON + 20 * DAY });
      return Promise.resolve();
    });
    await upload(aDelta());
    clock.advance(HOUR);
    expect(await fold()).toEqual({ folded: 1, expired: 0, left: 0 });
    expect(late).toBe(0);
    expect((await read()).foldedUntil).toBe(NOON + HOUR);
  });

  it('drops counts that are past retention, as their totals would be', async () => {
    await upload(aDelta({ hour: NOON - 15 * DAY }), aDelta({ hour: NOON - 14 * DAY }));
    expect(await fold()).toMatchObject({ folded: 2 });
    const hours = [];
    for await (const page of store.pages(totals, {})) hours.push(...page.map((f) => f.value.hour));
    expect(hours).toEqual([NOON - 14 * DAY]);
  });
});

/** Ends a worker in one of its transactions, before or after the commit, or in its search. */
const dying = (on: DocumentStore, step: number, after: boolean): DocumentStore => {
  let steps = 0;
  return Object.assign(Object.create(on) as DocumentStore, {
    transact: async (decide: Parameters<DocumentStore['transact']>[0]) => {
      const dies = (steps += 1) === step;
      if (dies && !after) throw new StoreFault('unavailable', 'killed before the commit');
      const outcome = await on.transact(decide);
      if (dies) throw new StoreFault('unavailable', 'killed after the commit');
      return outcome;
    },
  });
};

it('counts every upload once, wherever workers die, however many run, and when commits are not heard of', async () => {
  const worker = fc.record({
    step: fc.integer({ min: 1, max: 4 }),
    after: fc.boolean(),
    forgets: fc.boolean(),
  });
  const hours = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(hours, fc.array(worker, { maxLength: 4 }), async (counts, workers) => {
      const start = clock.now();
      // Two pages at least, so that a worker can die between them.
      const many = counts.flatMap((n) => Array.from({ length: 101 }, () => start + n * HOUR));
      const deltas = [start, ...many].map((hour) => aDelta({ hour }));
      for (let n = 0; n < deltas.length; n += 400) await upload(...deltas.slice(n, n + 400));
      clock.advance(4 * HOUR);
      // Pairs of workers at once; those that die leave the rest to the next.
      await Promise.allSettled(
        workers.map(async ({ step, after, forgets }) => {
          await fold(dying(forgets ? forgetful(store) : store, step, after));
        }),
      );
      await Promise.all([fold(), fold()]);
      const { foldedUntil, hours: all } = await read();
      const folded = all.filter(({ hour }) => hour >= start);
      expect(foldedUntil).toBe(start + 4 * HOUR);
      expect(folded.reduce((sum, { ios }) => sum + ios, 0)).toBe(deltas.length);
      expect(folded.reduce((sum, { keys }) => sum + keys, 0)).toBe(3 * deltas.length);
      expect([await unfolded(), late]).toEqual([0, 0]);
    }),
    { numRuns: 12 },
  );
});

describe('totals past retention', () => {
  beforeEach(async () => {
    await upload(aDelta({ hour: NOON }));
    clock.advance(HOUR);
    await fold();
  });
  /** The end of the day of NOON. */
  const END = NOON + 12 * HOUR;

  it('are read by nobody, deleted or not, as whole UTC days', async () => {
    clock.set(unixMillis(END + RETENTION - 1));
    expect((await read()).hours).toHaveLength(1);
    clock.advance(1);
    expect((await read()).hours).toEqual([]);
  });
});

describe('what waits to be folded where nothing ever was', () => {
  it('is told by its oldest hour, so that whoever reads sees whether it waits for too long', async () => {
    expect(await read()).toEqual({ foldedUntil: undefined, waitingSince: undefined, hours: [] });
    await upload(aDelta({ hour: NOON + HOUR }), aDelta(), aDelta({ hour: NOON + 2 * HOUR }));
    expect(await read()).toEqual({ foldedUntil: undefined, waitingSince: NOON, hours: [] });
  });

  it('is looked at by a hundred counts, however many there are', async () => {
    await upload(...Array.from({ length: 150 }, (_, n) => aDelta({ hour: NOON + n * HOUR })));
    const { waitingSince = Infinity } = await read();
    expect(waitingSince).toBeLessThan(NOON + 50 * HOUR + 1);
  });

  it('is told no more once an hour is folded', async () => {
    await upload(aDelta());
    clock.advance(HOUR);
    await fold();
    expect(await read()).not.toHaveProperty('waitingSince');
  });
});
