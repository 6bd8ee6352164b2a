import { BATCH_STATES } from '@keyserver/export-file';
import {
  type Collection,
  type DocumentStore,
  MAX_TRANSACTION_BYTES,
  MAX_WRITES,
  type Transaction,
  writtenBytes,
} from '@keyserver/docstore';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { DAY, HOUR, simulatedClock, unixMillis, windowLength } from '@keyserver/time';
import { systemRandom } from '@keyserver/random';
import { exportConfigDocument, exportConfigs } from './configuration.ts';
import { exportBatches, exportProgress, openBatch } from './export-batch-document.ts';
import { exportIndexes } from './export-index-document.ts';
import { leases } from './lease-store.ts';
import { openStoreFormat } from './open-store-format.ts';
import { partnerVersions, versionId } from './padding-documents.ts';
import { openUnit, partnerProgress, partnerUnits } from './partner-unit-document.ts';
import { partnerDocument, partners } from './partners.ts';
import { isAnythingAhead, undoAllAhead } from './reset-time.ts';
import { aPaddedPartner } from './testing/a-partner.ts';
import { NOON } from './testing/uploads.ts';

const CONFIG = {
  ...{ id: 'us', bucket: 'exports', filenameRoot: 'us', period: HOUR, outputRegion: 'US' },
  ...{ inputRegions: [], excludeRegions: [], includeTravelers: true, onlyNonTravelers: false },
  ...{ from: unixMillis(0), thru: undefined, signingKeys: ['k1'], minRecords: 10 },
  ...{ paddingRange: 0, maxRecords: 1000, padEmpty: false },
};
type Batch = ReturnType<typeof openBatch>;

let store: DocumentStore;
beforeEach(async () => {
  store = await openTestStore({ clock: simulatedClock(NOON) });
});
afterEach(closeTestStores);

const write = async (decide: (tx: Transaction) => void): Promise<void> => {
  await store.transact(async (tx) => {
    await Promise.resolve();
    decide(tx);
  });
};

const batchEnding = (config: string, hour: number): Batch => {
  const end = unixMillis(NOON + hour * HOUR);
  return openBatch({ ...CONFIG, id: config }, { start: unixMillis(end - HOUR), end }, 2 ** 42);
};

/** Exports that were cut into batches which end so many hours from noon on. */
async function cut(
  ids: readonly string[],
  hours: readonly number[],
  overrides: Partial<Batch> = {},
): Promise<void> {
  const coveredUntil = NOON + Math.max(...hours) * HOUR;
  const index = { coveredUntil, reach: DAY, since: 0, open: [], batches: [] };
  await inParts(ids, (tx, id) => {
    tx.set(exportConfigs, id, exportConfigDocument({ ...CONFIG, id }));
    tx.set(exportProgress, id, { coveredUntil });
    tx.set(exportIndexes, id, index);
  });
  const batches = ids.flatMap((id) => hours.map((hour) => ({ id, hour })));
  await inParts(batches, (tx, { id, hour }) => {
    const batch = { ...batchEnding(id, hour), ...overrides };
    tx.set(exportBatches, `${id}-${String(hour)}`, batch);
  });
}

async function inParts<T>(all: readonly T[], put: (tx: Transaction, one: T) => void) {
  const most = 8;
  for (let from = 0; from < all.length; from += most)
    await write((tx) => {
      for (const one of all.slice(from, from + most)) put(tx, one);
    });
}

const idsIn = async (from: Collection<object>): Promise<readonly string[]> => {
  const ids: string[] = [];
  for await (const page of store.pages(from, {})) ids.push(...page.map(({ id }) => id));
  return ids.toSorted();
};
const covered = async (id: string) => (await store.get(exportProgress, [id]))[0]?.coveredUntil;
const undo = async (transact: DocumentStore['transact'] = store.transact.bind(store)) =>
  await undoAllAhead(transact);
const isAhead = async () => await store.transact(isAnythingAhead);
const ids = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `e${String(n).padStart(3, '0')}`);

/** Runs transactions, and notes how many documents each changes, and how many bytes are written and deleted by it. */
function weighing(): {
  readonly transact: DocumentStore['transact'];
  readonly weighed: { readonly writes: number; readonly bytes: number }[];
} {
  const weighed: { writes: number; bytes: number }[] = [];
  return {
    weighed,
    transact: async (decide) =>
      await store.transact(async (tx) => {
        const weights: Promise<number>[] = [];
        const noting: Pick<Transaction, 'set' | 'delete'> = {
          set: (into, id, value) => {
            weights.push(Promise.resolve(writtenBytes(into, id, value)));
            tx.set(into, id, value);
          },
          delete: (from, id) => {
            weights.push(storedBytes(from, id));
            tx.delete(from, id);
          },
        };
        const result = await decide(Object.assign(Object.create(tx) as Transaction, noting));
        const bytes = (await Promise.all(weights)).reduce((sum, each) => sum + each, 0);
        weighed.push({ writes: weights.length, bytes });
        return result;
      }),
  };
}

async function storedBytes<D>(from: Collection<D>, id: string): Promise<number> {
  const [stored] = await store.get(from, [id]);
  return stored === undefined ? 0 : writtenBytes(from, id, stored);
}

describe('bringing back what is ahead of the present', () => {
  it('removes the batches that end later, and brings the export back before them', async () => {
    await cut(['us'], [0, 1, 2]);
    expect(await isAhead()).toBe(true);
    expect(await undo()).toBe(2);
    expect(await idsIn(exportBatches)).toEqual(['us-0']);
    expect(await covered('us')).toBe(NOON);
    expect(await idsIn(exportIndexes)).toEqual([]);
    expect(await isAhead()).toBe(false);
  });

  it('removes the units that end later, and brings partners and their versions back', async () => {
    const partner = aPaddedPartner({ unit: HOUR });
    const unitAt = (hour: number, leaseExpires: number) => {
      const [start, end] = [NOON + (hour - 1) * HOUR, NOON + hour * HOUR].map(unixMillis);
      return { ...openUnit(partner, { start: start!, end: end! }, 2 ** 42), leaseExpires };
    };
    await write((tx) => {
      tx.set(partners, partner.id, partnerDocument(partner));
      tx.set(partnerProgress, partner.id, { coveredUntil: NOON + 2 * HOUR });
      tx.set(partnerUnits, 'n-0', unitAt(0, NOON + DAY));
      tx.set(partnerUnits, 'n-1', unitAt(1, 0));
      tx.set(partnerUnits, 'n-2', { ...unitAt(2, 0), state: 'settled' });
    });
    expect(await isAhead()).toBe(true);
    expect(await undo()).toBe(2);
    expect(await idsIn(partnerUnits)).toEqual(['n-0']);
    expect(await store.get(partnerProgress, ['neighbour'])).toEqual([{ coveredUntil: NOON }]);
    expect((await store.get(partnerUnits, ['n-0']))[0]?.leaseExpires).toBeLessThanOrEqual(NOON);
    expect(await isAhead()).toBe(false);
    const version = { from: unixMillis(NOON + 12 * HOUR + DAY), config: partner };
    await write((tx) => {
      const { from } = version;
      tx.set(partnerVersions, versionId(version), { partner: partner.id, from, settings: partner });
    });
    expect(await isAhead()).toBe(true);
    await undo();
    const kept = { ...version, from: unixMillis(NOON + 12 * HOUR) };
    expect(await idsIn(partnerVersions)).toEqual([versionId(kept)]);
    expect(await isAhead()).toBe(false);
  });

  it('leaves an export as it is that has come no further than it may', async () => {
    await cut(['us'], [-1, 0]);
    expect(await isAhead()).toBe(false);
    expect(await undo()).toBe(0);
    expect(await idsIn(exportBatches)).toEqual(['us--1', 'us-0']);
    expect(await covered('us')).toBe(NOON);
    expect(await idsIn(exportIndexes)).toEqual(['us']);
  });

  it.each(BATCH_STATES)('removes batches that are %s', async (state) => {
    await cut(['us'], [1, 2], { state });
    expect(await undo()).toBe(2);
    expect(await idsIn(exportBatches)).toEqual([]);
  });

  it('removes a batch that ends by a millisecond too late', async () => {
    await cut(['us'], [-1, 0, 1 / HOUR]);
    expect(await isAhead()).toBe(true);
    expect(await undo()).toBe(1);
    expect(await covered('us')).toBe(NOON);
    expect(await isAhead()).toBe(false);
  });

  it('brings an export back to the end of the last window that is closed', async () => {
    const window = windowLength(8 * HOUR)!;
    await openStoreFormat(store, { place: 'here', profile: 'production', window }, systemRandom);
    await cut(['us'], [-4, -3, 0]);
    expect(await undo()).toBe(2);
    expect(await covered('us')).toBe(NOON - 4 * HOUR);
  });

  it('brings an export that is not configured any more back to the end of a day', async () => {
    await cut(['us'], [-13, -12, -11, 0]);
    await write((tx) => {
      tx.delete(exportConfigs, 'us');
    });
    expect(await undo()).toBe(2);
    expect(await covered('us')).toBe(NOON - 12 * HOUR);
  });

  it('ends leases that last longer than now, and leaves those that have ended', async () => {
    await cut(['us'], [0]);
    await write((tx) => {
      tx.set(leases, 'ahead', { fence: 3, holder: 'a', expiresAt: NOON + HOUR });
      tx.set(leases, 'ended', { fence: 4, holder: 'b', expiresAt: NOON - HOUR });
    });
    expect(await isAhead()).toBe(true);
    expect(await undo()).toBe(0);
    expect(await store.get(leases, ['ahead', 'ended'])).toEqual([
      { fence: 3, holder: 'a', expiresAt: NOON },
      { fence: 4, holder: 'b', expiresAt: NOON - HOUR },
    ]);
    expect(await isAhead()).toBe(false);
  });

  it('ends leases of batches that last longer than now, and leaves those that have ended', async () => {
    await cut(['ahead'], [0], { fence: 3, leaseExpires: NOON + HOUR });
    await cut(['ended'], [0], { fence: 4, leaseExpires: NOON - HOUR });
    expect(await isAhead()).toBe(true);
    expect(await undo()).toBe(0);
    expect(await store.get(exportBatches, ['ahead-0', 'ended-0'])).toMatchObject([
      { state: 'open', fence: 3, leaseExpires: NOON },
      { state: 'open', fence: 4, leaseExpires: NOON - HOUR },
    ]);
    expect(await isAhead()).toBe(false);
  });

  it('sees a batch that ends later although its export has come no further than it may', async () => {
    await cut(['us'], [0, 1]);
    await write((tx) => {
      tx.set(exportProgress, 'us', { coveredUntil: NOON });
    });
    expect(await isAhead()).toBe(true);
    expect(await undo()).toBe(1);
    expect(await idsIn(exportIndexes)).toEqual([]);
    expect(await isAhead()).toBe(false);
  });
});

describe('files that wait for their deletion', () => {
  it('wait from now on when they were retired in time to come, however many they are', async () => {
    const hours = Array.from({ length: 12 }, (_, n) => -n);
    await cut(['us'], hours, { state: 'retired', retiredAt: NOON + 20 * DAY });
    expect(await isAhead()).toBe(true);
    expect(await undo()).toBe(0);
    expect(await isAhead()).toBe(false);
    for await (const page of store.pages(exportBatches, {}))
      expect(page.map(({ value }) => value.retiredAt)).toEqual(hours.map(() => NOON));
  });

  it('keep the time that has passed since they were retired', async () => {
    await cut(['us'], [0], { state: 'retired', retiredAt: NOON - HOUR });
    expect(await isAhead()).toBe(false);
    await undo();
    expect((await store.get(exportBatches, ['us-0']))[0]?.retiredAt).toBe(NOON - HOUR);
  });
});

describe('bringing back more than one transaction takes', () => {
  it('brings back every export, however many they are', async () => {
    const all = ids(101);
    await cut(all, [1]);
    expect(await undo()).toBe(101);
    expect(await idsIn(exportBatches)).toEqual([]);
    const progress = await store.get(exportProgress, all);
    expect(progress).toEqual(all.map(() => ({ coveredUntil: NOON })));
    expect(await isAhead()).toBe(false);
  });

  it('sees that the last of many exports is ahead', async () => {
    await cut(ids(150), [0]);
    expect(await isAhead()).toBe(false);
    await cut(['last'], [1]);
    expect(await isAhead()).toBe(true);
  });

  it('removes all batches of an export, however many they are', async () => {
    const hours = Array.from({ length: 250 }, (_, n) => n + 1);
    await cut(['us'], hours);
    await cut(['then'], [1]);
    expect(await undo()).toBe(251);
    expect(await idsIn(exportBatches)).toEqual([]);
    expect([await covered('us'), await covered('then')]).toEqual([NOON, NOON]);
  });

  it('ends all leases, however many they are', async () => {
    const names = ids(205);
    await write((tx) => {
      for (const name of names)
        tx.set(leases, name, { fence: 1, holder: 'a', expiresAt: NOON + 1 });
    });
    await cut(names, [0], { leaseExpires: NOON + 1 });
    await undo();
    const held = await store.get(leases, names);
    expect(held.filter((lease) => lease?.expiresAt !== NOON)).toEqual([]);
    for await (const page of store.pages(exportBatches, {}))
      expect(page.filter(({ value }) => value.leaseExpires !== NOON)).toEqual([]);
    expect(await isAhead()).toBe(false);
  });

  it('changes in no transaction more than Firestore takes, also when documents are full', async () => {
    const name = 'x'.repeat(900_000);
    const files = [{ name, digest: '', keys: 1 }];
    const hours = Array.from({ length: 12 }, (_, n) => n - 1);
    await cut(['us'], hours, { files, leaseExpires: NOON + HOUR });
    const { bucket, filenameRoot, signingKeys } = CONFIG;
    const span = { start: unixMillis(NOON), end: unixMillis(NOON + HOUR) };
    const entry = { ...span, state: 'stored', bucket, filenameRoot, signingKeys } as const;
    const batches = [{ ...entry, names: [name], signers: [] }];
    await write((tx) => {
      tx.set(exportIndexes, 'us', { coveredUntil: 0, reach: DAY, since: 0, open: [], batches });
    });
    await cut(
      ['other'],
      Array.from({ length: 600 }, (_, n) => n + 1),
    );
    await cut(ids(10), [0], { files, leaseExpires: NOON + HOUR });
    const { transact, weighed } = weighing();
    expect(await undo(transact)).toBe(610);
    expect(Math.max(...weighed.map(({ writes }) => writes))).toBeLessThanOrEqual(MAX_WRITES);
    expect(Math.max(...weighed.map(({ bytes }) => bytes))).toBeLessThan(MAX_TRANSACTION_BYTES);
    expect(await isAhead()).toBe(false);
  });
});

describe('bringing back that ends before it is done', () => {
  /** Runs so many transactions and dies. */
  const dyingAfter = (steps: number): DocumentStore['transact'] => {
    let left = steps;
    return async (decide) => {
      if (left-- === 0) throw new Error('killed');
      return await store.transact(decide);
    };
  };
  const AHEAD = { leaseExpires: NOON + HOUR };
  const prepare = async (): Promise<void> => {
    const hours = Array.from({ length: 120 }, (_, n) => n - 1);
    await cut(['a', 'b'], hours, AHEAD);
    await write((tx) => {
      tx.set(leases, 'job', { fence: 1, holder: 'a', expiresAt: NOON + HOUR });
    });
  };
  /** Whether every window up to `until` is in a batch, or will be, because its export has not come so far. */
  const isWhole = async (id: string, until: number): Promise<boolean> => {
    const cutAgainFrom = ((await covered(id))! - NOON) / HOUR;
    const kept = await idsIn(exportBatches);
    const hours = Array.from({ length: until + 2 }, (_, n) => n - 1);
    return hours.every((hour) => hour > cutAgainFrom || kept.includes(`${id}-${String(hour)}`));
  };

  it('ends right when it is done again, and passes over no window when it is not', async () => {
    await prepare();
    let removed = 0;
    for (let steps = 0; await isAhead(); steps += 1) {
      const before = (await idsIn(exportBatches)).length;
      await expect(undo(dyingAfter(steps % 13))).rejects.toThrow('killed');
      removed += before - (await idsIn(exportBatches)).length;
      expect([await isWhole('a', 118), await isWhole('b', 118)]).toEqual([true, true]);
    }
    expect(removed).toBe(2 * 118);
    expect(await undo()).toBe(0);
    expect(await idsIn(exportBatches)).toEqual(['a--1', 'a-0', 'b--1', 'b-0']);
    expect([await covered('a'), await covered('b')]).toEqual([NOON, NOON]);
    expect(await store.get(leases, ['job'])).toMatchObject([{ expiresAt: NOON }]);
  });
});
