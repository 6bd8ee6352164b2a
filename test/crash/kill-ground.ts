import { openKms } from '@keyserver/cloud-kms';
import { makeDataKey } from '@keyserver/publish/testing';
import { machine } from '../support/machine.ts';
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DocumentStore } from '@keyserver/docstore';
import type { BlobStore } from '@keyserver/export-file';
import { openFirestoreStore } from '@keyserver/firestore';
import { openCloudBuckets } from '@keyserver/cloud-storage';
import { openIssuer, openLocalPlatform } from '@keyserver/local';
import { systemRandom } from '@keyserver/random';
import { type Clock, MINUTE, SECOND, systemClock } from '@keyserver/time';
import { startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { startKmsStandIn } from '@keyserver/stand-ins/kms';
import { startStorageStandIn } from '@keyserver/stand-ins/storage';
import { fastClock } from './fast-clock.ts';

/** The bucket of all files. */
export const BUCKET = 'exports';

/** A platform for services that are killed. */
export interface KillGround {
  /** The time of the services; `speed` of its milliseconds pass in one of the machine's. */
  readonly clock: Clock;
  readonly speed: number;
  /** Periods of two exports of one region whose batches overlap, ms of that clock. */
  readonly periods: { readonly fast: number; readonly slow: number };
  readonly store: DocumentStore;
  readonly bucket: BlobStore;
  /** What the platform calls the private key that signs. */
  readonly signingKey: string;
  readonly openIssuer: (url: string) => ReturnType<typeof openIssuer>;
  /** What every service is told. */
  readonly env: Readonly<Record<string, string>>;
  /** The script of a service, and its arguments. */
  readonly script: (service: 'publish' | 'export') => readonly string[];
  /** The digest of every object, by name. */
  objects(): Promise<ReadonlyMap<string, string>>;
  close(): Promise<void>;
}

/** One machine: a data directory, in real time, with windows of a second. */
export async function openLocalGround(dataDirectory: string): Promise<KillGround> {
  const platform = await openLocalPlatform({ ...machine, dataDirectory });
  await platform.createSigningKey('export-1');
  await makeDataKey(platform.store, platform.wrapperFor('revision-token'));
  return {
    ...{ clock: systemClock, speed: 1, periods: { fast: 2 * SECOND, slow: 4 * SECOND } },
    ...{ store: platform.store, bucket: platform.openBucket(BUCKET), signingKey: 'export-1' },
    openIssuer: platform.openIssuer,
    env: {
      ...{ PLATFORM: 'local', DATA_DIR: dataDirectory },
      ...{ TRUNCATE_WINDOW_SECONDS: '1', LEASE_SECONDS: '3' },
    },
    script: (service) => [fileURLToPath(import.meta.resolve(`@keyserver/${service}/main`))],
    objects: async () => await filesBelow(join(dataDirectory, 'buckets')),
    close: platform.close,
  };
}

const SPEED = 30;
const PROJECT = 'crashes';
const TOKEN_KEY = `projects/${PROJECT}/locations/europe-west1/keyRings/tokens/cryptoKeys/revision`;
const KEY = `projects/${PROJECT}/locations/europe-west1/keyRings/exports/cryptoKeys/export-1`;

/** Google Cloud, as its clients see it, on stand-ins: half a minute passes in a second, as its windows close late. */
export async function openCloudGround(dataDirectory: string): Promise<KillGround> {
  const origin = systemClock.now();
  const clock = fastClock(origin, SPEED);
  const firestore = await startFirestoreStandIn({ now: clock.now });
  const storage = await startStorageStandIn({ now: clock.now, buckets: [BUCKET] });
  const kms = await startKmsStandIn();
  kms.createWrappingKey(TOKEN_KEY);
  const keys = await openKms({ endpoint: kms.address, ...machine });
  const of = { projectId: PROJECT, clock, random: systemRandom };
  const store = await openFirestoreStore({ ...machine, ...of, emulatorHost: firestore.address });
  const bucket = openCloudBuckets({
    ...machine,
    ...{ projectId: PROJECT, apiEndpoint: storage.url, random: systemRandom },
  }).openBucket(BUCKET);
  await makeDataKey(store, keys.wrapperFor(TOKEN_KEY));
  await keys.close();
  return {
    ...{ clock, speed: SPEED, periods: { fast: 2 * MINUTE, slow: 4 * MINUTE }, store, bucket },
    signingKey: kms.createSigningKey(KEY),
    openIssuer: async (url) =>
      await openIssuer(url, dataDirectory, { clock, random: systemRandom }),
    env: {
      ...{ PLATFORM: 'gcp', GCP_PROJECT: PROJECT, KEY_HASH_SECRET: '5e'.repeat(32) },
      ...{ FIRESTORE_ENDPOINT: firestore.address, STORAGE_ENDPOINT: new URL(storage.url).host },
      REVISION_TOKEN_KEY: TOKEN_KEY,
      ...{ KMS_ENDPOINT: kms.address, METADATA_SERVER_DETECTION: 'none' },
      ...{ TRUNCATE_WINDOW_SECONDS: '60', LEASE_SECONDS: '120' },
    },
    script: (service) => [
      ...[join(import.meta.dirname, 'fast-service.ts'), service],
      ...[String(origin), String(SPEED)],
    ],
    objects: async () => {
      const digests = storage.objects(BUCKET).map(async (name) => {
        const content = (await bucket.read(name))?.content ?? Buffer.from('missing');
        return [name, digestOf(content)] as const;
      });
      return new Map(await Promise.all(digests));
    },
    close: async () => {
      await store.close();
      await Promise.all([firestore.close(), storage.close(), kms.close()]);
    },
  };
}

const digestOf = (content: Uint8Array): string =>
  createHash('sha256').update(content).digest('hex');

async function filesBelow(directory: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const digests = await Promise.all(
    files.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [relative(directory, path), digestOf(await readFile(path))] as const;
    }),
  );
  return new Map(digests);
}
