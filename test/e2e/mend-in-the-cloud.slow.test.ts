import { machine } from '../support/machine.ts';
import type { DocumentStore } from '@keyserver/docstore';
import { openFirestoreStore } from '@keyserver/firestore';
import { type CloudKms, openKms } from '@keyserver/cloud-kms';
import { openCloudBuckets } from '@keyserver/cloud-storage';
import { exportBatches } from '@keyserver/stores';
import { auditedSteps } from '@keyserver/stores/testing';
import { seededRandom } from '@keyserver/random/testing';
import { HOUR, unixMillis } from '@keyserver/time';
import {
  type ExportFixture,
  aSigningKey,
  anExport,
  openExportFixture,
} from '@keyserver/export/testing';
import { keyserver } from '@keyserver/cli/testing';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { type KmsStandIn, startKmsStandIn } from '@keyserver/stand-ins/kms';
import { type StorageStandIn, startStorageStandIn } from '@keyserver/stand-ins/storage';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const KEY = 'projects/mended/locations/europe-west1/keyRings/exports/cryptoKeys/us';
/** The beginning of an hour before this one. */
const hoursAgo = (n: number) => unixMillis((Math.floor(Date.now() / HOUR) - n) * HOUR);

const BUCKET = 'mended-exports';

let firestore: FirestoreStandIn;
let storage: StorageStandIn;
let kmsStandIn: KmsStandIn;
let store: DocumentStore;
let kms: CloudKms;
let version: string;
let fixture: ExportFixture;
let keys: readonly string[];

/** Before each test a server with an export of two files, and an end of it after it. */
function aServer(): void {
  beforeEach(async () => {
    const random = seededRandom('mended');
    storage = await startStorageStandIn({ buckets: [BUCKET] });
    kmsStandIn = await startKmsStandIn();
    version = kmsStandIn.createSigningKey(KEY);
    kms = await openKms({ ...machine, endpoint: kmsStandIn.address, random });
    const buckets = openCloudBuckets({
      ...machine,
      projectId: 'mended',
      random,
      apiEndpoint: storage.url,
    });
    fixture = await openExportFixture({
      // The command sees the time of this machine, and refuses a store of another.
      openStore: async (clock) => {
        clock.advance(Date.now() - clock.now());
        firestore = await startFirestoreStandIn();
        const emulatorHost = firestore.address;
        store = await openFirestoreStore({ ...machine, projectId: 'mended', emulatorHost, random });
        return store;
      },
      openBucket: () => buckets.openBucket(BUCKET),
    });
    await fixture.declare(aSigningKey('k1', { signingKey: version }));
    await fixture.configure(anExport({ bucket: BUCKET }));
    keys = [
      ...(await fixture.publish(12, { window: hoursAgo(3) })),
      ...(await fixture.publish(12, { window: hoursAgo(2) })),
    ];
    await fixture.run({ findSigner: kms.findSigner, trySigner: kms.trySigner });
  });
  afterEach(async () => {
    await Promise.all([store.close(), kms.close()]);
    await Promise.all([firestore.close(), storage.close(), kmsStandIn.close()]);
  });
}

const places = () => [
  ...['--project', 'mended', '--endpoint', firestore.address],
  ...['--storage-endpoint', new URL(storage.url).host],
];
const adopt = async (...more: readonly string[]) =>
  await keyserver(['store', 'adopt', ...places(), ...more], machine);
const rebuild = async (...more: readonly string[]) =>
  await keyserver(
    [...['store', 'rebuild', 'files', ...places(), '--kms-endpoint', kmsStandIn.address], ...more],
    machine,
  );
const bucket = () => fixture.deps.openBucket(BUCKET);
const index = async () => (await fixture.index('us', BUCKET)) ?? [];

async function operations(): Promise<readonly string[]> {
  return (await auditedSteps(store)).map(({ actor, operation }) => `${actor} ${operation}`);
}

async function* words(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text));
}

async function replace(name: string, text: string): Promise<void> {
  const expected = (await bucket().find(name))?.generation ?? 'absent';
  const headers = { contentType: 'text/plain', cacheControl: 'no-cache', digest: 'd' };
  await bucket().put(name, words(text), { headers, expected });
}

describe('store adopt in the cloud', () => {
  aServer();

  it('shows parts without an id, and gives them one only with --yes', async () => {
    const looked = await adopt();
    expect(looked).toMatchObject({ code: 0, err: '' });
    expect(looked.out).toContain('Nothing was changed.');
    expect(storage.objects(BUCKET)).not.toContain('.store-id');
    expect(await adopt('--yes')).toMatchObject({ code: 0, err: '' });
    expect(storage.objects(BUCKET)).toContain('.store-id');
    expect((await adopt('--yes')).out).toContain('All parts belong together');
    expect(await operations()).toEqual(['alex store.adopt']);
  });

  it('takes a bucket with the id of another store', async () => {
    await adopt('--yes');
    await replace('.store-id', 'another\n');
    expect((await adopt()).out).toContain('carries the id of another store');
    expect((await adopt('--yes')).out).toContain('are one store from now on');
    expect((await adopt()).out).toContain('All parts belong together');
  });
});

describe('store rebuild files in the cloud', () => {
  aServer();

  it('refuses parts that do not belong together', async () => {
    expect(await rebuild('--yes')).toMatchObject({
      code: 2,
      err: expect.stringContaining('see `keyserver store adopt` first') as string,
    });
  });

  it('makes what is gone anew, with the contents and the signing key that it had', async () => {
    await adopt('--yes');
    const [first = ''] = await index();
    await bucket().delete(first);
    await bucket().delete('us/index.txt');
    const looked = await rebuild();
    expect(looked).toMatchObject({ code: 0, err: '' });
    expect(looked.out).toMatch(new RegExp(`${first} +missing +is made anew`));
    expect(await bucket().find(first)).toBeUndefined();
    expect(await rebuild('--yes')).toMatchObject({ code: 0, err: '' });
    expect((await fixture.download('us', BUCKET)).toSorted()).toEqual(
      expect.arrayContaining([...keys]),
    );
    expect(await operations()).toEqual(expect.arrayContaining(['alex store.rebuild']));
  });

  it('unlists a file whose key version was destroyed', async () => {
    await adopt('--yes');
    const [first = '', second = ''] = await index();
    await bucket().delete(first);
    kmsStandIn.setState(version, 'DESTROYED');
    const ran = await rebuild('--yes');
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('Made 0 archives anew and unlisted 1.');
    expect(await index()).toEqual([second]);
    for await (const page of store.pages(exportBatches, {}))
      expect(page.flatMap(({ value }) => value.files).map(({ name }) => name)).not.toContain(first);
  });
});

describe('stand-ins and the cloud are not mixed', () => {
  const here = '127.0.0.1:9'; // where nobody answers, as nobody is asked

  it('never writes the id of a stand-in into buckets of the cloud', async () => {
    const argv = ['store', 'adopt', '--project', 'mended', '--yes'];
    const refusal = { code: 2, err: 'keyserver: --endpoint and --storage-endpoint go together\n' };
    expect(await keyserver([...argv, '--endpoint', here])).toMatchObject(refusal);
    const elsewhere = ['--storage-endpoint', here];
    expect(await keyserver([...argv, ...elsewhere])).toMatchObject(refusal);
  });

  it.each(['--storage-endpoint', '--endpoint'])(
    'sends nothing to %s of another machine',
    async (option) => {
      const ran = await keyserver([
        'store',
        'adopt',
        '--project',
        'mended',
        option,
        '192.0.2.1:80',
      ]);
      expect(ran.code).toBe(2);
      expect(ran.err).toContain('must be a port of this machine');
    },
  );

  it('signs files of a stand-in by nothing but a stand-in', async () => {
    const argv = ['store', 'rebuild', 'files', '--project', 'mended', '--endpoint', here];
    const ran = await keyserver([...argv, '--storage-endpoint', here], machine);
    expect(ran).toMatchObject({
      code: 2,
      err: expect.stringContaining('--endpoint and --kms-endpoint go together') as string,
    });
  });
});
