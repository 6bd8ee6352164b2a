import type { DocumentStore } from '@keyserver/docstore';
import { type BlobStore, type OpenBucket } from '@keyserver/export-file';
import { DEFAULT_KEY_RULES, type KeyBatch, packRecords } from '@keyserver/exposure-keys';
import type { JobReport } from '@keyserver/jobs';
import { type Cell, generatorOf, reviserOf } from '@keyserver/padding';
import { manualTimers } from '@keyserver/time/testing';
import { openTestBucket } from '@keyserver/local/testing';
import { openTestStore } from '@keyserver/sqlite/testing';
import { configuredId } from '@keyserver/log';
import { recordingLog } from '@keyserver/log/testing';
import { randomId } from '@keyserver/random';
import { seededRandom } from '@keyserver/random/testing';
import {
  cellStore,
  exportStore,
  findSigningKeys,
  keyBatchDocument,
  keyBatches,
  keyHasher,
  leaseStore,
  listExports,
  readKeyBatches,
  readPauses,
  readPlans,
  shapeKeeper,
  shapePool,
  type UnitStore,
  unitStore,
  usedSigningKeys,
} from '@keyserver/stores';
import {
  DAY,
  HOUR,
  MINUTE,
  type SimulatedClock,
  type UnixMillis,
  simulatedClock,
  windowLength,
  alwaysWindow,
} from '@keyserver/time';
import { type LateWatch, lateWatch, missingArchives } from '../health.ts';
import { type ScheduledJobsDeps, scheduledJobs } from '../scheduled-jobs.ts';
import { closingWatch } from '../closing-watch.ts';
import { pauseWatch } from '../pause-watch.ts';
import { revisableDocuments } from '../revisable-documents.ts';
import type { SignerDeps } from '../signers.ts';
import {
  type SigningKeyWatch,
  type SigningKeyWatchDeps,
  signingKeyWatch,
} from '../signing-key-watch.ts';
import { NOON, PUBLISHED, aSigningKey, keyNumber } from './export-builders.ts';
import { type FixtureFiles, fail, filesOf } from './fixture-files.ts';
import { type FixtureOperator, type FixtureSigners, operatorOf } from './fixture-operator.ts';
import { type Faults, mortalPorts, recorded } from './mortal-ports.ts';

const WINDOW = windowLength(HOUR) ?? fail('an hour is a window');

async function nothing(): Promise<void> {
  await Promise.resolve();
}

/** A whole export service over a real store and real buckets, and all that stands around it. */
export interface ExportFixture extends FixtureOperator, FixtureFiles {
  readonly store: DocumentStore;
  readonly clock: ReturnType<typeof simulatedClock>;
  readonly log: ReturnType<typeof recordingLog>;
  readonly timers: ReturnType<typeof manualTimers>;
  readonly signers: FixtureSigners;
  /** Every object name that was ever written. */
  readonly written: Set<string>;
  readonly deps: ScheduledJobsDeps;
  readonly units: UnitStore;
  readonly late: LateWatch;
  /** The watch that the jobs of this fixture use. */
  readonly watch: SigningKeyWatch;
  /** Another watch of the same fixture. */
  watchOver(over?: Partial<SigningKeyWatchDeps>): SigningKeyWatch;
  /** Stores so many keys that are released in a window; their first bytes count up through the whole fixture. */
  publish(
    count: number,
    overrides: Partial<KeyBatch> & { readonly window: UnixMillis },
  ): Promise<readonly string[]>;
  /** Runs both jobs as the scheduler would, on a worker of its own. */
  run(over?: Partial<ScheduledJobsDeps>): Promise<{ cut: JobReport; work: JobReport }>;
  cut(over?: Partial<ScheduledJobsDeps>): Promise<JobReport>;
  work(over?: Partial<ScheduledJobsDeps>): Promise<JobReport>;
  /** A worker whose every use of a port is reported before and after it happens; what it throws ends the worker. */
  mortal(faults: Faults): Partial<ScheduledJobsDeps>;
}

/** Where a fixture keeps its documents and files. */
export interface ExportPlatform {
  openStore(clock: SimulatedClock): Promise<DocumentStore>;
  /** An empty bucket. */
  openBucket(): BlobStore;
  /** For how long keys are kept, ms; 14 days unless given. Each hour of it is read where people revise keys. */
  readonly retention?: number;
  /** Whether each call of `do-work` samples uploads of an earlier day; a third of what a call costs without keys. */
  readonly keepsShapes?: boolean;
}

/** SQLite in memory. */
export const THIS_MACHINE: ExportPlatform = {
  openStore: async (clock) => await openTestStore({ clock }),
  openBucket: openTestBucket,
};

/** Opens a fixture at noon with one signing key, `k1`. */
export async function openExportFixture(
  platform: ExportPlatform = THIS_MACHINE,
): Promise<ExportFixture> {
  const clock = simulatedClock(NOON);
  const { retention = 14 * DAY, keepsShapes = false } = platform;
  const store = await platform.openStore(clock);
  const log = recordingLog();
  const timers = manualTimers();
  const random = seededRandom('export');
  const signers: FixtureSigners = new Map();
  const written = new Set<string>();
  const buckets = new Map<string, BlobStore>();
  const openBucket: OpenBucket = (name) => {
    const known = buckets.get(name) ?? recorded(platform.openBucket(), written);
    buckets.set(name, known);
    return known;
  };
  const keys = {
    retention,
    maxKeyAge: 15 * DAY,
    hashKey: keyHasher(Buffer.alloc(32, 1)),
  };
  const signing: SignerDeps = {
    findSigningKeys: findSigningKeys(store),
    findSigner: async (name) => await Promise.resolve(signers.get(name)),
    trySigner: async (place) =>
      await Promise.resolve(
        signers.has(place)
          ? undefined
          : { problem: 'not_found', place, message: `${place} does not exist` },
      ),
    usedKeys: usedSigningKeys(store),
  };
  const storeTime = async () => await store.now();
  const watchOver = (over: Partial<SigningKeyWatchDeps> = {}) =>
    signingKeyWatch({
      ...{ ...signing, openBucket, storeTime, log: log.log },
      listExports: listExports(store),
      ...over,
    });
  const watch = watchOver();
  const windows = () => alwaysWindow(WINDOW);
  const planning = { span: DAY, keepMs: 74 * DAY };
  const batches = exportStore(store, { random, keys, windows, ...planning });
  const units = unitStore(store, { random, keys, windows, ...planning });
  const late = lateWatch({
    ...{ storeTime, log: log.log, listExports: listExports(store), ...batches.listings },
    readPauses: async () => await readPauses(store),
    ...{ readWindows: windows, minWindowAge: store.closingDelay, lateAfter: 30 * MINUTE },
  });
  const rules = { ...DEFAULT_KEY_RULES, maxAge: keys.maxKeyAge };
  const reading = {
    readKeyBatches: readKeyBatches(store, keys),
    cells: cellStore(store, { keys, random, ...planning }),
  };
  const deps: ScheduledJobsDeps = {
    ...batches,
    units,
    listExports: listExports(store),
    ...signing,
    checkSigningKeys: watch.check,
    checkLate: late.check,
    readPauses: async () => await readPauses(store),
    checkPauses: pauseWatch(store, {
      ...{ storeTime, log: log.log, listExports: listExports(store), ...batches.listings },
      ...{ units, random, retention, readPauses: async () => await readPauses(store) },
    }),
    checkClosing: closingWatch(store, log.log),
    noteFault: () => undefined,
    lookedAfter: new Map(),
    missingArchives: missingArchives(),
    ...reading,
    planOf: readPlans(store, DAY),
    revisionsOf: async (plan) =>
      await Promise.resolve({
        revise: reviserOf({ rules, windows: windows(), random }),
        candidates: (cell: Cell) =>
          revisableDocuments({ ...reading, random, retention: keys.retention }, plan, cell),
        onShortage: ({ readers: [id = ''] }: Cell) => {
          log.log.event('export.revisions_alone', { config: configuredId({ id }) });
        },
      }),
    generatorOf: async (plan) => {
      const pool = await shapePool(store, plan.start);
      return generatorOf(plan, { pool, rules, windows: windows(), random });
    },
    keepShapes: keepsShapes ? shapeKeeper(store, { random, clock, retention }) : nothing,
    storeTime,
    leases: leaseStore(store, random),
    openBucket,
    log: log.log,
    clock,
    random,
    timers,
    pause: nothing,
    // The least that the service ever takes.
    minWindowAge: store.closingDelay,
    retentionMs: retention,
    indexMaxAgeSeconds: 60,
    leaseMs: MINUTE,
    batchDeadlineMs: 4 * MINUTE,
    deadlines: { createBatches: 5 * MINUTE, doWork: 9 * MINUTE },
    limit: 100,
  };
  let published = 0;
  const fixture: ExportFixture = {
    ...{ store, clock, log, timers, signers, written, deps, units, late, watch, watchOver },
    ...operatorOf(store, signers),
    ...filesOf(store, openBucket, clock),
    async publish(count, options) {
      const made = Array.from({ length: count }, () => keyNumber(published++, options.window));
      await this.store.transact(async (tx) => {
        const batch = {
          ...PUBLISHED,
          ...options,
          records: options.records ?? packRecords(made),
        };
        tx.create(keyBatches, randomId(random), keyBatchDocument(batch, keys, random));
        await Promise.resolve();
      });
      return made.map(({ data }) => Buffer.from(data).toString('hex'));
    },
    async cut(over = {}) {
      return await scheduledJobs({ ...deps, ...over }).createBatches();
    },
    async work(over = {}) {
      return await scheduledJobs({ ...deps, ...over }).doWork();
    },
    async run(over = {}) {
      return { cut: await this.cut(over), work: await this.work(over) };
    },
    mortal: (faults) => mortalPorts(deps, faults),
  };
  await fixture.declare(aSigningKey('k1'));
  return fixture;
}
