import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { clockOver } from '@keyserver/time';
import { startFirestoreStandIn } from './firestore/start-firestore.ts';
import { startKmsStandIn } from './kms/start-kms.ts';
import { startStorageStandIn } from './storage/start-storage.ts';

/** What the thread is started with: the memory of a simulated clock, and what exists from the beginning. */
interface Wanted {
  readonly clock: SharedArrayBuffer;
  readonly buckets: readonly string[];
  readonly signingKeys: readonly string[];
  /** The full name of the key that wraps data keys. */
  readonly wrappingKey: string;
}

const KEY_RING = 'projects/demonstration/locations/europe-west1/keyRings/exports/cryptoKeys/';
const INDEXES = new URL('../../terraform/firestore-indexes.json', import.meta.url);

/** Starts all stand-ins in this thread, with the indexes that a deployment has, and tells where they answer. */
async function start({ clock, buckets, signingKeys, wrappingKey }: Wanted): Promise<void> {
  const { now } = clockOver(clock);
  const indexes = JSON.parse(readFileSync(INDEXES, 'utf8')) as never;
  const firestore = await startFirestoreStandIn({ now, indexes });
  const storage = await startStorageStandIn({ now, buckets, cdn: true });
  const kms = await startKmsStandIn();
  const named: Record<string, string> = {};
  kms.createWrappingKey(wrappingKey);
  for (const name of signingKeys) named[name] = kms.createSigningKey(KEY_RING + name);
  parentPort?.postMessage({
    firestore: firestore.address,
    storage: storage.url,
    kms: kms.address,
    signingKeys: named,
  });
}

await start(workerData as Wanted);
