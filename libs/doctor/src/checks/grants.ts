import {
  type Check,
  type Finding,
  notApplicable,
  failure,
  ok,
  warning,
  worstOf,
} from '../check.ts';
import type { Grant } from '../patient.ts';
import { unended } from '../patient.ts';
import { examined } from './configuration.ts';

const EVERYBODY = new Set(['allUsers', 'allAuthenticatedUsers']);

/** Roles that let everybody read the objects of a public bucket, and nothing else. */
const READING = new Set(['roles/storage.objectViewer', 'roles/storage.legacyObjectReader']);

/** Roles of old that give far more than anything here needs: https://cloud.google.com/iam/docs/roles-overview#basic. */
const BASIC = new Set(['roles/owner', 'roles/editor']);

const judge = (
  what: string,
  grants: readonly Grant[],
  mayEverybody: ReadonlySet<string>,
): readonly Finding[] =>
  grants.flatMap(({ role, members }) => {
    if (members.some((member) => EVERYBODY.has(member)) && !mayEverybody.has(role))
      return [failure(`${what} grants everybody ${role}.`)];
    return BASIC.has(role) ? [failure(`${what} grants ${role}.`)] : [];
  });

const bucketGrants: Check = {
  id: 'bucket_grants',
  about: 'Everybody may read the objects of the buckets, and only the services may write them.',
  why: 'Whoever writes into a bucket puts files on millions of phones; the index lists nothing secret.',
  mend: 'Remove the grant with `gcloud storage buckets remove-iam-policy-binding`.',
  run: async (patient) => {
    const { grants } = patient;
    if (grants === undefined)
      return notApplicable('The rights of one machine are those of its files.');
    const { configuration, now } = await examined(patient);
    const buckets = new Set(unended(configuration.exports, now).map(({ bucket }) => bucket));
    if (buckets.size === 0) return notApplicable('No export has a bucket.');
    const found = await Promise.all(
      [...buckets].map(async (bucket) =>
        judge(`Bucket ${bucket}`, await grants.ofBucket(bucket), READING),
      ),
    );
    return worstOf(
      found.flat(),
      ok('No grant on a bucket is too wide, as far as its own policy says.'),
    );
  },
};

/** Roles on a key that use it. */
const SIGNS = new Set(['roles/cloudkms.signer', 'roles/cloudkms.signerVerifier']);
const ADMIN = 'roles/cloudkms.admin';

const keyGrants: Check = {
  id: 'key_grants',
  about:
    'Signing keys of Cloud KMS are used by services only, and by nobody who also manages them.',
  why: 'Whoever may sign publishes in the name of this server.',
  mend: 'Remove the grant with `gcloud kms keys remove-iam-policy-binding`.',
  run: async (patient) => {
    const { grants } = patient;
    if (grants === undefined) return notApplicable('The keys are files of this machine.');
    const { configuration, now } = await examined(patient);
    const keys = new Set(
      unended(configuration.signingKeys, now).map(({ signingKey }) =>
        signingKey.replace(/\/cryptoKeyVersions\/\d+$/, ''),
      ),
    );
    if (keys.size === 0) return notApplicable('There is no signing key.');
    const found = await Promise.all(
      [...keys].map(async (key) => {
        const all = await grants.ofKey(key);
        return [...judge(key, all, new Set()), ...both(key, all), ...people(key, all)];
      }),
    );
    return worstOf(
      found.flat(),
      ok('No grant on a signing key is too wide, as far as its own policy says.'),
    );
  },
};

/** Who may use a key should not also be able to grant its use: https://cloud.google.com/kms/docs/separation-of-duties. */
function both(key: string, grants: readonly Grant[]): readonly Finding[] {
  const managers = new Set(
    grants.filter(({ role }) => role === ADMIN).flatMap(({ members }) => members),
  );
  return grants.some(
    ({ role, members }) => SIGNS.has(role) && members.some((one) => managers.has(one)),
  )
    ? [warning(`${key} is managed and used by the same account.`)]
    : [];
}

function people(key: string, grants: readonly Grant[]): readonly Finding[] {
  const isPerson = (member: string): boolean => /^(user|group|domain):/.test(member);
  return grants.some(({ role, members }) => SIGNS.has(role) && members.some(isPerson))
    ? [warning(`${key} may be used by people, not by services alone.`)]
    : [];
}

/** Who may do what, as far as the policies of the resources themselves tell. */
export const grantChecks: readonly Check[] = [bucketGrants, keyGrants];
