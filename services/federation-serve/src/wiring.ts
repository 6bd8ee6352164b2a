import { platformOf } from '@keyserver/config';
import type { DocumentStore, StorePart } from '@keyserver/docstore';
import {
  type Ambient,
  HealthFault,
  type HealthProbe,
  type OpenCloudExporter,
  crash,
  housekeepingWatch,
  metDamage,
  namedProbe,
  partnerVerifier,
  probeAll,
} from '@keyserver/service';
import {
  StorePartFault,
  type StoreFormat,
  checkPart,
  findPartner,
  formatChange,
  freshUnits,
  openStoreFormat,
  readSealingKey,
  uncoveredKeys,
} from '@keyserver/stores';
import { HOUR, SECOND } from '@keyserver/time';
import { type FederationServeSettings, issuersOf } from './config.ts';
import type { FetchDeps } from './grpc/fetch-method.ts';
import { callRates } from './rate-limit.ts';
import { unitCache } from './unit-cache.ts';

const MEGABYTE = 1_000_000;

/** The service's dependencies, and how to give back what they hold. */
export interface Wired {
  readonly deps: FetchDeps & { readonly health: HealthProbe };
  readonly release: () => Promise<void>;
}

/** Opens the platform that the settings name, and puts the service together over it. */
export async function wire(config: FederationServeSettings, ambient: Ambient): Promise<Wired> {
  const platform = await openPlatform(config, ambient);
  try {
    const { TRUNCATE_WINDOW_SECONDS: window, PROFILE: profile } = config;
    const { store, place, keyHashSecret } = platform;
    const known = { place, window, profile, keyHashSecret };
    const format = await openStoreFormat(store, known, ambient.random);
    await checkKeys(platform, format);
    return { deps: depsOver(platform, format, { config, ambient }), release: platform.close };
  } catch (fault) {
    await platform.close();
    throw fault;
  }
}

function depsOver(
  platform: Platform,
  format: StoreFormat,
  { config, ambient }: { readonly config: FederationServeSettings; readonly ambient: Ambient },
): Wired['deps'] {
  const { clock, timers, random, openLog, logHealth } = ambient;
  const { store } = platform;
  const log = openLog(config.LOG_LEVEL);
  const damage = metDamage(clock);
  const units = freshUnits(store, {
    retention: config.KEY_RETENTION_HOURS * HOUR,
    grantAt: async (partner) => await Promise.resolve(partner),
  });
  const issuers = issuersOf(config);
  return {
    ...{ log, clock, timers, random, findUnit: units.findUnit, noteFault: damage.note },
    loadUnit: unitCache(units.readUnit, config.UNIT_CACHE_MB * MEGABYTE),
    storeTime: async () => await store.now(),
    readSealingKey: readSealingKey(store, {
      random,
      onDrawn: () => {
        log.event('federation.sealing_key_drawn', {});
      },
    }),
    verifyPartner: partnerVerifier({
      ...{ issuers, findPartner: findPartner(store), clock, timers },
      // The setting takes a plain http address only of this very machine.
      allowHttpJwks: true,
    }),
    admitCall: callRates(timers),
    callDeadline: config.CALL_DEADLINE_SECONDS * SECOND,
    maxCalls: config.MAX_CALLS,
    health: probeAll(timers, [
      async () => {
        await store.now();
        const change = await formatChange(store, format);
        if (change !== undefined) throw new HealthFault('store_mismatch', change);
      },
      namedProbe('part_missing', StorePartFault, async () => {
        await checkKeys(platform, format);
      }),
      damage.probe,
      logHealth,
      ...platform.probes,
    ]),
  };
}

/** Checks that the directory of keys is the store's own, where there is one. */
async function checkKeys({ store, keysPart }: Platform, { storeId }: StoreFormat): Promise<void> {
  if (keysPart !== undefined) await checkPart({ store, storeId }, keysPart);
}

interface Platform {
  readonly place: string;
  readonly store: DocumentStore;
  readonly keyHashSecret: Uint8Array;
  /** What health asks of this platform alone. */
  readonly probes: readonly HealthProbe[];
  /** The keys of one machine. */
  readonly keysPart?: StorePart;
  readonly close: () => Promise<void>;
}

// Each platform is loaded only where it is chosen: the clients of a cloud take their time to load.
async function openPlatform(config: FederationServeSettings, ambient: Ambient): Promise<Platform> {
  const { clock, timers, random, openLog } = ambient;
  const platform = platformOf(config);
  if (platform.kind === 'gcp') {
    const { openFirestoreStore } = await import('@keyserver/firestore');
    const { project: projectId, database: databaseId, firestore, keyHashSecret, place } = platform;
    const at = firestore === undefined ? {} : { emulatorHost: firestore };
    const machine = { clock, timers, random };
    const store = await openFirestoreStore({ projectId, databaseId, ...at, ...machine });
    const close = async (): Promise<void> => {
      await store.close();
    };
    return { place, store, keyHashSecret, probes: [], close };
  }
  const { openLocalPlatform } = await import('@keyserver/local');
  const { place, dataDirectory } = platform;
  const watch = housekeepingWatch(openLog(config.LOG_LEVEL));
  const local = await openLocalPlatform({
    ...{ dataDirectory, clock, timers, random },
    ...{ onHousekeeping: watch.heard, onArraysMade: watch.arraysMade },
    ...{ onLost: crash, findHeldBack: uncoveredKeys },
  });
  return { place, ...local, probes: [local.checkDisk, watch.probe] };
}

/** The way of figures and traces to Google Cloud, loaded only where it is chosen. */
export const openCloudExporter: OpenCloudExporter = async (options) => {
  const { cloudExporter } = await import('@keyserver/cloud-telemetry');
  return await cloudExporter(options);
};
