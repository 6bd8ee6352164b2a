import { startCleanup } from '@keyserver/cleanup';
import { openCloudBuckets } from '@keyserver/cloud-storage';
import type { Collection, DocumentStore } from '@keyserver/docstore';
import { openFirestoreStore } from '@keyserver/firestore';
import { testAmbient, testMachine } from '@keyserver/platform/testing';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { type KmsStandIn, startKmsStandIn } from '@keyserver/stand-ins/kms';
import { type StorageStandIn, startStorageStandIn } from '@keyserver/stand-ins/storage';
import {
  authorityDocument,
  exportBatches,
  exportConfigDocument,
  exportConfigs,
  healthAuthorities,
  keyBatchDocument,
  keyBatches,
  storeUploads,
  totals,
} from '@keyserver/stores';
import {
  NOON,
  SETTINGS,
  aKey,
  anUpload,
  exportProgress,
  recordsOf,
} from '@keyserver/stores/testing';
import {
  DAY,
  HOUR,
  MINUTE,
  type SimulatedClock,
  simulatedClock,
  unixMillis,
} from '@keyserver/time';
import { startTrust } from '@keyserver/trust';
import { aJwk, startKeyServer } from '@keyserver/trust/testing';
import { rowsOf, sectionOf, textOf } from '../docs/pages.ts';
import { impatient, machine } from '../support/machine.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const WRAPPING_KEY = 'projects/demo-costs/locations/eu/keyRings/tokens/cryptoKeys/revision';
const EXPORT = {
  ...{ id: 'us', bucket: 'exports', filenameRoot: 'us', period: HOUR, outputRegion: 'US' },
  ...{ inputRegions: [], excludeRegions: [], includeTravelers: true, onlyNonTravelers: false },
  ...{ from: unixMillis(0), thru: undefined, signingKeys: ['k1'] },
  ...{ minRecords: 10, paddingRange: 0, maxRecords: 1000, padEmpty: false },
};
const ARCHIVE = 'us/1768474800-1768478400-00001.zip';
const DOCUMENTS = 10;

let clock: SimulatedClock;
let firestore: FirestoreStandIn;
let storage: StorageStandIn;
let kms: KmsStandIn;
let store: DocumentStore;
beforeEach(async () => {
  clock = simulatedClock(NOON);
  firestore = await startFirestoreStandIn({ now: () => clock.now() });
  storage = await startStorageStandIn({ buckets: ['exports'], now: () => clock.now() });
  kms = await startKmsStandIn();
  kms.createWrappingKey(WRAPPING_KEY);
  const place = { projectId: 'demo-costs', emulatorHost: firestore.address };
  store = await openFirestoreStore({ ...machine, ...place, clock });
});
afterEach(async () => {
  await store.close();
  await Promise.all([firestore.close(), storage.close(), kms.close()]);
});

/** What a run of a job costs, with its lease and the note that it leaves, as a row of the page has it. */
type Count = (name: string, route: string) => Promise<readonly string[]>;

/** Starts a service for as long as `work` takes, which calls its jobs as the scheduler does. */
async function withService(
  name: 'cleanup' | 'trust',
  settings: Readonly<Record<string, string>>,
  work: (count: Count, run: (route: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const scheduler = await testMachine(name, clock);
  const { DATA_DIR: _, ...identity } = scheduler.env;
  const start = name === 'cleanup' ? startCleanup : startTrust;
  const service = await start(
    {
      ...{
        ...identity,
        PLATFORM: 'gcp',
        GCP_PROJECT: 'demo-costs',
        KEY_HASH_SECRET: 'ab'.repeat(32),
      },
      ...{ FIRESTORE_ENDPOINT: firestore.address, ...settings },
    },
    testAmbient(name, { clock, random: impatient }),
  );
  const run = async (route: string): Promise<void> => {
    const headers = await scheduler.caller();
    const response = await fetch(`${service.url}${route}`, { method: 'POST', headers });
    expect([route, response.status, await response.json()]).toEqual([route, 200, { ok: true }]);
  };
  const count: Count = async (step, route) => {
    firestore.usage();
    await run(route);
    const { reads, writes, deletes } = firestore.usage();
    return [step, ...[reads, writes, deletes].map((n) => n.toLocaleString('en-US'))];
  };
  try {
    await work(count, run);
  } finally {
    await service.close();
    await scheduler.remove();
  }
}

const documented = (): readonly (readonly string[])[] =>
  rowsOf(sectionOf(textOf('docs/data-model.md'), 'What cleanup and trust cost in Firestore'));

async function* bytes(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from('x'));
}

/** A finished batch, with an archive that is in no index. */
async function aBatch(): Promise<void> {
  const at = { ...machine, random: impatient, projectId: 'demo-costs', apiEndpoint: storage.url };
  const headers = { contentType: 'a/b', cacheControl: 'no-cache', digest: 'd' };
  const bucket = openCloudBuckets(at).openBucket('exports');
  await bucket.put(ARCHIVE, bytes(), { headers, expected: 'absent' });
  await store.transact(async (tx) => {
    await Promise.resolve();
    tx.set(exportBatches, 'us-noon', {
      ...{ config: 'us', state: 'complete', start: NOON - HOUR, end: NOON, attempt: 0, fence: 0 },
      ...{ holder: '', leaseExpires: 0, settings: EXPORT, expireAt: NOON + 20 * DAY },
      files: [{ name: ARCHIVE, keys: 1, digest: 'aa' }],
    });
  });
}

/** Documents of keys that were received at noon, each of one upload. */
async function keysOfNoon(): Promise<void> {
  await store.transact(async (tx) => {
    await Promise.resolve();
    for (let n = 0; n < DOCUMENTS; n++) {
      const batch = {
        ...({ window: unixMillis(NOON), kind: 'primary', origin: 'local' } as const),
        ...{ sourceId: '', regions: ['US'], traveler: false, app: 'app', authority: undefined },
        records: recordsOf(aKey(n)),
      };
      tx.create(keyBatches, `keys-${n}`, keyBatchDocument(batch, SETTINGS, impatient));
    }
  });
}

/** The export, which has taken all keys of windows before `coveredUntil`. */
async function exportedUntil(coveredUntil: number): Promise<void> {
  await store.transact(async (tx) => {
    await Promise.resolve();
    tx.set(exportConfigs, 'us', exportConfigDocument(EXPORT));
    tx.set(exportProgress, 'us', { coveredUntil });
  });
}

async function held(collection: Collection<object>): Promise<number> {
  let documents = 0;
  for await (const page of store.pages(collection, {})) documents += page.length;
  return documents;
}

it('the jobs of cleanup cost what the page of the data model says', async () => {
  await exportedUntil(NOON);
  const settings = { STORAGE_ENDPOINT: new URL(storage.url).host };
  await withService('cleanup', settings, async (count, run) => {
    // The first runs of all begin what later ones go on with, and learn that the clock may be believed.
    for (const route of ['/totals', '/keys', '/exports']) await run(route);
    const upload = storeUploads(store, SETTINGS, impatient);
    for (let n = 0; n < 3; n++) await upload(anUpload([aKey(1000 + n)]));
    clock.advance(2 * HOUR);
    await exportedUntil(NOON + 90 * DAY);
    const folding = [
      await count('`cleanup-totals` with three uploads of an hour', '/totals'),
      await count('`cleanup-totals` with nothing to fold', '/totals'),
    ];
    for (const route of ['/keys', '/exports']) await run(route);
    const keys = [await count('`cleanup-keys` with nothing to delete', '/keys')];
    const exports = [await count('`cleanup-exports` with nothing to delete', '/exports')];
    await keysOfNoon();
    await aBatch();
    clock.advance(14 * DAY + 3 * HOUR);
    exports.push(await count('`cleanup-exports` that retires a batch', '/exports'));
    clock.advance(DAY + 5 * MINUTE);
    exports.push(await count('`cleanup-exports` that deletes its archive', '/exports'));
    await run('/totals'); // otherwise its lease would be deleted as well
    const expired = { keys: await held(keyBatches), totals: await held(totals) };
    expect(expired).toEqual({ keys: 13, totals: 1 });
    keys.push(await count('`cleanup-keys` with 13 documents of keys and a total', '/keys'));
    expect(await held(keyBatches)).toBe(0);
    clock.advance(6 * DAY);
    exports.push(await count('`cleanup-exports` that deletes its record', '/exports'));
    const counted = [...folding, ...keys, ...exports];
    expect(documented().slice(0, counted.length)).toEqual(counted);
  });
});

it('the jobs of trust cost what the page of the data model says', async () => {
  const server = await startKeyServer();
  server.serve(aJwk('k1'));
  const names = { id: 1, issuer: 'authority.example', audience: 'us', name: 'Health' };
  await store.transact(async (tx) => {
    await Promise.resolve();
    const authority = { ...names, keys: [], stats: false, jwks: server.url };
    tx.set(healthAuthorities, '1', authorityDocument(authority));
  });
  const settings = {
    ...{ PROFILE: 'development', TRUNCATE_WINDOW_SECONDS: '60' }, // authorities on this machine
    ...{ REVISION_TOKEN_KEY: WRAPPING_KEY, KMS_ENDPOINT: kms.address },
  };
  await withService('trust', settings, async (count, run) => {
    await run('/rotate-keys');
    const counted = [await count('`rotate-keys` with nothing due', '/rotate-keys')];
    clock.advance(7 * DAY);
    counted.push(
      await count('`rotate-keys` that makes a data key', '/rotate-keys'),
      await count('`refresh-authority-keys`, one key learned', '/refresh-authority-keys'),
    );
    clock.advance(2 * MINUTE);
    counted.push(
      await count('`refresh-authority-keys`, the same key again', '/refresh-authority-keys'),
    );
    clock.advance(HOUR);
    counted.push(
      await count('`refresh-authority-keys`, noted each quarter', '/refresh-authority-keys'),
    );
    expect(documented().slice(-counted.length)).toEqual(counted);
  });
  await server.close();
});
