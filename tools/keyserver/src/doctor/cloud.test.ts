import { type CloudKms, openKms } from '@keyserver/cloud-kms';
import { openCloudBuckets } from '@keyserver/cloud-storage';
import { firestoreIndexes, openFirestoreStore } from '@keyserver/firestore';
import { type JobService, SCHEDULED_JOBS } from '@keyserver/scheduled-jobs';
import { allCollections } from '@keyserver/stores';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { type KmsStandIn, startKmsStandIn } from '@keyserver/stand-ins/kms';
import {
  type Job,
  type SchedulerStandIn,
  startSchedulerStandIn,
} from '@keyserver/stand-ins/scheduler';
import { type StorageStandIn, startStorageStandIn } from '@keyserver/stand-ins/storage';
import type { DocumentStore } from '@keyserver/docstore';
import { SECOND, simulatedClock, systemTimers } from '@keyserver/time';
import { impatient } from '../../../../test/support/machine.ts';
import { type Ran, keyserver } from '../testing/run-cli.ts';
import { serve, stopServing } from '../testing/serve.ts';
import { LATER, answering, makeSound } from './testing/sound-server.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const PROJECT = 'health';
const BUCKET = 'exports';
const LAYOUTS = allCollections.map(({ layout }) => layout);
const RING = 'projects/health/locations/europe-west1/keyRings/keys/cryptoKeys';
const [SIGNING, WRAPPING] = [`${RING}/export`, `${RING}/tokens`];
const SERVICES: readonly JobService[] = ['export', 'cleanup', 'trust'];
const SECRET = Buffer.alloc(32, 7);
const MACHINE = { timers: systemTimers, random: impatient };

let firestore: FirestoreStandIn;
let storage: StorageStandIn;
let kms: KmsStandIn;
let scheduler: SchedulerStandIn;
let store: DocumentStore;
let keys: CloudKms;
let version: string;
let url: string;

// A sound server in a cloud, with all its jobs; what a test spoils is put right after it.
beforeAll(async () => {
  kms = await startKmsStandIn();
  version = kms.createSigningKey(SIGNING);
  kms.createWrappingKey(WRAPPING);
  keys = await openKms({ ...MACHINE, endpoint: kms.address });
  await makeSound(async (clock) => {
    const now = () => clock.now();
    firestore = await startFirestoreStandIn({ now, indexes: firestoreIndexes(LAYOUTS) });
    storage = await startStorageStandIn({ buckets: [BUCKET], cdn: true, now });
    const { openBucket } = openCloudBuckets({
      ...{ ...MACHINE, projectId: PROJECT, apiEndpoint: storage.url },
    });
    store = await openFirestoreStore({
      ...{ ...MACHINE, clock, projectId: PROJECT, emulatorHost: firestore.address },
    });
    const { findSigner, trySigner } = keys;
    return {
      ...{ store, openBucket, findSigner, trySigner, keyHashSecret: SECRET },
      ...{ wrapper: keys.wrapperFor(WRAPPING), bucket: openBucket(BUCKET), signingKey: version },
    };
  });
  url = await serve({
    '/health': answering('{"status":"ok"}'),
    '/jwks.json': answering('{"keys":[{}]}'),
  });
  scheduler = await startSchedulerStandIn({ now: () => LATER });
  for (const job of jobs()) scheduler.add(job);
});

const EXPORTING = 'serviceAccount:export@health.example';
const ON_BUCKET = [
  { role: 'roles/storage.objectViewer', members: ['allUsers'] },
  { role: 'roles/storage.objectAdmin', members: [EXPORTING] },
];
const ON_KEY = [{ role: 'roles/cloudkms.signerVerifier', members: [EXPORTING] }];
beforeEach(() => {
  storage.setPolicy(BUCKET, ON_BUCKET);
  kms.setPolicy(SIGNING, ON_KEY);
});

const jobs = (): readonly Job[] =>
  SERVICES.flatMap((service) =>
    SCHEDULED_JOBS[service].map(({ name, route, schedule, deadlineSeconds, retries }) => ({
      name: `projects/${PROJECT}/locations/europe-west1/jobs/keyserver-${service}-${name}`,
      ...{ schedule, timeZone: 'Etc/UTC', retryConfig: { retryCount: retries } },
      attemptDeadline: { seconds: deadlineSeconds },
      httpTarget: {
        ...{ uri: `https://${service}.example${route}`, httpMethod: 'POST' as const },
        oidcToken: {
          ...{ serviceAccountEmail: 'jobs@health.example' },
          audience: `https://${service}.example`,
        },
      },
      lastAttemptTime: { seconds: LATER / SECOND - 60, nanos: 0 },
    })),
  );

afterEach(() => {
  for (const { faults } of [firestore, kms, scheduler]) faults.clear();
  storage.faults.clear();
  replaceJob({});
});
afterAll(async () => {
  stopServing();
  await Promise.all([store.close(), keys.close()]);
  await Promise.all([firestore.close(), storage.close(), kms.close(), scheduler.close()]);
});

/** Runs the doctor on the cloud, in its environment. */
async function doctor(
  argv: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
  database: FirestoreStandIn = firestore,
): Promise<Ran> {
  const places = [
    ...['--project', PROJECT, '--endpoint', database.address, '--kms-endpoint', kms.address],
    ...['--storage-endpoint', new URL(storage.url).host],
    ...['--scheduler-endpoint', scheduler.address, '--location', 'europe-west1'],
    ...['--files-url', `${storage.url}/{bucket}`, '--service-url', `publish=${url}`],
    ...SERVICES.flatMap((name) => ['--service-url', `${name}=https://${name}.example`]),
  ];
  const told = {
    ...{ PLATFORM: 'gcp', GCP_PROJECT: PROJECT, KEY_HASH_SECRET: SECRET.toString('hex') },
    ...{ REVISION_TOKEN_KEY: WRAPPING, OIDC_JWKS_URL: `${url}/jwks.json` },
    ...environment,
  };
  const clock = simulatedClock(LATER);
  return await keyserver(['doctor', ...places, ...argv], { environment: told, clock });
}

async function looked(
  id: string,
  environment = {},
  database = firestore,
): Promise<{ readonly status: string; readonly found: string }> {
  const { out } = await doctor(['--only', id, '--json'], environment, database);
  const { checks } = JSON.parse(out) as { checks: { status: string; found: string }[] };
  return checks[0]!;
}

describe('the doctor on Google Cloud', () => {
  it('finds nothing wrong with a sound server', async () => {
    const ran = await doctor();
    expect(ran.out).not.toMatch(/^ {2}(warning|FAILURE|unknown)/m);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toMatch(/\d+ checks: \d+ ok, \d+ not applicable\.\n$/);
    for (const id of ['jobs_scheduled', 'jobs_succeed', 'bucket_grants', 'key_grants'])
      expect(ran.out).toMatch(new RegExp(`^  ok +${id} `, 'm'));
  });

  it('names an index that is missing', async () => {
    const { indexes, fields } = firestoreIndexes(LAYOUTS);
    const poor = await startFirestoreStandIn({
      now: () => LATER,
      indexes: { fields, indexes: indexes.filter(({ collection }) => collection !== 'totals') },
    });
    // An empty database is enough: what counts is that a query is refused.
    const found = await looked('store_indexes', {}, poor);
    expect(found).toMatchObject({
      status: 'failure',
      found: 'Queries are refused or fail: totals by authority, hour.',
    });
    expect(await looked('store_format', {}, poor)).toMatchObject({
      status: 'failure',
      found: expect.stringContaining('No service has ever used the store') as string,
    });
    await poor.close();
  });

  it('names a database that is away, and says of the rest that it could not tell', async () => {
    firestore.faults.fail({ method: 'BatchGetDocuments', code: 'PERMISSION_DENIED', times: 99 });
    expect(await looked('store_reachable')).toMatchObject({ status: 'failure' });
    expect(await looked('store_format')).toMatchObject({ status: 'could_not_tell' });
  });

  it('names keys that cannot be used', async () => {
    kms.setState(version, 'DISABLED');
    expect(await looked('signing_key_usable')).toMatchObject({
      status: 'failure',
      found: expect.stringContaining('DISABLED') as string,
    });
    kms.setState(version, 'ENABLED');
    kms.setState(`${WRAPPING}/cryptoKeyVersions/1`, 'DISABLED');
    expect(await looked('token_keys_usable')).toMatchObject({ status: 'failure' });
    kms.setState(`${WRAPPING}/cryptoKeyVersions/1`, 'ENABLED');
    expect(await looked('token_keys_usable', { REVISION_TOKEN_KEY: '' })).toMatchObject({
      status: 'could_not_tell',
    });
  });

  it('names another secret, and settings of stand-ins', async () => {
    const other = await looked('store_format', { KEY_HASH_SECRET: 'cd'.repeat(32) });
    expect(other).toMatchObject({ status: 'failure' });
    expect(JSON.stringify(other)).not.toContain('cdcd');
    expect(await looked('debug_settings', { KMS_ENDPOINT: '127.0.0.1:1' })).toMatchObject({
      status: 'warning',
      found: 'KMS_ENDPOINT names a stand-in instead of Google Cloud.',
    });
  });

  it.each<readonly [string, () => void, string, RegExp]>([
    [
      'bucket_grants',
      () => {
        storage.setPolicy(BUCKET, [
          ...ON_BUCKET,
          { role: 'roles/storage.objectAdmin', members: ['allAuthenticatedUsers'] },
        ]);
      },
      'failure',
      /grants everybody roles\/storage\.objectAdmin/,
    ],
    [
      'bucket_grants',
      () => {
        storage.setPolicy(BUCKET, [
          ...ON_BUCKET,
          { role: 'roles/editor', members: ['user:a@health.example'] },
        ]);
      },
      'failure',
      /grants roles\/editor/,
    ],
    [
      'bucket_grants',
      () => {
        storage.faults.fail({ op: 'policy', status: 403, times: 9 });
      },
      'could_not_tell',
      /lacks a permission/,
    ],
    [
      'key_grants',
      () => {
        kms.setPolicy(SIGNING, [
          ...ON_KEY,
          { role: 'roles/cloudkms.signer', members: ['allUsers'] },
        ]);
      },
      'failure',
      /grants everybody roles\/cloudkms\.signer/,
    ],
    [
      'key_grants',
      () => {
        kms.setPolicy(SIGNING, [
          ...ON_KEY,
          { role: 'roles/cloudkms.signer', members: ['user:a@health.example'] },
        ]);
      },
      'warning',
      /may be used by people/,
    ],
    [
      'key_grants',
      () => {
        kms.setPolicy(SIGNING, [
          ...ON_KEY,
          { role: 'roles/cloudkms.admin', members: ['serviceAccount:export@health.example'] },
        ]);
      },
      'warning',
      /managed and used by the same account/,
    ],
    [
      'key_grants',
      () => {
        kms.faults.fail({ method: 'GetIamPolicy', code: 'PERMISSION_DENIED' });
      },
      'could_not_tell',
      /may not be used by this account/,
    ],
    [
      'bucket_writable',
      () => {
        storage.faults.fail({ op: 'permissions', status: 403, times: 9 });
      },
      'failure',
      /Bucket exports: .*lacks a permission/,
    ],
    [
      'jobs_scheduled',
      () => {
        scheduler.remove(jobs()[0]!.name);
      },
      'failure',
      /export-create-batches: existence: wanted a job, found none/,
    ],
    [
      'jobs_scheduled',
      () => {
        replaceJob({ state: 'PAUSED' });
      },
      'failure',
      /export-create-batches: state: wanted ENABLED, found PAUSED/,
    ],
    [
      'jobs_scheduled',
      () => {
        const [first] = jobs();
        const name = first!.name.replace(/[^/]+$/, 'keyserver-federation-pull-pull-east');
        scheduler.add({ ...first!, name });
      },
      'warning',
      /keyserver-federation-pull-pull-east is of a federation query that is not in force/,
    ],
    [
      'jobs_scheduled',
      () => {
        scheduler.faults.fail({ method: 'ListJobs', code: 'PERMISSION_DENIED' });
      },
      'could_not_tell',
      /project health/,
    ],
    [
      'jobs_succeed',
      () => {
        replaceJob({ status: { code: 16 } });
      },
      'failure',
      /was last tried at 2026-01-15T16:59:00Z: UNAUTHENTICATED/,
    ],
    [
      'jobs_succeed',
      () => {
        replaceJob({ lastAttemptTime: null });
      },
      'warning',
      /was never tried/,
    ],
  ])('names what is wrong of %s', async (id, spoil, status, words) => {
    spoil();
    const found = await looked(id);
    expect(found.status).toBe(status);
    expect(found.found).toMatch(words);
  });

  it.each([
    ['jobs_scheduled', /location of the jobs is not known/],
    ['files_served', /not known where phones fetch files/],
    ['services_healthy', /address of publish is not known/],
    ['services_clock', /No address of a service/],
  ])('does not pass over what it is not told: %s', async (id, words) => {
    const argv = ['doctor', '--project', PROJECT, '--endpoint', firestore.address, '--only', id];
    const standIns = [
      '--storage-endpoint',
      new URL(storage.url).host,
      '--kms-endpoint',
      kms.address,
    ];
    const ran = await keyserver([...argv, ...standIns], { clock: simulatedClock(LATER) });
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(words);
  });
});

/** Has another job in the place of the first one. */
function replaceJob(change: Partial<Job>): void {
  const [first] = jobs();
  scheduler.remove(first!.name);
  scheduler.add({ ...first!, ...change });
}
