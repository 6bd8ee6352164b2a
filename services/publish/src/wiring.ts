import { endpointOf, platformOf, revisionTokenKey } from '@keyserver/config';
import { type DocumentStore, StoreFault, type StorePart } from '@keyserver/docstore';
import { keyRulesOf } from '@keyserver/exposure-keys';
import { certificateVerifier } from '@keyserver/health-authority';
import { configuredId } from '@keyserver/log';
import type { Random } from '@keyserver/random';
import { type KeyRing, type KeyWrapper, keyRing } from '@keyserver/revision-token';
import {
  type Ambient,
  HealthFault,
  type HealthProbe,
  type OpenCloudExporter,
  crash,
  housekeepingWatch,
  namedProbe,
  probeAll,
  seldom,
} from '@keyserver/service';
import {
  StorePartFault,
  type StoreFormat,
  checkPart,
  drawDailyKeys,
  findApp,
  findAuthority,
  formatChange,
  keyHasher,
  openStoreFormat,
  readDataKeys,
  shareAnswerTimes,
  sharedAnswerTimes,
  rememberedCoverage,
  rememberedWindows,
  storedWindows,
  probeUploads,
  probeWriting,
  skippedCountsId,
  storeUploads,
  uncoveredKeys,
} from '@keyserver/stores';
import { type Clock, HOUR, MINUTE, SECOND, type Timers, blockUntil } from '@keyserver/time';
import { type AnswerTimes, answerTimes } from './answer-times.ts';
import type { AppDeps } from './app.ts';
import { alertWhenCovered, windowsOpen } from './covered-windows.ts';
import type { PublishConfig } from './config.ts';
import { type ReserveKeys, dailyCeilings } from './daily-ceiling.ts';
import { type KeptAnswerTimes, keepAnswerTimes } from './keep-answer-times.ts';
import { type Lookup, rememberedLookup } from './remembered-lookup.ts';
import { revisionTokens } from './revision-tokens.ts';
import { statsOver } from './stats/stats-over.ts';

/** Applications and authorities that are remembered, each; unknown names that phones send count too. */
const REMEMBERED = 1000;

/**
 * How often health reads and writes at most, ms. Anybody may ask for it, and on Firestore each reading costs about five document
 * reads (43,200 a day for a process) and each writing one write (1,440).
 */
const READ_EVERY = 10 * SECOND;
const WRITE_EVERY = MINUTE;

/** The service's dependencies, and how to give back what they hold. */
export interface Wired {
  readonly deps: AppDeps;
  readonly release: () => Promise<void>;
}

/** Opens the platform that the settings name, and puts the service together over it. */
export async function wire(config: PublishConfig, ambient: Ambient): Promise<Wired> {
  const platform = await openPlatform(config, ambient);
  const { store, place, keyHashSecret, close } = platform;
  try {
    const { TRUNCATE_WINDOW_SECONDS: window, PROFILE: profile } = config;
    const known = { place, window, profile, keyHashSecret };
    const format = await openStoreFormat(store, known, ambient.random);
    await checkKeys({ ...platform, format });
    const { kept, ...deps } = await depsOver({ ...platform, format }, config, ambient);
    const release = async (): Promise<void> => {
      await kept.stop();
      await close();
    };
    return { deps: { ...deps, countCover: kept.countCover }, release };
  } catch (fault) {
    await close();
    throw fault;
  }
}

async function depsOver(
  platform: Platform & { readonly format: StoreFormat },
  config: PublishConfig,
  { clock, timers, random, openLog, logHealth }: Ambient,
): Promise<Omit<AppDeps, 'countCover'> & { readonly kept: KeptAnswerTimes }> {
  const { store, keyHashSecret, format, probes } = platform;
  const remembered = <T>(lookup: Lookup<T>): Lookup<T> =>
    rememberedLookup(lookup, {
      clock,
      lifetimeMs: config.CONFIG_CACHE_SECONDS * SECOND,
      size: REMEMBERED,
    });
  const authorities = remembered(findAuthority(store));
  const log = openLog(config.LOG_LEVEL);
  const ring = keyRing({
    ...{ readKeys: readDataKeys(store), wrapper: platform.wrapper, clock },
    lifetimeMs: config.DATA_KEY_CACHE_SECONDS * SECOND,
  });
  const maxKeyAge = config.MAX_KEY_AGE_HOURS * HOUR;
  // No token of another store is ever opened here.
  const bound = Buffer.from(format.storeId, 'hex');
  const upload = storeUploads(
    store,
    {
      ...{ clock, windows: rememberedWindows() },
      hashKey: keyHasher(keyHashSecret),
      skippedCountsId: skippedCountsId(keyHashSecret),
      retention: config.KEY_RETENTION_HOURS * HOUR,
      maxKeyAge,
      partialRevisions: config.PARTIAL_REVISIONS,
    },
    random,
  );
  return {
    ...{ clock, timers, random, log },
    waitOut: waitOutOn(timers),
    ...(await timesOf(store, ring, { timers, random, log })),
    findApp: remembered(findApp(store)),
    verifyCertificate: certificateVerifier(authorities, config.CERTIFICATE_CLOCK_SKEW_SECONDS),
    storeUpload: alertWhenCovered(upload, log),
    tokens: revisionTokens({ ring, bound, random, log, maxKeyAge }),
    rules: keyRulesOf(config),
    reserveKeys: ceilings(store, { timers, random, log }),
    defaultRegions: config.DEFAULT_REGION === '' ? [] : [config.DEFAULT_REGION],
    ...edgeOf(config),
    stats: statsOver(store, config, { authorities, log }),
    health: probeAll(timers, [
      sameStoreWithOpenWindows(store, format, clock),
      namedProbe('part_missing', StorePartFault, async () => {
        await checkKeys(platform);
      }),
      revisionKeysThere(ring),
      seldom(probeUploads(store, random), READ_EVERY, clock),
      seldom(probeWriting(store, random), WRITE_EVERY, clock),
      logHealth,
      ...probes,
    ]),
  };
}

const waitOutOn =
  (timers: Timers): AppDeps['waitOut'] =>
  (until) => {
    blockUntil(timers, until);
  };

const ceilings = (
  store: DocumentStore,
  { timers, random, log }: Pick<AppDeps, 'timers' | 'random' | 'log'>,
): ReserveKeys =>
  dailyCeilings({
    draw: drawDailyKeys(store),
    ...{ timers, random },
    onReached: (app, keys) => {
      log.event('publish.ceiling_reached', { app: configuredId(app), keys });
    },
  });

/** How long uploads take, and what keeps that up to date over this store. */
async function timesOf(
  store: DocumentStore,
  ring: KeyRing,
  { timers, random, log }: Pick<AppDeps, 'timers' | 'random' | 'log'>,
): Promise<{ readonly times: AnswerTimes; readonly kept: KeptAnswerTimes }> {
  const times = answerTimes({ timers, random });
  const kept = await keepAnswerTimes({
    ...{ times, timers, log },
    readShared: async () => await sharedAnswerTimes(store),
    share: async (own) => await shareAnswerTimes(store, own),
    tryStore: storeTrial(store, ring, random),
  });
  return { times, kept };
}

/** What an upload asks of the store, one after the other as it does: keys and configuration, a data key, a write. */
function storeTrial(store: DocumentStore, ring: KeyRing, random: Random): () => Promise<void> {
  const [read, write] = [probeUploads(store, random), probeWriting(store, random)];
  return async () => {
    await read();
    await ring.newest();
    await write();
  };
}

/** What the settings say about requests and answers. */
const edgeOf = (
  config: PublishConfig,
): Pick<AppDeps, 'v1alpha1' | 'maintenance' | 'uploadsAtOnce' | 'padding'> => ({
  v1alpha1: config.V1ALPHA1,
  maintenance: config.MAINTENANCE,
  uploadsAtOnce: config.CONCURRENT_UPLOADS,
  padding: { min: config.PADDING_MIN_BYTES, range: config.PADDING_RANGE_BYTES },
});

/** One after the other: the windows are in the format, so another store is told of once and by its name. */
function sameStoreWithOpenWindows(
  store: DocumentStore,
  format: StoreFormat,
  clock: Clock,
): HealthProbe {
  const open = windowsOpen({
    ...{ store, coverage: rememberedCoverage(store, clock) },
    windows: async () => await storedWindows(store),
  });
  return async () => {
    const change = await formatChange(store, format);
    if (change !== undefined) throw new HealthFault('store_mismatch', change);
    await open();
  };
}

/** Without a data key no phone gets a token, so nobody may publish. */
const revisionKeysThere =
  (ring: KeyRing): HealthProbe =>
  async () => {
    try {
      await ring.newest();
    } catch (fault) {
      if (fault instanceof StoreFault) throw fault; // the store's own probes say more
      throw new HealthFault('data_key', 'revision tokens cannot be sealed', { cause: fault });
    }
  };

/** Checks that the directory of keys is the store's own, where there is one. */
async function checkKeys(options: Platform & { readonly format: StoreFormat }): Promise<void> {
  const { store, keysPart, format } = options;
  if (keysPart !== undefined) await checkPart({ store, storeId: format.storeId }, keysPart);
}

interface Platform {
  readonly place: string;
  readonly store: DocumentStore;
  readonly keyHashSecret: Uint8Array;
  /** Unwraps the data keys of revision tokens. */
  readonly wrapper: KeyWrapper;
  readonly close: () => Promise<void>;
  /** What health asks of this platform alone. */
  readonly probes: readonly HealthProbe[];
  /** The keys of one machine. */
  readonly keysPart?: StorePart;
}

// Each platform is loaded only where it is chosen: the clients of a cloud take their time to load.
async function openPlatform(
  config: PublishConfig,
  { clock, timers, random, openLog }: Ambient,
): Promise<Platform> {
  const platform = platformOf(config);
  const keyName = revisionTokenKey(config);
  if (platform.kind === 'local') {
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
      mappedBytes: 0, // the memory of this service must not grow with the store
    });
    const wrapper = local.wrapperFor(keyName);
    return { place, ...local, wrapper, probes: [local.checkDisk, watch.probe] };
  }
  const [{ openFirestoreStore }, { openKms }] = await Promise.all([
    import('@keyserver/firestore'),
    import('@keyserver/cloud-kms'),
  ]);
  const kms = await openKms({ endpoint: endpointOf(config.KMS_ENDPOINT), random, timers });
  const { project: projectId, database: databaseId, firestore, keyHashSecret } = platform;
  const at = firestore === undefined ? {} : { emulatorHost: firestore };
  const store = await openFirestoreStore({
    ...{ projectId, databaseId, ...at },
    ...{ clock, timers, random },
  });
  const close = async (): Promise<void> => {
    await Promise.all([store.close(), kms.close()]);
  };
  const wrapper = kms.wrapperFor(keyName);
  return { place: platform.place, store, keyHashSecret, wrapper, probes: [], close };
}

/** The way of figures and traces to Google Cloud, loaded only where it is chosen. */
export const openCloudExporter: OpenCloudExporter = async (options) => {
  const { cloudExporter } = await import('@keyserver/cloud-telemetry');
  return await cloudExporter(options);
};
