import { type Mistake, type Spoil, added, changed, serviceOf, without } from './spoil.ts';

const account = (name: string): string =>
  `serviceAccount:${name}@health-keys.iam.gserviceaccount.com`;
const granting = (thing: string, role: string, member: string): Spoil =>
  added(`${thing}_iam_member`, { role, member });
const STRANGER = account('somebody');
const PUBLISH = account('keyserver-publish');

const WIDE = 'no role gives more than its holder needs';
const EVERYBODY = 'nothing is granted to everybody';
const OUTSIDE = 'only two services are reached from outside, through the load balancer';
const KEYS = 'only export signs, only trust wraps, only publish unwraps besides';
const BUCKETS = 'only export and cleanup reach the buckets';
const ACCOUNTS = 'each account may do what it is for';

/** Mistakes about who may do what. */
export const accessMistakes: readonly Mistake[] = [
  {
    rule: WIDE,
    mistake: 'an editor of the project',
    spoil: granting('project', 'roles/editor', STRANGER),
    says: /grants roles\/editor/,
  },
  {
    rule: WIDE,
    mistake: 'an administrator of a bucket',
    spoil: granting('storage_bucket', 'roles/storage.objectAdmin', STRANGER),
    says: /roles\/storage.objectAdmin/,
  },
  {
    rule: EVERYBODY,
    mistake: 'a public bucket',
    spoil: granting('storage_bucket', 'roles/storage.objectViewer', 'allUsers'),
    says: /is for everybody/,
  },
  {
    rule: EVERYBODY,
    mistake: 'a bucket that may be made public',
    spoil: changed('google_storage_bucket.files', 'public_access_prevention', 'inherited'),
    says: /may be opened/,
  },
  {
    rule: OUTSIDE,
    mistake: 'uploads that go around the load balancer',
    spoil: changed(serviceOf('publish'), 'ingress', 'INGRESS_TRAFFIC_ALL'),
    says: /keyserver-publish has INGRESS_TRAFFIC_ALL/,
  },
  {
    rule: OUTSIDE,
    mistake: 'jobs that the public can ask for',
    spoil: changed(serviceOf('cleanup'), 'ingress', 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER'),
    says: /keyserver-cleanup/,
  },
  {
    rule: KEYS,
    mistake: 'publish that signs',
    spoil: granting('kms_crypto_key', 'roles/cloudkms.signerVerifier', PUBLISH),
    says: /keyserver-publish.* has roles\/cloudkms.signerVerifier/,
  },
  {
    rule: KEYS,
    mistake: 'publish that wraps',
    spoil: changed('publish_unwraps', 'role', 'roles/cloudkms.cryptoKeyEncrypterDecrypter'),
    says: /EncrypterDecrypter/,
  },
  {
    rule: KEYS,
    mistake: 'a grant on all keys at once',
    spoil: granting('kms_key_ring', 'roles/cloudkms.signerVerifier', account('keyserver-export')),
    says: /keyserver-export@/,
  },
  {
    rule: KEYS,
    mistake: 'export that cannot sign',
    spoil: without('export_signs'),
    says: /export has no key/,
  },
  {
    rule: BUCKETS,
    mistake: 'a build that writes files',
    spoil: granting('storage_bucket', 'roles/storage.objectUser', account('keyserver-build')),
    says: /keyserver-build/,
  },
  {
    rule: BUCKETS,
    mistake: 'publish that reads files',
    spoil: granting('storage_bucket', 'roles/storage.objectViewer', PUBLISH),
    says: /keyserver-publish/,
  },
  {
    rule: BUCKETS,
    mistake: 'export that reaches every bucket of the project',
    spoil: granting('project', 'roles/storage.objectUser', account('keyserver-export')),
    says: /keyserver-export/,
  },
  {
    rule: ACCOUNTS,
    mistake: 'a service that reaches every database',
    spoil: changed('module.trust.google_project_iam_member.datastore', 'condition', []),
    says: /may use every database/,
  },
  {
    rule: ACCOUNTS,
    mistake: 'a caller with rights of its own',
    spoil: granting('project', 'roles/run.invoker', account('call-do-work')),
    says: /call-do-work@.* has roles\/run.invoker/,
  },
  {
    rule: ACCOUNTS,
    mistake: 'two services with one account',
    spoil: changed(
      serviceOf('cleanup'),
      'template.0.service_account',
      'keyserver-export@health-keys.iam.gserviceaccount.com',
    ),
    says: /account of two services/,
  },
];
