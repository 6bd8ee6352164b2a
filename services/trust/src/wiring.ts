import { endpointOf, platformOf, revisionTokenKey } from '@keyserver/config';
import type { DocumentStore, StorePart } from '@keyserver/docstore';
import { jobRunner } from '@keyserver/jobs';
import type { KeyWrapper } from '@keyserver/revision-token';
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
  formatChange,
  leaseStore,
  openStoreFormat,
  readDataKeys,
  rotateDataKeys,
  uncoveredKeys,
} from '@keyserver/stores';
import { DAY, HOUR } from '@keyserver/time';
import type { AppDeps } from './app.ts';
import type { TrustSettings } from './config.ts';

/** The service's dependencies, and how to give back what they hold. */
export interface Wired {
  readonly deps: AppDeps;
  readonly release: () => Promise<void>;
}

/** Opens the platform that the settings name, and puts the service together over it. */
export async function wire(config: TrustSettings, ambient: Ambient): Promise<Wired> {
  const platform = await openPlatform(config, ambient);
  try {
    const { TRUNCATE_WINDOW_SECONDS: window, PROFILE: profile } = config;
    const { store, place, keyHashSecret, wrapper: wrapping } = platform;
    const known = { place, window, profile, keyHashSecret, wrapping };
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
  { config, ambient }: { readonly config: TrustSettings; readonly ambient: Ambient },
): AppDeps {
  const { clock, timers, random, openLog, logHealth } = ambient;
  const { store, wrapper } = platform;
  const log = openLog(config.LOG_LEVEL);
  const damage = metDamage(clock);
  const newAfter = config.NEW_DATA_KEY_HOURS * HOUR;
  // A token that was made just before its key got a successor holds keys that may be published for so long, and a day more for
  // a key that was still valid then; two windows are for the clocks of those who made it.
  const destroyAfter = config.MAX_KEY_AGE_HOURS * HOUR + DAY + 2 * config.TRUNCATE_WINDOW_SECONDS;
  return {
    ...{ log, clock, timers, random, wrapper },
    verifyCaller: schedulerVerifier(config, ambient),
    runner: jobRunner({ clock, log, timers, noteFault: damage.note }),
    leases: leaseStore(store, random),
    readKeys: readDataKeys(store),
    rotate: async (draw) => await rotateDataKeys(store, { draw, newAfter, destroyAfter }),
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
  readonly wrapper: KeyWrapper;
  /** What health asks of this platform alone. */
  readonly probes: readonly HealthProbe[];
  /** The keys of one machine. */
  readonly keysPart?: StorePart;
  readonly close: () => Promise<void>;
}

// Each platform is loaded only where it is chosen: the clients of a cloud take their time to load.
async function openPlatform(config: TrustSettings, ambient: Ambient): Promise<Platform> {
  const { clock, timers, random, openLog } = ambient;
  const platform = platformOf(config);
  const keyName = revisionTokenKey(config);
  if (platform.kind === 'gcp') return await openCloud(config, platform, { ambient, keyName });
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
  const wrapper = local.wrapperFor(keyName);
  return { place, ...local, wrapper, probes: [local.checkDisk, watch.probe] };
}

async function openCloud(
  config: TrustSettings,
  cloud: Extract<ReturnType<typeof platformOf>, { kind: 'gcp' }>,
  {
    ambient: { clock, timers, random },
    keyName,
  }: { readonly ambient: Ambient; readonly keyName: string },
): Promise<Platform> {
  const [{ openFirestoreStore }, { openKms }] = await Promise.all([
    import('@keyserver/firestore'),
    import('@keyserver/cloud-kms'),
  ]);
  const { project: projectId, database: databaseId, firestore, keyHashSecret, place } = cloud;
  const kms = await openKms({ endpoint: endpointOf(config.KMS_ENDPOINT), random, timers });
  const at = firestore === undefined ? {} : { emulatorHost: firestore };
  const store = await openFirestoreStore({
    ...{ projectId, databaseId, ...at },
    ...{ clock, timers, random },
  });
  const close = async (): Promise<void> => {
    await Promise.all([store.close(), kms.close()]);
  };
  return { place, store, keyHashSecret, wrapper: kms.wrapperFor(keyName), probes: [], close };
}

/** The way of figures and traces to Google Cloud, loaded only where it is chosen. */
export const openCloudExporter: OpenCloudExporter = async (options) => {
  const { cloudExporter } = await import('@keyserver/cloud-telemetry');
  return await cloudExporter(options);
};
