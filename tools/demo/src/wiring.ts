import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { openIssuer, openLocalPlatform } from '@keyserver/local';
import type { SimulatedClock } from '@keyserver/time';
import { BUCKET, SIGNING_KEYS } from './configuration.ts';
import type { Platform, PlatformName, PlatformSettings } from './servers.ts';

const PROJECT = 'demonstration';
const SECRET_BYTES = 32;

/** Opens the platform that a round is played on, in the time of the round. */
export const openPlatform = async (
  name: PlatformName,
  settings: PlatformSettings,
): Promise<Platform> =>
  name === 'local' ? await openLocal(settings) : await openStandInCloud(settings);

async function openLocal(settings: PlatformSettings): Promise<Platform> {
  const { dataDirectory, clock, timers, random } = settings;
  const platform = await openLocalPlatform({ dataDirectory, clock, timers, random });
  for (const name of SIGNING_KEYS) await platform.createSigningKey(name);
  return {
    env: { PLATFORM: 'local', DATA_DIR: dataDirectory },
    store: platform.store,
    bucket: platform.openBucket(BUCKET),
    signingKeys: Object.fromEntries(SIGNING_KEYS.map((name) => [name, name])),
    openIssuer: platform.openIssuer,
    cdn: undefined,
    close: platform.close,
  };
}

/** What wraps the data keys of revision tokens there. */
const TOKEN_KEY = `projects/${PROJECT}/locations/europe-west1/keyRings/tokens/cryptoKeys/revision`;

/** Google Cloud as the real clients see it, but served by the stand-ins of the tests. */
async function openStandInCloud(settings: PlatformSettings): Promise<Platform> {
  const { dataDirectory, clock, timers, random } = settings;
  const wanted = { buckets: [BUCKET], signingKeys: SIGNING_KEYS, wrappingKey: TOKEN_KEY };
  const standIns = await startStandIns({ clock, ...wanted });
  try {
    const { openFirestoreStore } = await import('@keyserver/firestore');
    const { openCloudBuckets } = await import('@keyserver/cloud-storage');
    const base = { projectId: PROJECT, clock, timers, random };
    const store = await openFirestoreStore({ ...base, emulatorHost: standIns.firestore });
    const buckets = openCloudBuckets({ ...base, apiEndpoint: standIns.storage });
    return {
      env: {
        PLATFORM: 'gcp',
        GCP_PROJECT: PROJECT,
        KEY_HASH_SECRET: Buffer.from(random.bytes(SECRET_BYTES)).toString('hex'),
        FIRESTORE_ENDPOINT: standIns.firestore,
        STORAGE_ENDPOINT: new URL(standIns.storage).host,
        KMS_ENDPOINT: standIns.kms,
        REVISION_TOKEN_KEY: TOKEN_KEY,
      },
      store,
      bucket: buckets.openBucket(BUCKET),
      signingKeys: standIns.signingKeys,
      openIssuer: async (url) =>
        await openIssuer(url, join(dataDirectory, 'keys'), { clock, random }),
      cdn: standIns.storage,
      close: async () => {
        await store.close();
        await standIns.close();
      },
    };
  } catch (fault) {
    await standIns.close();
    throw fault;
  }
}

/** Where the stand-ins for Google's servers answer, and the names of the signing keys that they were given. */
interface StandIns {
  readonly firestore: string;
  readonly storage: string;
  readonly kms: string;
  readonly signingKeys: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
}

const SCRIPT = new URL(import.meta.resolve('@keyserver/stand-ins/in-thread'));

/** Starts the stand-ins of the tests in a thread of their own, in the time of the round. */
async function startStandIns(options: {
  readonly clock: SimulatedClock;
  readonly buckets: readonly string[];
  readonly signingKeys: readonly string[];
  readonly wrappingKey: string;
}): Promise<StandIns> {
  const { clock, ...wanted } = options;
  const worker = new Worker(SCRIPT, {
    workerData: { clock: clock.memory, ...wanted },
    execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
  });
  const addresses: unknown = (await once(worker, 'message'))[0];
  if (!isAddresses(addresses)) throw new Error('the stand-ins did not say where they are');
  const close = async (): Promise<void> => {
    await worker.terminate();
  };
  return { ...addresses, close };
}

function isAddresses(value: unknown): value is Omit<StandIns, 'close'> {
  return typeof value === 'object' && value !== null && 'kms' in value && 'signingKeys' in value;
}
