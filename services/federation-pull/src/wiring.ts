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
  federationSync,
  findQuery,
  formatChange,
  keyHasher,
  leaseStore,
  listQueries,
  openStoreFormat,
  readStandings,
  rememberedWindows,
  uncoveredKeys,
} from '@keyserver/stores';
import { HOUR, SECOND } from '@keyserver/time';
import { readFile } from 'node:fs/promises';
import type { AppDeps } from './app.ts';
import type { FederationPullSettings } from './config.ts';
import { queryHealth } from './health.ts';
import { ACCOUNT, type PartnerClientSettings, partnerClient } from './partner-client.ts';

/** The service's dependencies, and how to give back what they hold. */
export interface Wired {
  readonly deps: AppDeps;
  readonly release: () => Promise<void>;
}

/** Opens the platform that the settings name, and puts the service together over it. */
export async function wire(config: FederationPullSettings, ambient: Ambient): Promise<Wired> {
  const extraRoots = await readRoots(config.FEDERATION_EXTRA_ROOT_FILE);
  const platform = await openPlatform(config, ambient);
  try {
    const { TRUNCATE_WINDOW_SECONDS: window, PROFILE: profile } = config;
    const { store, place, keyHashSecret, idTokenFor } = platform;
    const known = { place, window, profile, keyHashSecret };
    const format = await openStoreFormat(store, known, ambient.random);
    await checkKeys(platform, format);
    const { FEDERATION_PLAINTEXT_LOOPBACK: plaintextLoopback } = config;
    const { timers } = ambient;
    const partners = partnerClient({ idTokenFor, extraRoots, plaintextLoopback, timers });
    const base = await depsOver(platform, format, { config, ambient });
    return {
      deps: { ...base, fetch: partners.fetch },
      release: async () => {
        partners.close();
        await platform.close();
      },
    };
  } catch (fault) {
    await platform.close();
    throw fault;
  }
}

const readRoots = async (file: string): Promise<string | undefined> =>
  file === '' ? undefined : await readFile(file, 'utf8');

async function depsOver(
  platform: Platform,
  format: StoreFormat,
  { config, ambient }: { readonly config: FederationPullSettings; readonly ambient: Ambient },
): Promise<Omit<AppDeps, 'fetch'>> {
  const { clock, timers, random, openLog, logHealth } = ambient;
  const { store, keyHashSecret } = platform;
  const log = openLog(config.LOG_LEVEL);
  const damage = metDamage(clock);
  const keys = {
    ...{ clock, windows: rememberedWindows(), hashKey: keyHasher(keyHashSecret) },
    retention: config.KEY_RETENTION_HOURS * HOUR,
    maxKeyAge: config.MAX_KEY_AGE_HOURS * HOUR,
  };
  const queries = queryHealth({
    listQueries: listQueries(store),
    readStandings: async (ids) => await readStandings(store, ids),
    now: async () => await store.now(),
    startedAt: await store.now(),
    lateAfter: config.FEDERATION_LATE_SECONDS * SECOND,
  });
  return {
    ...{ log, clock, timers, random },
    verifyCaller: schedulerVerifier(config, ambient),
    runner: jobRunner({ clock, log, timers, noteFault: damage.note }),
    leases: leaseStore(store, random),
    findQuery: findQuery(store),
    sync: federationSync(store, keys, random),
    deadlineMs: config.FEDERATION_DEADLINE_SECONDS * SECOND,
    callMs: config.FEDERATION_CALL_SECONDS * SECOND,
    maxOnsetMagnitude: config.MAX_ONSET_DISTANCE_DAYS,
    health: probeAll(timers, [
      async () => {
        await store.now();
        const change = await formatChange(store, format);
        if (change !== undefined) throw new HealthFault('store_mismatch', change);
      },
      namedProbe('part_missing', StorePartFault, async () => {
        await checkKeys(platform, format);
      }),
      queries,
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

interface Platform extends Pick<PartnerClientSettings, 'idTokenFor'> {
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
async function openPlatform(config: FederationPullSettings, ambient: Ambient): Promise<Platform> {
  const { clock, timers, random, openLog } = ambient;
  const platform = platformOf(config);
  if (platform.kind === 'gcp') return await openCloud(platform, ambient);
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
  const { OIDC_ISSUER: own, FEDERATION_TOKEN_ISSUER: known } = config;
  const mint = local.issuerTokens(known === '' ? own : known);
  const idTokenFor = async (audience: string): Promise<string> =>
    await mint({ audience, email: ACCOUNT });
  return { place, ...local, idTokenFor, probes: [local.checkDisk, watch.probe] };
}

async function openCloud(
  cloud: Extract<ReturnType<typeof platformOf>, { kind: 'gcp' }>,
  { clock, timers, random }: Ambient,
): Promise<Platform> {
  const [{ openFirestoreStore }, { outgoingTokens }] = await Promise.all([
    import('@keyserver/firestore'),
    import('@keyserver/cloud-identity'),
  ]);
  const { project: projectId, database: databaseId, firestore, keyHashSecret, place } = cloud;
  const at = firestore === undefined ? {} : { emulatorHost: firestore };
  const store = await openFirestoreStore({
    ...{ projectId, databaseId, ...at },
    ...{ clock, timers, random },
  });
  const idTokenFor = outgoingTokens({ projectId, clock, timers });
  const close = async (): Promise<void> => {
    await store.close();
  };
  return { place, store, keyHashSecret, idTokenFor, probes: [], close };
}

/** The way of figures and traces to Google Cloud, loaded only where it is chosen. */
export const openCloudExporter: OpenCloudExporter = async (options) => {
  const { cloudExporter } = await import('@keyserver/cloud-telemetry');
  return await cloudExporter(options);
};
