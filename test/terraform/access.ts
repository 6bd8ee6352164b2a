import { type Plan, type Policy, ofType, textAt } from './plan.ts';

/** A grant: who may do what with which thing. */
interface Grant {
  readonly address: string;
  readonly role: string;
  readonly member: string;
}

const grantsOf = (plan: Plan): readonly Grant[] =>
  plan
    .filter(({ type }) => type.endsWith('_iam_member'))
    .map(({ address, values }) => ({
      address,
      role: textAt(values, 'role'),
      member: textAt(values, 'member'),
    }));

const isAccount = (service: string, { member }: Grant): boolean =>
  member.startsWith(`serviceAccount:keyserver-${service}@`);

/** Roles of old, and others that give whole products away: https://cloud.google.com/iam/docs/roles-overview#basic. */
const TOO_WIDE =
  /^roles\/(owner|editor|viewer|browser|.*[aA]dmin|cloudbuild\.builds\.builder|iam\.serviceAccountTokenCreator|iam\.securityReviewer)$/;

/** No role gives more than its holder needs. */
export const noWideRoles: Policy = (plan) =>
  grantsOf(plan)
    .filter(({ role }) => TOO_WIDE.test(role))
    .map(({ address, role }) => `${address} grants ${role}`);

/** Nothing is granted to everybody, and no bucket may ever be. */
export const nothingForEverybody: Policy = (plan) => [
  ...grantsOf(plan)
    .filter(({ member }) => /^all(Authenticated)?Users$/.test(member))
    .map(({ address }) => `${address} is for everybody`),
  ...ofType(plan, 'storage_bucket')
    .filter(
      ({ values }) =>
        values['public_access_prevention'] !== 'enforced' ||
        values['uniform_bucket_level_access'] !== true,
    )
    .map(({ address }) => `${address} may be opened to everybody`),
];

/** Services that are for the public; each is reached through the load balancer alone, and all others from within. */
const PUBLIC = new Set(['keyserver-publish', 'keyserver-federation-serve']);

/** Who can be reached from outside. */
export const ingress: Policy = (plan) =>
  ofType(plan, 'cloud_run_v2_service').flatMap(({ values }) => {
    const name = textAt(values, 'name');
    const wanted = PUBLIC.has(name)
      ? 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER'
      : 'INGRESS_TRAFFIC_INTERNAL_ONLY';
    const found = textAt(values, 'ingress');
    return found === wanted ? [] : [`${name} has ${found}`];
  });

const USES_SIGNING = /^roles\/cloudkms\.(signer|signerVerifier|cryptoOperator)$/;
const WRAPS = /^roles\/cloudkms\.(cryptoKeyEncrypter|cryptoKeyEncrypterDecrypter|cryptoOperator)$/;

/** Only export signs, only trust wraps, publish and nobody else besides unwraps. Key rings grant nothing. */
export const keys: Policy = (plan) => {
  const grants = grantsOf(plan).filter(({ role }) => role.startsWith('roles/cloudkms.'));
  const wrongly = grants.filter((grant) => {
    if (!grant.address.includes('_kms_crypto_key_iam_member.')) return true;
    if (USES_SIGNING.test(grant.role)) return !isAccount('export', grant);
    if (WRAPS.test(grant.role)) return !isAccount('trust', grant);
    return grant.role !== 'roles/cloudkms.cryptoKeyDecrypter' || !isAccount('publish', grant);
  });
  const missing = (['export', 'trust', 'publish'] as const).filter(
    (service) => !grants.some((grant) => isAccount(service, grant)),
  );
  return [
    ...wrongly.map(({ member, role }) => `${member} has ${role}`),
    ...missing.map((service) => `${service} has no key`),
  ];
};

/** Only export and cleanup reach the buckets, and the load balancer reads them. */
export const buckets: Policy = (plan) =>
  grantsOf(plan)
    .filter(({ role }) => role.startsWith('roles/storage.'))
    .filter(
      (grant) =>
        !grant.address.includes('_storage_bucket_iam_member.') ||
        !(
          (grant.role === 'roles/storage.objectUser' &&
            (isAccount('export', grant) || isAccount('cleanup', grant))) ||
          // It has the source of builds and no file of phones.
          (grant.address.endsWith('.build_reads_source') && isAccount('build', grant)) ||
          (grant.role === 'roles/storage.objectViewer' &&
            grant.member.endsWith('@https-lb.iam.gserviceaccount.com'))
        ),
    )
    .map(({ member, role }) => `${member} has ${role} on a bucket`);

/** The database is granted to services alone, to each only this one; no other account may do anything but what it is for. */
export const accounts: Policy = (plan) => {
  const members = ofType(plan, 'project_iam_member').map(({ values }) => values);
  const unconditioned = members
    .filter((values) => textAt(values, 'role').startsWith('roles/datastore.'))
    .filter((values) => !textAt(values, 'condition', 'expression').includes('databases/'));
  const callers = members.filter(({ member }) =>
    /^serviceAccount:call-(?!verify@)/.test(textAt(member)),
  );
  const used = ofType(plan, 'cloud_run_v2_service').map(({ values }) =>
    textAt(values, 'template', 'service_account'),
  );
  return [
    ...unconditioned.map((values) => `${textAt(values, 'member')} may use every database`),
    ...callers.map((values) => `${textAt(values, 'member')} has ${textAt(values, 'role')}`),
    ...used
      .filter((account, n) => account === '' || used.indexOf(account) !== n)
      .map((account) => `${account} is the account of two services`),
  ];
};
