import { platformOf } from '@keyserver/config';
import type { DocumentStore, StorePart } from '@keyserver/docstore';
import { jobRunner } from '@keyserver/jobs';
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
  StorePartFault,
  type StoreFormat,
  checkPart,
  foldTotals,
  formatChange,
  leaseStore,
  openStoreFormat,
  storedWindows,
  uncoveredKeys,
} from '@keyserver/stores';
import { DAY } from '@keyserver/time';
import type { AppDeps } from './app.ts';
import type { CleanupSettings } from './config.ts';

/** The service's dependencies, and how to give back what they hold. */
export interface Wired {
  readonly deps: AppDeps;
  readonly release: () => Promise<void>;
}

/** Opens the platform that the settings name, and puts the service together over it. */
export async function wire(config: CleanupSettings, ambient: Ambient): Promise<Wired> {
  const platform = await openPlatform(config, ambient);
  try {
    const { TRUNCATE_WINDOW_SECONDS: window, PROFILE: profile } = config;
    const { store, place, keyHashSecret } = platform;
    const format = await openStoreFormat(
      store,
      { place, window, profile, keyHashSecret },
      ambient.random,
    );
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
  { config, ambient }: { readonly config: CleanupSettings; readonly ambient: Ambient },
): AppDeps {
  const { clock, timers, random, openLog, logHealth } = ambient;
  const { store } = platform;
  const log = openLog(config.LOG_LEVEL);
  const damage = metDamage(clock);
  const retention = config.TOTALS_RETENTION_DAYS * DAY;
  return {
    ...{ log, clock, timers, random },
    verifyCaller: schedulerVerifier(config, ambient),
    runner: jobRunner({ clock, log, timers, noteFault: damage.note }),
    leases: leaseStore(store, random),
    fold: async (options) =>
      await foldTotals(store, { ...options, retention, windows: storedWindows }),
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

// Each platform is loaded only where it is chosen: the client of a cloud takes its time to load.
async function openPlatform(config: CleanupSettings, ambient: Ambient): Promise<Platform> {
  const { clock, timers, random, openLog } = ambient;
  const platform = platformOf(config);
  if (platform.kind === 'gcp') {
    const { openFirestoreStore } = await import('@keyserver/firestore');
    const { project: projectId, database: databaseId, firestore, keyHashSecret, place } = platform;
    const at = firestore === undefined ? {} : { emulatorHost: firestore };
    const store = await openFirestoreStore({
      ...{ projectId, databaseId, ...at },
      ...{ clock, timers, random },
    });
    const close = async (): Promise<void> => {
      await store.close();
    };
    return { place, store, keyHashSecret, probes: [], close };
  }
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

/** The way of figures and traces to Google Cloud, loaded only where it is chosen. */
export const openCloudExporter: OpenCloudExporter = async (options) => {
  const { cloudExporter } = await import('@keyserver/cloud-telemetry');
  return await cloudExporter(options);
};
