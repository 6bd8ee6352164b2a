import { impatient, machine } from '../support/machine.ts';
import { type DocumentStore, MAX_WRITES } from '@keyserver/docstore';
import type {
  ExportBatch,
  ExportConfig,
  ExportFile,
  ExportStore,
  Frozen,
} from '@keyserver/export-file';
import { type KeyBatch, keyHex, unpackRecords } from '@keyserver/exposure-keys';
import { openFirestoreStore } from '@keyserver/firestore';
import {
  type Cell,
  type CellContents,
  type KeyDocument,
  MIN_REVISED,
  type Revise,
  type SettleDeps,
  settleCells,
} from '@keyserver/padding';
import { systemRandom } from '@keyserver/random';
import {
  batchOf,
  cellStore,
  exportBatches,
  exportConfigDocument,
  exportConfigs,
  exportStore,
  keyBatches,
  leaseStore,
  padRevised,
  storeUploads,
  totalDeltas,
} from '@keyserver/stores';
import { DAY, HOUR, simulatedClock, unixMillis } from '@keyserver/time';
import {
  NOON,
  SETTINGS,
  aKey,
  aKeyUntil,
  anUpload,
  exportIndexes,
  exportProgress,
  padBegun,
  padCells,
  padPlans,
  recordsOf,
} from '@keyserver/stores/testing';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';

/** Every call of the client that a step of the key server is made of. */
const METHODS = ['BatchGetDocuments', 'RunQuery', 'Commit'] as const;
const MOMENTS = ['before', 'after'] as const;
const PATIENCE = 120_000;

const clock = simulatedClock(NOON);
const PROJECT = 'outcomes';
let server: FirestoreStandIn;
let databases = 0;

const newDatabase = (): string => `d${(databases += 1)}`;
const nameOf = (database: string): string => `projects/${PROJECT}/databases/${database}`;

beforeAll(async () => {
  server = await startFirestoreStandIn({ now: clock.now });
});
afterAll(async () => {
  await server.close();
});

async function withStore<T>(
  databaseId: string,
  use: (store: DocumentStore) => Promise<T>,
): Promise<T> {
  const store = await openFirestoreStore({
    ...machine,
    ...{ projectId: PROJECT, databaseId, emulatorHost: server.address },
    ...{ clock, random: impatient },
  });
  try {
    return await use(store);
  } finally {
    server.faults.clear();
    await store.close();
  }
}

/** A step over an empty database: what comes before it, the step, and everything that it must have done once. */
interface Step<P, T> {
  prepare(store: DocumentStore): Promise<P>;
  run(store: DocumentStore, prepared: P): Promise<T>;
  done(store: DocumentStore): Promise<unknown>;
}

interface Played<T> {
  readonly result: T;
  readonly done: unknown;
  readonly calls: Readonly<Record<string, number>>;
}

/** What comes before a step, in a database that is copied each time that the step is played. */
interface Prepared<P, T> {
  readonly step: Step<P, T>;
  readonly database: string;
  readonly prepared: P;
}

async function play<P, T>(
  { step, database, prepared }: Prepared<P, T>,
  disturb: () => void,
): Promise<Played<T>> {
  const copy = newDatabase();
  server.copy(nameOf(database), nameOf(copy));
  return await withStore(copy, async (store) => {
    const before = METHODS.map((method) => server.faults.calls(method));
    disturb();
    const result = await step.run(store, prepared);
    const calls = METHODS.map((method, n) => [method, server.faults.calls(method) - before[n]!]);
    server.faults.clear();
    const made = Object.fromEntries(calls) as Record<string, number>;
    return { result, done: await step.done(store), calls: made };
  });
}

/** Cuts the connection at each call of each kind in turn, before and after the server has done its work. */
async function expectUnmoved<P, T>(step: Step<P, T>): Promise<number> {
  const database = newDatabase();
  const played = { step, database, prepared: await withStore(database, step.prepare) };
  const { result, done, calls } = await play(played, () => undefined);
  let cuts = 0;
  for (const method of METHODS)
    for (const when of MOMENTS)
      for (let after = 0; after < calls[method]!; after++) {
        const cut = await play(played, () => {
          server.faults.cut({ method, when, times: 1, after });
        });
        const where = { method, when, after };
        expect({ ...where, result: cut.result, done: cut.done }).toEqual({
          ...where,
          result,
          done,
        });
        cuts += 1;
      }
  return cuts;
}

async function all<D>(
  store: DocumentStore,
  from: Parameters<typeof store.pages<D>>[0],
): Promise<D[]> {
  const found: D[] = [];
  for await (const page of store.pages(from, {})) found.push(...page.map(({ value }) => value));
  return found;
}

const CONFIG: ExportConfig = {
  ...{ id: 'us', bucket: 'exports', filenameRoot: 'us', period: HOUR, outputRegion: 'US' },
  ...{ inputRegions: [], excludeRegions: [], includeTravelers: true, onlyNonTravelers: false },
  ...{ from: unixMillis(0), thru: undefined, signingKeys: ['k1'], minRecords: 10 },
  ...{ paddingRange: 0, maxRecords: 1000, padEmpty: false },
};
const PLANS = { span: DAY, keepMs: 74 * DAY } as const;
/** Three batches are due, as the newest window has just been closed. */
const COVERED = unixMillis(NOON - 4 * HOUR);
const DUE = { minWindowAge: HOUR, limit: 3 };
const exportsOf = (store: DocumentStore): ExportStore =>
  exportStore(store, {
    ...{ random: systemRandom, keys: SETTINGS, windows: SETTINGS.windows },
    ...PLANS,
  });
const LEASE = { lengthMs: 60_000, wants: () => true };

async function configured(store: DocumentStore): Promise<void> {
  await store.transact(async (tx) => {
    tx.set(exportConfigs, CONFIG.id, exportConfigDocument(CONFIG));
    tx.set(exportProgress, CONFIG.id, { coveredUntil: COVERED });
    await Promise.resolve();
  });
}

/** Reads what the index may name, which keeps it from then on. */
const indexed = async (store: DocumentStore) =>
  await exportsOf(store).listings.indexed('us', unixMillis(NOON - 14 * DAY));

async function leased(store: DocumentStore): Promise<ExportBatch> {
  await configured(store);
  await exportsOf(store).cutBatches('us', DUE);
  await indexed(store);
  const batch = await exportsOf(store).queue.lease(LEASE);
  if (batch === undefined) throw new Error('no batch could be leased');
  return batch;
}

const FROZEN: Frozen = { generated: 'ab', signers: [], maxRecords: 1000, encoder: 'v1' };
const FREEZE = { attempt: 0, frozen: FROZEN };

/** What is known of every batch, but for names that are drawn anew in each run, and what the index keeps of them. */
async function batchStates(store: DocumentStore): Promise<unknown> {
  const found = await all(store, exportBatches);
  const batches = found.map((document, n) => {
    const { state, start, end, fence, files, frozen } = batchOf(String(n), document);
    return { state, start, end, fence, files, frozen };
  });
  const kept = await all(store, exportIndexes);
  const indexes = kept.map(({ coveredUntil, open, batches: listed }) => ({
    ...{ coveredUntil, open, listed },
  }));
  return { batches, indexes };
}

const CELL: Cell = {
  ...{ id: 'a-cell', kind: 'primary', start: COVERED, end: NOON, readers: ['us'] },
  ...{ floor: 10, range: 0, padEmpty: false },
};

/** Generated documents of one key each. */
const documentsOf = (count: number): readonly KeyDocument[] =>
  Array.from({ length: count }, (_, n) => ({
    ...{ window: COVERED, regions: ['US'], traveler: false, app: 'app', authority: undefined },
    records: recordsOf(aKey(n)),
  }));

/** Settles a cell as a worker does, which reads its batch again until it can. */
async function untilSettled(deps: SettleDeps, contents: CellContents): Promise<number | undefined> {
  const { signal } = new AbortController();
  for (;;) {
    const settled = await settleCells(deps, [contents], { again: false, signal });
    if (typeof settled !== 'string') return settled.length;
    if (settled === 'overtaken') return undefined;
  }
}

/**
 * Every step of settling: it is looked up whether the cell is settled, the cell is begun, its documents are written in two
 * transactions, and the attempt is named. How many documents it is settled with.
 */
async function settleOnce(store: DocumentStore): Promise<number | undefined> {
  const cells = cellStore(store, { ...PLANS, keys: SETTINGS, random: systemRandom });
  const generator = async () => await Promise.resolve(() => documentsOf(MAX_WRITES + 1));
  const contents = {
    ...{ cell: CELL, localKeys: 0, localDocuments: 0, isEmpty: false, documents: [] },
    generated: new Map<string, never>(),
  };
  const revisions = async () => await Promise.reject(new Error('nobody revised anything'));
  const deps = { cells, generator, revisions, random: systemRandom };
  return await untilSettled(deps, contents);
}

const REVISED_CELL: Cell = { ...CELL, id: 'revised', kind: 'revision' };

/** Every step of settling a cell in which one document was revised: others are claimed, one in its own transaction and then the rest. */
async function settleRevisions(store: DocumentStore): Promise<number | undefined> {
  const cells = cellStore(store, { ...PLANS, keys: SETTINGS, random: systemRandom });
  const published = documentsOf(2 * MIN_REVISED).map((one, n): KeyBatch => ({
    ...{ ...one, window: unixMillis(COVERED - HOUR), id: `generated-${n}` },
    ...{ kind: 'primary', origin: 'padding', sourceId: 'settled/attempt' },
  }));
  const revisions = async (): Promise<Revise> =>
    await Promise.resolve({
      candidates: async function* () {
        yield await Promise.resolve(published);
      },
      revise: (_, from, count) =>
        from.slice(0, count).map((one) => ({
          of: one.id,
          document: { ...one, app: one.id, window: COVERED },
        })),
      onShortage: () => {
        throw new Error('there are enough');
      },
    });
  const contents = {
    ...{ cell: REVISED_CELL, localKeys: 1, localDocuments: 1, isEmpty: false, documents: [] },
    generated: new Map<string, never>(),
  };
  const generator = async () => await Promise.reject(new Error('nothing new is generated'));
  const deps = { cells, generator, revisions, random: systemRandom };
  return await untilSettled(deps, contents);
}

describe('a connection that is cut at any moment, with an outcome that nobody knows', () => {
  it(
    'leaves an upload stored once, counted once, and answered as the first attempt would have been',
    async () => {
      const upload = anUpload([aKey(1), aKey(2), aKeyUntil(3, unixMillis(NOON + 2 * HOUR))]);
      const cuts = await expectUnmoved({
        prepare: async () => {
          await Promise.resolve();
        },
        run: async (store) => await storeUploads(store, SETTINGS, systemRandom)(upload),
        done: async (store) => ({
          keys: (await all(store, keyBatches))
            .flatMap(({ window, records }) =>
              unpackRecords(records).map(({ data }) => `${window} ${keyHex(data)}`),
            )
            .sort(),
          counted: (await all(store, totalDeltas)).length,
        }),
      });
      expect(cuts).toBeGreaterThan(4);
    },
    PATIENCE,
  );

  it(
    'gives a lease to the one who asked, under its first fence',
    async () => {
      const cuts = await expectUnmoved({
        prepare: async () => {
          await Promise.resolve();
        },
        run: async (store) => {
          const lease = await leaseStore(store, systemRandom).acquire('job', 60_000);
          return lease?.fence;
        },
        done: async (store) => await leaseStore(store, systemRandom).acquire('job', 60_000),
      });
      expect(cuts).toBeGreaterThan(2);
    },
    PATIENCE,
  );

  it(
    'leases one batch of the queue',
    async () => {
      const cuts = await expectUnmoved({
        prepare: async (store) => {
          await configured(store);
          await exportsOf(store).cutBatches('us', DUE);
        },
        run: async (store) => (await exportsOf(store).queue.lease(LEASE))?.start,
        done: batchStates,
      });
      expect(cuts).toBeGreaterThan(2);
    },
    PATIENCE,
  );

  it(
    'freezes a batch once',
    async () => {
      const cuts = await expectUnmoved({
        prepare: leased,
        run: async (store, batch) => (await exportsOf(store).work.freeze(batch, FREEZE)).kind,
        done: batchStates,
      });
      expect(cuts).toBeGreaterThan(2);
    },
    PATIENCE,
  );

  it(
    'finishes a batch once',
    async () => {
      const files: ExportFile[] = [{ name: 'us/1-2-00001.zip', digest: 'ab'.repeat(32), keys: 3 }];
      const cuts = await expectUnmoved({
        prepare: leased,
        run: async (store, batch) =>
          await exportsOf(store).work.finish(batch, { state: 'stored', files }),
        done: batchStates,
      });
      expect(cuts).toBeGreaterThan(2);
    },
    PATIENCE,
  );

  it(
    'lists a batch once, and keeps its index with it',
    async () => {
      const files: ExportFile[] = [{ name: 'us/1-2-00001.zip', digest: 'ab'.repeat(32), keys: 3 }];
      const cuts = await expectUnmoved({
        prepare: async (store) => {
          const batch = await leased(store);
          await exportsOf(store).work.finish(batch, { state: 'stored', files });
        },
        run: async (store) => {
          const { batches } = await indexed(store);
          await exportsOf(store).listings.markListed(batches);
          return batches.length;
        },
        done: batchStates,
      });
      expect(cuts).toBeGreaterThan(4);
    },
    PATIENCE,
  );

  it(
    'derives an index once',
    async () => {
      const cuts = await expectUnmoved({
        prepare: async (store) => {
          await configured(store);
          await exportsOf(store).cutBatches('us', DUE);
        },
        run: async (store) => (await indexed(store)).batches.length,
        done: batchStates,
      });
      expect(cuts).toBeGreaterThan(4);
    },
    PATIENCE,
  );

  it(
    'moves the cursor of an export together with its batches',
    async () => {
      const cuts = await expectUnmoved({
        prepare: async (store) => {
          await configured(store);
          await exportsOf(store).cutBatches('us', { ...DUE, limit: 1 });
          await indexed(store);
        },
        run: async (store) => {
          await exportsOf(store).cutBatches('us', DUE);
        },
        done: async (store) => ({
          ...{ states: await batchStates(store), plans: await all(store, padPlans) },
          progress: await all(store, exportProgress),
        }),
      });
      expect(cuts).toBeGreaterThan(2);
    },
    PATIENCE,
  );

  it(
    'settles a cell once, with all documents of one attempt, whatever was written before',
    async () => {
      const cuts = await expectUnmoved({
        prepare: async () => {
          await Promise.resolve();
        },
        run: settleOnce,
        done: async (store) => {
          const [settled] = await all(store, padCells);
          const sources = (await all(store, keyBatches)).map(({ sourceId }) => sourceId);
          const named = `${CELL.id}/${settled!.attempt}`;
          return {
            begun: (await all(store, padBegun)).length,
            documents: settled!.documents,
            named: sources.filter((source) => source === named).length,
            others: sources.filter((source) => source !== named).length,
          };
        },
      });
      expect(cuts).toBeGreaterThan(10);
    },
    PATIENCE,
  );

  it(
    'revises as many generated documents as are needed, each claimed before, in one attempt',
    async () => {
      const cuts = await expectUnmoved({
        prepare: async () => {
          await Promise.resolve();
        },
        run: settleRevisions,
        done: async (store) => {
          const [settled] = await all(store, padCells);
          const revised = await all(store, keyBatches);
          const found = await store.get(
            padRevised,
            revised.map(({ app }) => app),
          );
          return {
            documents: settled!.documents,
            sources: [...new Set(revised.map(({ sourceId }) => sourceId))].length,
            revised: new Set(revised.map(({ app }) => app)).size,
            unclaimed: found.filter((claim) => claim === undefined).length,
          };
        },
      });
      expect(cuts).toBeGreaterThan(10);
    },
    PATIENCE,
  );
});
