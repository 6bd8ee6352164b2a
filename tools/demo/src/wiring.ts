import { join } from 'node:path';
import { openIssuer, openLocalPlatform } from '@keyserver/local';
import { BUCKET, SIGNING_KEYS } from './configuration.ts';
import type { Ground, GroundName, GroundSettings } from './ground.ts';
import { startStandIns } from './stand-ins.ts';

const PROJECT = 'demonstration';
const SECRET_BYTES = 32;

/** Opens the platform that a round is played on, in the time of the round. */
export const openGround = async (name: GroundName, settings: GroundSettings): Promise<Ground> =>
  name === 'local' ? await openLocal(settings) : await openStandInCloud(settings);

async function openLocal({ dataDirectory, clock, random }: GroundSettings): Promise<Ground> {
  const platform = await openLocalPlatform({ dataDirectory, clock, random });
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

/** Google Cloud as the real clients see it, but served by the stand-ins of the tests. */
async function openStandInCloud(settings: GroundSettings): Promise<Ground> {
  const { dataDirectory, clock, timers, random } = settings;
  const standIns = await startStandIns({ clock, buckets: [BUCKET], signingKeys: SIGNING_KEYS });
  try {
    const { openFirestoreStore } = await import('@keyserver/firestore');
    const { openCloudBuckets } = await import('@keyserver/cloud-storage');
    const of = { projectId: PROJECT, clock, timers, random };
    const store = await openFirestoreStore({ ...of, emulatorHost: standIns.firestore });
    const buckets = openCloudBuckets({ ...of, apiEndpoint: standIns.storage });
    return {
      env: {
        PLATFORM: 'gcp',
        GCP_PROJECT: PROJECT,
        KEY_HASH_SECRET: Buffer.from(random.bytes(SECRET_BYTES)).toString('hex'),
        FIRESTORE_ENDPOINT: standIns.firestore,
        STORAGE_ENDPOINT: new URL(standIns.storage).host,
        KMS_ENDPOINT: standIns.kms,
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
