import { type DocumentStore, StoreFault } from '@keyserver/docstore';
import { keyRulesOf } from '@keyserver/exposure-keys';
import { certificateVerifier } from '@keyserver/health-authority';
import { configuredId } from '@keyserver/log';
import {
  type Platform,
  type TokenKeys,
  type Wired,
  keysBelong,
  openPlatform,
  probeUnless,
  restsLately,
  sameStore,
  tokenKeys,
  wireOver,
} from '@keyserver/platform';
import type { Random } from '@keyserver/random';
import { type KeyRing, keyRing } from '@keyserver/revision-token';
import {
  type Ambient,
  HealthFault,
  type HealthProbe,
  type ReadProgress,
  probeAll,
  seldom,
} from '@keyserver/service';
import {
  drawDailyKeys,
  findApp,
  findAuthority,
  keyHasher,
  listApps,
  noteTokenKeyAge,
  readDataKeys,
  readLifecycle,
  readPauses,
  shareAnswerTimes,
  sharedAnswerTimes,
  rememberedCoverage,
  rememberedLife,
  rememberedWindows,
  storedWindows,
  probeUploads,
  probeWriting,
  skippedCountsId,
  storeUploads,
  whileOpen,
} from '@keyserver/stores';
import { type Clock, HOUR, MINUTE, SECOND, type Timers, blockUntil } from '@keyserver/time';
import { type AnswerTimes, answerTimes } from './answer-times.ts';
import type { AppDeps } from './app.ts';
import { alertWhenCovered, windowsOpen } from './covered-windows.ts';
import type { PublishConfig } from './config.ts';
import { type ReserveKeys, dailyCeilings } from './daily-ceiling.ts';
import { type UploadsClosed, uploadsClosed } from './http/closed-server.ts';
import { type KeptAnswerTimes, keepAnswerTimes } from './keep-answer-times.ts';
import { type Lookup, rememberedLookup } from './remembered-lookup.ts';
import { revisionTokens } from './revision-tokens.ts';
import { publishProgress } from './progress.ts';
import { type KeptPauses, keepPauses } from './upload-pauses.ts';
import { statsOver } from './stats/stats-over.ts';

/** Applications and authorities that are remembered, each; unknown names that phones send count too. */
const REMEMBERED = 1000;

/**
 * How often health reads and writes at most, ms. Anybody may ask for it, and on Firestore each reading costs about five document
 * reads (43,200 a day for a process) and each writing one write (1,440).
 */
const READ_EVERY = 10 * SECOND;
const CONFIRM_EVERY = 10 * SECOND;
const WRITE_EVERY = MINUTE;

export { openCloudExporter } from '@keyserver/platform';

/** What the service is made of, and what tells how far it has come. */
interface WiredDeps extends AppDeps {
  readonly progress: readonly ReadProgress[];
}

/** Opens the platform that the settings name, and puts the service together over it. */
export async function wire(config: PublishConfig, ambient: Ambient): Promise<Wired<WiredDeps>> {
  const mappedBytes = 0; // the memory of this service must not grow with the store
  const platform = await openPlatform(config, ambient, tokenKeys(config), { mappedBytes });
  const { deps, release } = await wireOver(
    platform,
    async () => await depsOver(platform, config, ambient),
  );
  const { kept, pauses, ...others } = deps;
  return {
    deps: {
      ...{ ...others, pauses, countCover: kept.countCover },
      progress: [publishProgress(pauses, ambient.clock)],
    },
    release: async () => {
      await kept.stop();
      await pauses.stop();
      await release();
    },
  };
}

/** What the service is made of, with what goes on in the background. */
type DepsToStop = Omit<AppDeps, 'countCover'> & {
  readonly kept: KeptAnswerTimes;
  readonly pauses: KeptPauses;
};

/** For how long after its end a key may be revised, ms; noted for whoever destroys the data keys of tokens. */
async function notedKeyAge(store: DocumentStore, config: PublishConfig): Promise<number> {
  const maxKeyAge = config.MAX_KEY_AGE_HOURS * HOUR;
  await noteTokenKeyAge(store, maxKeyAge);
  return maxKeyAge;
}

async function depsOver(
  platform: Platform & TokenKeys,
  config: PublishConfig,
  { clock, timers, random, openLog, logHealth }: Ambient,
): Promise<DepsToStop> {
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
  const defaultRegions = config.DEFAULT_REGION === '' ? [] : [config.DEFAULT_REGION];
  const maxKeyAge = await notedKeyAge(store, config);
  // No token of another store is ever opened here.
  const bound = Buffer.from(format.storeId, 'hex');
  const upload = storeUploads(
    store,
    {
      ...{ clock, windows: whileOpen(rememberedWindows()) },
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
    confirmTime: seldom(storeTimeOf(store), CONFIRM_EVERY, clock),
    defaultRegions,
    pauses: await pausesOf(store, { timers, log, defaultRegions }),
    ...edgeOf(config, closedOver(store, timers)),
    stats: statsOver(store, config, { authorities, log }),
    health: probeAll(timers, [
      sameStoreWithOpenWindows(platform, clock),
      keysBelong(platform),
      probeUnless(restsLately(platform, timers), revisionKeysThere(ring)),
      seldom(probeUploads(store, random), READ_EVERY, clock),
      seldom(probeWriting(store, random), WRITE_EVERY, clock),
      logHealth,
      ...probes,
    ]),
  };
}

const pausesOf = async (
  store: DocumentStore,
  deps: Pick<AppDeps, 'timers' | 'log' | 'defaultRegions'>,
): Promise<KeptPauses> =>
  await keepPauses({
    ...deps,
    readPauses: async () => await readPauses(store),
    listApps: async () => await listApps(store),
  });

/** Nothing is known of a store that was away from the beginning: then uploads fail by themselves. */
function closedOver(store: DocumentStore, timers: Timers): UploadsClosed {
  const recall = rememberedLife(async () => await readLifecycle(store), timers);
  return async () => {
    try {
      return uploadsClosed(await recall());
    } catch {
      return 'no'; // health tells of the store, and no upload is stored while it does not say that it is open
    }
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
  closed: UploadsClosed,
): Pick<AppDeps, 'closed' | 'v1alpha1' | 'maintenance' | 'uploadsAtOnce' | 'padding'> => ({
  closed,
  v1alpha1: config.V1ALPHA1,
  maintenance: config.MAINTENANCE,
  uploadsAtOnce: config.CONCURRENT_UPLOADS,
  padding: { min: config.PADDING_MIN_BYTES, range: config.PADDING_RANGE_BYTES },
});

/** A store that is asked for its time compares the clock of this machine with it. */
const storeTimeOf =
  (store: DocumentStore): HealthProbe =>
  async () => {
    await store.now();
  };

/** One after the other: the windows are in the format, so another store is told of once and by its name. */
function sameStoreWithOpenWindows(platform: Platform, clock: Clock): HealthProbe {
  const { store } = platform;
  const same = sameStore(platform);
  const open = windowsOpen({
    ...{ store, coverage: rememberedCoverage(store, clock) },
    windows: async () => await storedWindows(store),
  });
  return async () => {
    await same();
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
