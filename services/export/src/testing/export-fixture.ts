import { type DocumentStore } from '@keyserver/docstore';
import {
  type BlobStore,
  type ExportBatch,
  type ExportConfig,
  type OpenBucket,
  type Signer,
  type SigningKey,
  parseVerificationKeys,
  verifyExport,
} from '@keyserver/export-file';
import { memorySigner } from '@keyserver/export-file/testing';
import { DEFAULT_KEY_RULES, type KeyBatch, packRecords } from '@keyserver/exposure-keys';
import type { Partner } from '@keyserver/federation';
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
  batchOf,
  exportBatches,
  exportConfigDocument,
  exportConfigs,
  cellStore,
  changesFrom,
  exportStore,
  findSigningKeys,
  keyBatchDocument,
  keyBatches,
  keyHasher,
  leaseStore,
  listExports,
  partnerDocument,
  partnerVersionChange,
  partners,
  readKeyBatches,
  readPauses,
  readPlans,
  shapeKeeper,
  shapePool,
  signingKeyDocument,
  signingKeys,
  type UnitStore,
  unitStore,
  usedSigningKeys,
  versionChange,
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
import { keysIn } from './archive-keys.ts';
import { NOON, PUBLISHED, aSigningKey, keyNumber } from './export-builders.ts';
import { type Faults, mortalPorts, recorded } from './mortal-ports.ts';

const WINDOW = windowLength(HOUR) ?? fail('an hour is a window');

async function nothing(): Promise<void> {
  await Promise.resolve();
}

function fail(why: string): never {
  throw new Error(why);
}

/** A whole export service over a real store and real buckets, and all that stands around it. */
export interface ExportFixture {
  readonly store: DocumentStore;
  readonly clock: ReturnType<typeof simulatedClock>;
  readonly log: ReturnType<typeof recordingLog>;
  readonly timers: ReturnType<typeof manualTimers>;
  readonly signers: Map<string, Signer & { readonly pem: string }>;
  /** Every object name that was ever written. */
  readonly written: Set<string>;
  readonly deps: ScheduledJobsDeps;
  readonly units: UnitStore;
  readonly late: LateWatch;
  /** The watch that the jobs of this fixture use. */
  readonly watch: SigningKeyWatch;
  /** Another watch of the same fixture. */
  watchOver(over?: Partial<SigningKeyWatchDeps>): SigningKeyWatch;
  /** Configures exports as an operator does: once a day has a plan, a change holds from the next midnight. */
  configure(...configs: readonly ExportConfig[]): Promise<void>;
  /** Configures partners in the same way. */
  admit(...partners: readonly Partner[]): Promise<void>;
  /** Takes the grant of a partner back. */
  revoke(id: string): Promise<void>;
  declare(...keys: readonly SigningKey[]): Promise<void>;
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
  /** Names in the index of an export; undefined when there is no index. */
  index(root?: string, bucket?: string): Promise<readonly string[] | undefined>;
  object(name: string, bucket?: string): Promise<Uint8Array>;
  /** The keys that all files of an index list, and that every file is as phones want it. */
  download(root?: string, bucket?: string): Promise<readonly string[]>;
  batches(configId?: string): Promise<readonly ExportBatch[]>;
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
  const signers = new Map<string, Signer & { readonly pem: string }>();
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
    async configure(...configs) {
      await store.transact(async (tx) => {
        const from = await changesFrom(tx, DAY);
        const changes = [];
        for (const config of configs)
          changes.push({ config, keep: await versionChange(tx, { id: config.id, from }) });
        for (const { config, keep } of changes) {
          tx.set(exportConfigs, config.id, exportConfigDocument(config));
          keep(config);
        }
      });
    },
    async admit(...admitted) {
      await store.transact(async (tx) => {
        const from = await changesFrom(tx, DAY);
        const changes = [];
        for (const partner of admitted)
          changes.push({
            partner,
            keep: await partnerVersionChange(tx, { id: partner.id, from }),
          });
        for (const { partner, keep } of changes) {
          tx.set(partners, partner.id, partnerDocument(partner));
          keep(partner);
        }
      });
    },
    async revoke(id) {
      await store.transact(async (tx) => {
        const keep = await partnerVersionChange(tx, { id, from: await changesFrom(tx, DAY) });
        tx.delete(partners, id);
        keep(undefined);
      });
    },
    async declare(...declared) {
      for (const { signingKey } of declared)
        if (!signers.has(signingKey)) signers.set(signingKey, memorySigner());
      await store.transact(async (tx) => {
        for (const key of declared) tx.set(signingKeys, key.id, signingKeyDocument(key));
        await Promise.resolve();
      });
    },
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
    async index(root = 'us', bucket = 'exports') {
      const found = await openBucket(bucket).read(`${root}/index.txt`);
      if (found === undefined) return undefined;
      const text = Buffer.from(found.content).toString();
      return text === '' ? [] : text.split('\n');
    },
    async object(name, bucket = 'exports') {
      const found = await openBucket(bucket).read(name);
      return found?.content ?? fail(`${name} is missing`);
    },
    async download(root = 'us', bucket = 'exports') {
      const listed = await this.object(`${root}/keys.json`, bucket);
      const known = parseVerificationKeys(listed) ?? fail('the keys document is broken');
      const all: string[] = [];
      for (const name of (await this.index(root, bucket)) ?? fail('there is no index')) {
        const zip = await this.object(name, bucket);
        const { violations } = await verifyExport(zip, { keys: known, now: clock.now() });
        if (violations.length > 0) fail(`${name}: ${JSON.stringify(violations)}`);
        all.push(...keysIn(zip));
      }
      return all;
    },
    async batches(configId) {
      return await storedBatches(store, configId);
    },
  };
  await fixture.declare(aSigningKey('k1'));
  return fixture;
}

async function storedBatches(store: DocumentStore, configId?: string): Promise<ExportBatch[]> {
  const found: ExportBatch[] = [];
  for await (const page of store.pages(exportBatches, {}))
    for (const { id, value } of page) found.push(batchOf(id, value));
  return found
    .filter(({ config }) => configId === undefined || config.id === configId)
    .sort((a, b) => a.end - b.end || b.start - a.start);
}
