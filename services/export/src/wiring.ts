import { endpointOf, platformOf } from '@keyserver/config';
import type { DocumentStore, StorePart } from '@keyserver/docstore';
import type { FindSigner, OpenBucket, TrySigner } from '@keyserver/export-file';
import {
  type Ambient,
  HealthFault,
  type HealthProbe,
  type OpenCloudExporter,
  crash,
  housekeepingWatch,
  metDamage,
  namedProbe,
  probeAll,
  schedulerVerifier,
} from '@keyserver/service';
import {
  type KeyStoreSettings,
  StorePartFault,
  type OwnParts,
  type StoreFormat,
  cellStore,
  exportStore,
  findSigningKeys,
  formatChange,
  keyHasher,
  leaseStore,
  listExports,
  openStoreFormat,
  ownParts,
  readKeyBatches,
  readPlans,
  shapeKeeper,
  shapePool,
  storedWindows,
  uncoveredKeys,
  unitStore,
  usedSigningKeys,
} from '@keyserver/stores';
import { type KeyRules, keyRulesOf } from '@keyserver/exposure-keys';
import { type Logger, configuredId } from '@keyserver/log';
import {
  type Cell,
  type Plan,
  type PlanSpan,
  generatorOf,
  partnerOfReader,
  planSpanOf,
  reviserOf,
} from '@keyserver/padding';
import type { Random } from '@keyserver/random';
import { type Clock, DAY, HOUR } from '@keyserver/time';
import type { AppDeps } from './app.ts';
import { type ExportSettings, timesOf } from './config.ts';
import { type CheckBucket, checkStart } from './check-start.ts';
import { missingArchives, probesOfWork } from './health.ts';
import { lateWatches } from './late-watches.ts';
import { jitteredPause } from './pause.ts';
import { revisableDocuments } from './revisable-documents.ts';
import { scheduledJobs } from './scheduled-jobs.ts';
import { signingKeyWatch } from './signing-key-watch.ts';

/** How long batches outlast their files, so that the files can still be deleted by them. */
const AFTERLIFE = 60 * DAY;

/** The service's dependencies, and how to give back what they hold. */
export interface Wired {
  readonly deps: AppDeps;
  readonly release: () => Promise<void>;
}

/** Opens the platform that the settings name, and puts the service together over it. */
export async function wire(config: ExportSettings, ambient: Ambient): Promise<Wired> {
  const { clock, timers, random, openLog, logHealth } = ambient;
  const verifyCaller = schedulerVerifier(config, ambient);
  const log = openLog(config.LOG_LEVEL);
  const platform = await openPlatform(config, ambient);
  const { store, findSigner, trySigner } = platform;
  const { format, parts } = await belonging(platform, config, ambient);
  const { openBucket } = parts;
  const times = timesOf(config, store.closingDelay);
  const keys = keySettings(config, platform);
  const planning = { span: planSpanOf(config.PROFILE), keepMs: times.retentionMs + AFTERLIFE };
  const kept = { random, keys, windows: storedWindows, ...planning };
  const batches = exportStore(store, kept);
  const units = unitStore(store, kept);
  const shared = {
    ...{ log, openBucket, findSigner, trySigner },
    listExports: listExports(store),
    findSigningKeys: findSigningKeys(store),
    usedKeys: usedSigningKeys(store),
    storeTime: async () => await store.now(),
  };
  const watch = signingKeyWatch(shared);
  const late = lateWatches(store, { ...shared, ...times, ...planning, batches, units });
  const archives = missingArchives();
  const damage = metDamage(clock);
  const jobs = scheduledJobs({
    ...batches,
    ...times,
    ...shared,
    ...{ units, clock, random },
    checkSigningKeys: watch.check,
    checkLate: late.check,
    noteFault: damage.note,
    lookedAfter: new Map(),
    missingArchives: archives,
    ...settlingOf(store, { keys, rules: keyRulesOf(config), clock, random, log, ...planning }),
    leases: leaseStore(store, random),
    ...{ timers, pause: jitteredPause({ random, timers }) },
    limit: config.CATCH_UP_BATCHES,
  });
  try {
    await checkStart({ ...shared, ...planning, watch, ...startChecks(platform, parts) });
  } catch (fault) {
    await platform.close();
    throw fault;
  }
  const ownsParts = namedProbe('part_missing', StorePartFault, parts.check);
  const work = probesOfWork({ ...shared, store, random, clock });
  const own = [sameStore(store, format), ...work, ownsParts];
  const watched = [...[watch, archives, damage].map(({ probe }) => probe), ...late.probes];
  const health = probeAll(timers, [...own, ...watched, logHealth, ...platform.probes]);
  const deps = { log, clock, timers, random, health, verifyCaller, jobs };
  return { deps, release: platform.close };
}

/** What it takes to read batches and to settle their cells. */
function settlingOf(
  store: DocumentStore,
  options: {
    readonly keys: KeyStoreSettings;
    readonly rules: KeyRules;
    readonly clock: Clock;
    readonly random: Random;
    readonly span: PlanSpan;
    readonly keepMs: number;
    readonly log: Logger;
  },
) {
  const { keys, rules, clock, random, span, log } = options;
  const reading = { readKeyBatches: readKeyBatches(store, keys), cells: cellStore(store, options) };
  return {
    ...reading,
    planOf: readPlans(store, span),
    generatorOf: async (plan: Plan) => {
      const pool = await shapePool(store, plan.start);
      const windows = await storedWindows(store);
      return generatorOf(plan, { pool, rules, windows, random });
    },
    revisionsOf: async (plan: Plan) => {
      const windows = await storedWindows(store);
      return {
        revise: reviserOf({ rules, windows, random }),
        candidates: (cell: Cell) =>
          revisableDocuments({ ...reading, random, retention: keys.retention }, plan, cell),
        onShortage: ({ readers }: Cell) => {
          // A partner has a colon in its id, and no export has one.
          const id = readers.find((one) => partnerOfReader(one) === undefined) ?? readers[0] ?? '';
          log.event('export.revisions_alone', { config: configuredId({ id }) });
        },
      };
    },
    keepShapes: shapeKeeper(store, { random, clock, retention: keys.retention }),
  };
}

const keySettings = (config: ExportSettings, { keyHashSecret }: Platform) => ({
  retention: config.KEY_RETENTION_HOURS * HOUR,
  maxKeyAge: config.MAX_KEY_AGE_HOURS * HOUR,
  hashKey: keyHasher(keyHashSecret),
});

/** Whether the store answers, and is the one that this service was started with. */
const sameStore =
  (store: DocumentStore, format: StoreFormat): HealthProbe =>
  async () => {
    await store.now();
    const change = await formatChange(store, format);
    if (change !== undefined) throw new HealthFault('store_mismatch', change);
  };

/** Compares the store with the settings, and its parts with each other; what does not fit is given back. */
async function belonging(
  platform: Platform,
  { TRUNCATE_WINDOW_SECONDS: window, PROFILE: profile }: ExportSettings,
  { clock, random }: Ambient,
): Promise<{ readonly format: StoreFormat; readonly parts: OwnParts }> {
  const { store, place, keyHashSecret, close } = platform;
  try {
    const known = { place, window, profile, keyHashSecret };
    const format = await openStoreFormat(store, known, random);
    const parts = await ownParts({ ...platform, storeId: format.storeId, clock });
    return { format, parts };
  } catch (fault) {
    await close();
    throw fault;
  }
}

const startChecks = ({ checkBucket }: Platform, parts: OwnParts) => ({
  checkBucket: async (bucket: string): Promise<void> => {
    await checkBucket?.(bucket);
    await parts.checkBucket(bucket);
  },
  replacesAnother: checkBucket !== undefined,
});

interface Platform {
  readonly place: string;
  readonly store: DocumentStore;
  readonly openBucket: OpenBucket;
  readonly findSigner: FindSigner;
  readonly trySigner: TrySigner;
  /** Where buckets are made by somebody else, and may be missing. */
  readonly checkBucket?: CheckBucket;
  /** The keys of one machine. */
  readonly keysPart?: StorePart;
  readonly keyHashSecret: Uint8Array;
  /** What health asks of this platform alone. */
  readonly probes: readonly HealthProbe[];
  readonly close: () => Promise<void>;
}

// Each platform is loaded only where it is chosen: the clients of a cloud take their time to load.
async function openPlatform(config: ExportSettings, ambient: Ambient): Promise<Platform> {
  const { clock, timers, random, openLog } = ambient;
  const platform = platformOf(config);
  if (platform.kind === 'gcp') return await openCloud(config, platform, ambient);
  const { openLocalPlatform } = await import('@keyserver/local');
  const { place, dataDirectory } = platform;
  const watch = housekeepingWatch(openLog(config.LOG_LEVEL));
  const listeners = {
    ...{ onHousekeeping: watch.heard, onArraysMade: watch.arraysMade },
    ...{ onLost: crash, findHeldBack: uncoveredKeys },
  };
  const local = await openLocalPlatform({
    ...{ dataDirectory, clock, timers, random },
    ...listeners,
  });
  return { place, ...local, probes: [local.checkDisk, watch.probe] };
}

async function openCloud(
  config: ExportSettings,
  cloud: Extract<ReturnType<typeof platformOf>, { kind: 'gcp' }>,
  { clock, timers, random }: Ambient,
): Promise<Platform> {
  const [{ openFirestoreStore }, { openCloudBuckets }, { openKms }] = await Promise.all([
    import('@keyserver/firestore'),
    import('@keyserver/cloud-storage'),
    import('@keyserver/cloud-kms'),
  ]);
  const { project: projectId, database: databaseId, firestore, keyHashSecret } = cloud;
  const at = firestore === undefined ? {} : { emulatorHost: firestore };
  const standIn = endpointOf(config.STORAGE_ENDPOINT);
  const buckets = openCloudBuckets({
    ...{ projectId, random, timers },
    ...(standIn === undefined ? {} : { apiEndpoint: `http://${standIn}` }),
  });
  const kms = await openKms({ endpoint: endpointOf(config.KMS_ENDPOINT), random, timers });
  const store = await openFirestoreStore({
    ...{ projectId, databaseId, ...at },
    ...{ clock, timers, random },
  });
  const close = async (): Promise<void> => {
    await Promise.all([store.close(), kms.close()]);
  };
  const { findSigner, trySigner } = kms;
  const { openBucket, check: checkBucket } = buckets;
  const { place } = cloud;
  return {
    ...{ place, store, openBucket, checkBucket, findSigner, trySigner, keyHashSecret },
    ...{ probes: [], close },
  };
}

/** The way of figures and traces to Google Cloud, loaded only where it is chosen. */
export const openCloudExporter: OpenCloudExporter = async (options) => {
  const { cloudExporter } = await import('@keyserver/cloud-telemetry');
  return await cloudExporter(options);
};
