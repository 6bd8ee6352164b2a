import type { DocumentStore, Transaction } from '@keyserver/docstore';
import type { ExportBatch, ExportConfig, IndexedBatch, Listing } from '@keyserver/export-file';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { systemRandom } from '@keyserver/random';
import {
  DAY,
  HOUR,
  MINUTE,
  type SimulatedClock,
  alwaysWindow,
  simulatedClock,
  unixMillis,
  windowLength,
} from '@keyserver/time';
import fc from 'fast-check';
import { exportConfigDocument, exportConfigs } from './configuration.ts';
import { exportBatches, exportProgress } from './export-batch-document.ts';
import { exportIndexes } from './export-index-document.ts';
import { exportStore } from './export-store.ts';

const NOON = unixMillis(Date.UTC(2026, 0, 15, 12));
const RETENTION = 14 * DAY;

const US: ExportConfig = {
  ...{ id: 'us', bucket: 'exports', filenameRoot: 'us', period: HOUR, outputRegion: 'US' },
  ...{ inputRegions: [], excludeRegions: [], includeTravelers: true, onlyNonTravelers: false },
  ...{ from: unixMillis(0), thru: undefined, signingKeys: ['k1'], minRecords: 10 },
  ...{ paddingRange: 0, maxRecords: 1000, padEmpty: false },
};

let clock: SimulatedClock;
let store: DocumentStore;
/** Whether a program that knows of no index documents has been at work. */
let foreign: boolean;

const openStore = async (): Promise<void> => {
  clock = simulatedClock(NOON);
  store = await openTestStore({ clock });
  foreign = false;
  await configure(US);
  await write((tx) => {
    tx.set(exportProgress, 'us', { coveredUntil: NOON - 6 * HOUR });
  });
};
beforeEach(openStore);
afterEach(closeTestStores);

async function configure(config: ExportConfig): Promise<void> {
  await write((tx) => {
    tx.set(exportConfigs, config.id, exportConfigDocument(config));
  });
}

async function write(decide: (tx: Transaction) => void): Promise<void> {
  await store.transact(async (tx) => {
    decide(tx);
    await Promise.resolve();
  });
}

const exportsOf = (over = store) =>
  exportStore(over, {
    random: systemRandom,
    keys: { retention: RETENTION },
    windows: () => alwaysWindow(windowLength(HOUR)!),
    span: DAY,
    keepMs: 74 * DAY,
  });

/** Cuts as many hours as have passed, up to so many. */
async function cut(most: number, over = store): Promise<void> {
  const { cutBatches } = exportsOf(over);
  for (let left = most, more = true; more && left > 0;) {
    const cut = await cutBatches('us', { minWindowAge: MINUTE, limit: left });
    left -= Math.max(cut.created, 1);
    ({ more } = cut);
  }
}

const LEASE = { lengthMs: MINUTE, wants: () => true };

/** Finishes the n-th batch that is open, with so many files. */
async function finish(n: number, files: number, over = store): Promise<void> {
  const { queue, work } = exportsOf(over);
  let passed = 0;
  const batch = await queue.lease({ ...LEASE, wants: () => passed++ === n });
  if (batch === undefined) return;
  const names = Array.from({ length: files }, (_, m) => `${batch.id}-${m}.zip`);
  await work.finish(
    batch,
    files === 0
      ? { state: 'empty' }
      : { state: 'stored', files: names.map((name) => ({ name, digest: 'ab', keys: 3 })) },
  );
}

/** Finishes all open batches but the last ones, in one step. */
async function finishAllBut(last: number): Promise<void> {
  await store.transact(async (tx) => {
    const open = await tx.find(exportBatches, {
      where: { config: 'us', state: 'open' },
      order: { by: 'end' },
    });
    for (const { id, value } of open.slice(0, -last)) {
      const files = [{ name: `us/${value.start}-${value.end}-00001.zip`, digest: 'ab', keys: 3 }];
      tx.set(exportBatches, id, { ...value, state: 'complete', files });
    }
  });
}

const sinceNow = () => unixMillis(clock.now() - RETENTION);

/** Writes an index, as far as the store has part in it. */
async function list(over = store): Promise<void> {
  const { listings } = exportsOf(over);
  const { batches, expired } = await listings.indexed('us', sinceNow());
  await listings.markListed([...batches, ...expired]);
}

const idsOf = ({ batches, expired, heldBackBy }: Listing<ExportBatch | IndexedBatch>) => ({
  batches: batches.map(({ id, state }) => `${id} ${state}`),
  expired: expired.map(({ id }) => id).toSorted(),
  heldBackBy: heldBackBy?.id,
});

/** An index as it is, which must be what all batches together say. */
async function expectTrue(since = sinceNow()): Promise<Listing> {
  const { listings } = exportsOf();
  const indexed = await listings.indexed('us', since);
  const all = await listings.listing('us', since);
  // Whatever waits for an open batch may have been finished without the index until that batch is finished too.
  if (foreign) expect(idsOf(indexed).batches).toEqual(idsOf(all).batches);
  else expect(idsOf(indexed)).toEqual(idsOf(all));
  expect(indexed.batches.map(({ names }) => names)).toEqual(
    all.batches.map(({ files }) => files.map(({ name }) => name)),
  );
  return indexed;
}

/** A store that counts the documents which are read. */
function counting(): { readonly over: DocumentStore; readonly reads: () => number } {
  let reads = 0;
  const over: DocumentStore = {
    ...store,
    now: async () => await store.now(),
    get: async (from, ids) => {
      reads += ids.length;
      return await store.get(from, ids);
    },
    pages: async function* (from, query, size) {
      for await (const page of store.pages(from, query, size)) {
        reads += page.length;
        yield page;
      }
    },
    // All that is asked for is kept; nothing has to be derived in a transaction.
    transact: async () => await Promise.reject(new Error('no transaction is needed')),
  };
  return { over, reads: () => reads };
}

/** A store whose transactions commit, lose the answer, and run again. */
const forgetful = (): DocumentStore => ({
  ...store,
  now: async () => await store.now(),
  pages: (from, query, size) => store.pages(from, query, size),
  get: async (from, ids) => await store.get(from, ids),
  transact: async <T>(decide: (tx: Transaction) => Promise<T>): Promise<T> => {
    await store.transact(decide);
    return await store.transact(decide);
  },
});

const kept = async () => (await store.get(exportIndexes, ['us']))[0];
const forget = async (): Promise<void> => {
  await write((tx) => {
    tx.delete(exportIndexes, 'us');
  });
};

/** Steps of a server, and of one beside it that knows of no index documents. */
const STEPS: Readonly<Record<string, (n: number) => Promise<void>>> = {
  cut: async (n) => {
    await cut(n + 1);
  },
  finish: async (n) => {
    await finish(n % 3, n % 4);
  },
  finishTwice: async (n) => {
    await finish(0, n % 3, forgetful());
  },
  cutTwice: async (n) => {
    await cut(n + 1, forgetful());
  },
  list: async () => {
    await list();
  },
  listTwice: async () => {
    await list(forgetful());
  },
  forget,
  lookFurtherBack: async () => {
    await expectTrue(unixMillis(sinceNow() - 7 * DAY));
  },
  moveOn: async (n) => {
    clock.advance(n * HOUR);
    await Promise.resolve();
  },
  moveFarOn: async (n) => {
    clock.advance(n * DAY);
    await Promise.resolve();
  },
  older: async (n) => {
    foreign = true;
    const before = await kept();
    await (n % 3 === 0 ? cut(n + 1) : finish(n % 2, n % 4));
    if (before !== undefined)
      await write((tx) => {
        tx.set(exportIndexes, 'us', before);
      });
  },
};

describe('the index that is kept of an export', () => {
  it('says what all batches say, whatever is done to them and by whom', async () => {
    const step = fc.record({ kind: fc.constantFrom(...Object.keys(STEPS)), n: fc.nat(9) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        await openStore();
        await cut(3);
        for (const { kind, n } of steps) {
          await STEPS[kind]!(n);
          await expectTrue();
        }
        await closeTestStores();
      }),
      { numRuns: 40 },
    );
  });

  it('costs a handful of reads, with the batches of two weeks and one that is at work', async () => {
    clock.advance(14 * DAY - 8 * HOUR);
    await cut(340);
    await finishAllBut(1);
    await expectTrue();
    await exportsOf().queue.lease(LEASE);
    const { over, reads } = counting();
    const { batches } = await exportsOf(over).listings.indexed('us', sinceNow());
    expect(batches.length).toBeGreaterThan(320);
    expect(reads()).toBe(3);
    await exportsOf(over).listings.listing('us', sinceNow());
    expect(reads()).toBeGreaterThan(320);
    const { length } = JSON.stringify(await kept());
    expect(length / batches.length).toBeLessThan(220);
  });

  it('is derived once for a store that has none', async () => {
    await cut(3);
    await finish(0, 2);
    expect(await kept()).toBeUndefined();
    expect((await expectTrue()).batches).toHaveLength(1);
    const derived = await kept();
    expect(derived).toMatchObject({ open: [{}, {}], batches: [{ state: 'stored' }] });
    await expectTrue();
    expect(await kept()).toEqual(derived);
  });

  it('goes on through a cut, which does not make it derived anew', async () => {
    await cut(3);
    await expectTrue();
    await cut(2);
    expect(await kept()).toMatchObject({ coveredUntil: NOON - HOUR, open: [{}, {}, {}, {}, {}] });
    await expectTrue();
  });

  it('is not kept when it is too large for a document, and right nevertheless', async () => {
    await cut(3);
    await expectTrue();
    await configure({ ...US, filenameRoot: 'x'.repeat(800) });
    const long = 'x'.repeat(800);
    for (let n = 0; n < 2; n++) {
      const batch = (await exportsOf().queue.lease(LEASE))!;
      const files = Array.from({ length: 450 }, (_, m) => ({
        ...{ name: `${long}-${n}-${m}`, digest: 'ab', keys: 3 },
      }));
      await exportsOf().work.finish(batch, { state: 'stored', files });
    }
    expect(await kept()).toBeUndefined();
    expect((await expectTrue()).batches).toHaveLength(2);
    expect(await kept()).toBeUndefined();
    await list();
    expect((await expectTrue()).batches.map(({ state }) => state)).toEqual([
      'complete',
      'complete',
    ]);
  });

  it('lets go of what is past its reach, but of nothing that was never listed', async () => {
    await cut(6);
    await finish(0, 1);
    await list();
    await finish(0, 1);
    clock.advance(30 * DAY);
    await finish(0, 1);
    expect((await kept())?.batches.map(({ state }) => state)).toEqual(['stored', 'stored']);
    expect((await expectTrue()).expired).toHaveLength(2);
    await list();
    expect((await expectTrue()).expired).toEqual([]);
  });

  it('forgets batches that vanished before they were listed', async () => {
    await cut(2);
    await finish(0, 1);
    await expectTrue();
    await store.deleteAll(exportBatches, {});
    clock.advance(80 * DAY);
    await list();
    await list();
    expect(await exportsOf().listings.indexed('us', sinceNow())).toMatchObject({ expired: [] });
  });

  it('is not believed when the export was cut back or on without it', async () => {
    await cut(3);
    await finish(0, 1);
    await expectTrue();
    await write((tx) => {
      tx.set(exportProgress, 'us', { coveredUntil: NOON - 6 * HOUR });
    });
    expect((await expectTrue()).batches).toEqual([]);
  });

  it('is empty for an export that was never cut', async () => {
    expect(await exportsOf().listings.indexed('nobody', sinceNow())).toEqual({
      batches: [],
      expired: [],
      heldBackBy: undefined,
    });
  });
});
