import { impatient, machine } from '../../../test/support/machine.ts';
import { openFirestoreStore } from '@keyserver/firestore';
import { exportConfigDocument, exportConfigs, signingKeys } from '@keyserver/stores';
import { testAmbient } from '@keyserver/platform/testing';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { type KmsStandIn, startKmsStandIn } from '@keyserver/stand-ins/kms';
import { type StorageStandIn, startStorageStandIn } from '@keyserver/stand-ins/storage';
import { startExport } from './index.ts';
import { anExport } from './testing/export-builders.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';
// The first start loads Google's clients.
const KEY = 'projects/demo/locations/europe-west1/keyRings/keyserver/cryptoKeys/exports';
const NOBODY = '127.0.0.1:1';

let firestore: FirestoreStandIn;
let storage: StorageStandIn;
let kms: KmsStandIn;
let version: string;
const ambient = testAmbient('export', { random: impatient });
const { lines } = ambient;

beforeEach(async () => {
  lines.length = 0;
  firestore = await startFirestoreStandIn();
  storage = await startStorageStandIn({ buckets: ['exports'] });
  kms = await startKmsStandIn();
  version = kms.createSigningKey(KEY);
});

afterEach(async () => {
  await Promise.all([firestore.close(), storage.close(), kms.close()]);
});

/** Declares one export, which is signed with this key. */
async function declare(options: {
  readonly bucket?: string;
  readonly key?: string;
  /** A second key of the same export. */
  readonly other?: string;
}): Promise<void> {
  const { bucket = 'exports', key = version, other } = options;
  const keys = other === undefined ? ['k1'] : ['k1', 'k2'];
  const store = await openFirestoreStore({
    ...machine,
    projectId: 'demo-project',
    emulatorHost: firestore.address,
  });
  await store.transact(async (tx) => {
    tx.set(exportConfigs, 'us', exportConfigDocument(anExport({ bucket, signingKeys: keys })));
    if (other !== undefined)
      tx.set(signingKeys, 'k2', { signingKey: other, keyId: '310', keyVersion: 'v2', from: 0 });
    tx.set(signingKeys, 'k1', { signingKey: key, keyId: '310', keyVersion: 'v1', from: 0 });
    await Promise.resolve();
  });
  await store.close();
}

/** Starts the service and ends it again. */
async function start(options: Readonly<Record<string, string>> = {}): Promise<void> {
  const env = {
    PLATFORM: 'gcp',
    GCP_PROJECT: 'demo-project',
    KEY_HASH_SECRET: 'ab'.repeat(32),
    FIRESTORE_ENDPOINT: firestore.address,
    STORAGE_ENDPOINT: new URL(storage.url).host,
    KMS_ENDPOINT: kms.address,
    PORT: '0',
    OIDC_ISSUER: 'https://issuer.example',
    OIDC_JWKS_URL: 'https://issuer.example/jwks.json',
    OIDC_AUDIENCE: 'export',
    CALLER_EMAILS: 'scheduler@example.org',
    ...options,
  };
  const service = await startExport(env, ambient);
  await service.close();
}

describe('the export service starts on Google Cloud', () => {
  it('without a word when all that it needs is there', async () => {
    await declare({});
    await start();
    expect(lines).toEqual([]);
  });

  it.each(['INTERNAL', 'RESOURCE_EXHAUSTED', 'UNKNOWN'] as const)(
    'while a key cannot be tried out for a passing reason (%s), and reports it',
    async (code) => {
      await declare({});
      kms.faults.fail({ method: 'AsymmetricSign', code });
      await start();
      expect(lines).toEqual([expect.stringContaining('"message":"export.key_unusable"')]);
    },
  );

  it.each([
    ['KMS_ENDPOINT', '"problem":"unreachable".*"export.key_unusable"'],
    ['STORAGE_ENDPOINT', '"class":"CloudStorageFault".*"service.unhealthy"'],
  ])('while nobody answers at %s, and reports it', async (name, reported) => {
    await declare({});
    await start({ [name]: NOBODY });
    expect(lines).toEqual([expect.stringMatching(reported)]);
  });
});

describe.each([
  ['is a name of the machine that the data came from', 'dev-export-1', 'malformed_name'],
  ['does not exist', `${KEY}/cryptoKeyVersions/9`, 'not_found'],
])('the export service with two keys, one of which %s', (_, other, code) => {
  it('starts, signs with the other one, and reports it', async () => {
    await declare({ other });
    await start();
    expect(lines).toEqual([expect.stringMatching(`"key":"k2".*"problem":"${code}"`)]);
  });
});

describe('the export service does not start on Google Cloud', () => {
  it('with a key that is disabled', async () => {
    await declare({});
    kms.setState(version, 'DISABLED');
    await expect(start()).rejects.toThrow(`${version} is DISABLED`);
  });

  it('with a key that signs otherwise than phones expect', async () => {
    const key = kms.createSigningKey(`${KEY}-384`, 'EC_SIGN_P384_SHA384');
    await declare({ key });
    await expect(start()).rejects.toThrow(`${key} is of algorithm EC_SIGN_P384_SHA384`);
  });

  it('without the bucket of an export', async () => {
    await declare({ bucket: 'another' });
    await expect(start()).rejects.toThrow('the bucket another failed: the bucket does not exist');
  });

  it('without a permission in the bucket of an export', async () => {
    await storage.close();
    const permissions = ['create', 'get', 'list'].map((each) => `storage.objects.${each}`);
    storage = await startStorageStandIn({ buckets: ['exports'], permissions });
    await declare({});
    await expect(start()).rejects.toThrow('storage.objects.delete');
  });
});
