import type { Plan, Planned, Value } from './plan.ts';
import type { POLICIES } from './policies.ts';

/** A mistake that somebody might make, and the rule that must notice it. */
export interface Mistake {
  readonly rule: keyof typeof POLICIES;
  readonly mistake: string;
  readonly spoil: (plan: Plan) => Plan;
  /** What the rule says then. */
  readonly says: RegExp;
}

/** The values of a resource, to be changed in place. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any shape that a plan has
type Loose = any;

const matches = ({ address }: Planned, words: string): boolean => address.includes(words);

/** Changes the resources whose address has these words in it. */
const changed =
  (words: string, change: (values: Loose) => void) =>
  (plan: Plan): Plan => {
    for (const resource of plan.filter((one) => matches(one, words))) change(resource.values);
    return plan;
  };

/** Leaves out the resources whose address has these words in it. */
const without =
  (words: string) =>
  (plan: Plan): Plan =>
    plan.filter((resource) => !matches(resource, words));

/** Adds another resource. */
const added =
  (type: string, values: Readonly<Record<string, Value>>) =>
  (plan: Plan): Plan => [
    ...plan,
    { address: `google_${type}.mistake`, type: `google_${type}`, values },
  ];

const container = (values: Loose): Loose => values.template[0].containers[0];
const unset = (values: Loose, variable: string): void => {
  const one = container(values);
  one.env = one.env.filter(({ name }: { name: string }) => name !== variable);
};
const set = (values: Loose, name: string, value: string): void => {
  unset(values, name);
  container(values).env.push({ name, value });
};

const PUBLISH = 'module.publish.google_cloud_run_v2_service.this';
const EXPORT = 'module.export.google_cloud_run_v2_service.this';
const CLEANUP = 'module.cleanup.google_cloud_run_v2_service.this';
const DO_WORK = 'google_cloud_scheduler_job.this["export-do-work"]';
const BACKEND = 'google_compute_backend_bucket.files';
const DATABASE = 'google_firestore_database.this';
const STRANGER = 'serviceAccount:somebody@health-keys.iam.gserviceaccount.com';
const PUBLISHER = 'serviceAccount:keyserver-publish@health-keys.iam.gserviceaccount.com';

const granting = (type: string, role: string, member = STRANGER) => added(type, { role, member });

/** At least one mistake for every rule. */
export const MISTAKES: readonly Mistake[] = [
  {
    rule: 'no role gives more than its holder needs',
    mistake: 'an editor of the project',
    spoil: granting('project_iam_member', 'roles/editor'),
    says: /grants roles\/editor/,
  },
  {
    rule: 'no role gives more than its holder needs',
    mistake: 'an administrator of a bucket',
    spoil: granting('storage_bucket_iam_member', 'roles/storage.objectAdmin'),
    says: /roles\/storage.objectAdmin/,
  },
  {
    rule: 'nothing is granted to everybody',
    mistake: 'a public bucket',
    spoil: granting('storage_bucket_iam_member', 'roles/storage.objectViewer', 'allUsers'),
    says: /is for everybody/,
  },
  {
    rule: 'nothing is granted to everybody',
    mistake: 'a bucket that may be made public',
    spoil: changed('google_storage_bucket.files', (values) => {
      values.public_access_prevention = 'inherited';
    }),
    says: /may be opened/,
  },
  {
    rule: 'only two services are reached from outside, through the load balancer',
    mistake: 'uploads that go around the load balancer',
    spoil: changed(PUBLISH, (values) => {
      values.ingress = 'INGRESS_TRAFFIC_ALL';
    }),
    says: /keyserver-publish has INGRESS_TRAFFIC_ALL/,
  },
  {
    rule: 'only two services are reached from outside, through the load balancer',
    mistake: 'jobs that the public can ask for',
    spoil: changed(CLEANUP, (values) => {
      values.ingress = 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER';
    }),
    says: /keyserver-cleanup/,
  },
  {
    rule: 'only export signs, only trust wraps, only publish unwraps besides',
    mistake: 'publish that signs',
    spoil: granting('kms_crypto_key_iam_member', 'roles/cloudkms.signerVerifier', PUBLISHER),
    says: /keyserver-publish.* has roles\/cloudkms.signerVerifier/,
  },
  {
    rule: 'only export signs, only trust wraps, only publish unwraps besides',
    mistake: 'publish that wraps',
    spoil: changed('publish_unwraps', (values) => {
      values.role = 'roles/cloudkms.cryptoKeyEncrypterDecrypter';
    }),
    says: /EncrypterDecrypter/,
  },
  {
    rule: 'only export signs, only trust wraps, only publish unwraps besides',
    mistake: 'a grant on all keys at once',
    spoil: granting('kms_key_ring_iam_member', 'roles/cloudkms.signerVerifier'),
    says: /somebody@/,
  },
  {
    rule: 'only export signs, only trust wraps, only publish unwraps besides',
    mistake: 'export that cannot sign',
    spoil: without('export_signs'),
    says: /export has no key/,
  },
  {
    rule: 'only export and cleanup reach the buckets',
    mistake: 'publish that reads files',
    spoil: granting('storage_bucket_iam_member', 'roles/storage.objectViewer', PUBLISHER),
    says: /keyserver-publish/,
  },
  {
    rule: 'only export and cleanup reach the buckets',
    mistake: 'export that reaches every bucket of the project',
    spoil: granting(
      'project_iam_member',
      'roles/storage.objectUser',
      'serviceAccount:keyserver-export@health-keys.iam.gserviceaccount.com',
    ),
    says: /keyserver-export/,
  },
  {
    rule: 'each account may do what it is for',
    mistake: 'a service that reaches every database',
    spoil: changed('module.trust.google_project_iam_member.datastore', (values) => {
      values.condition = [];
    }),
    says: /may use every database/,
  },
  {
    rule: 'each account may do what it is for',
    mistake: 'a caller with rights of its own',
    spoil: granting(
      'project_iam_member',
      'roles/run.invoker',
      'serviceAccount:call-do-work@health-keys.iam.gserviceaccount.com',
    ),
    says: /call-do-work@.* has roles\/run.invoker/,
  },
  {
    rule: 'each account may do what it is for',
    mistake: 'two services with one account',
    spoil: changed(CLEANUP, (values) => {
      values.template[0].service_account = 'keyserver-export@health-keys.iam.gserviceaccount.com';
    }),
    says: /account of two services/,
  },
  {
    rule: 'every service starts with its environment',
    mistake: 'a variable that is missing',
    spoil: changed(EXPORT, (values) => {
      unset(values, 'OIDC_AUDIENCE');
    }),
    says: /keyserver-export does not start.*OIDC_AUDIENCE/,
  },
  {
    rule: 'every service starts with its environment',
    mistake: 'a value out of its bounds',
    spoil: changed(EXPORT, (values) => {
      set(values, 'INDEX_MAX_AGE_SECONDS', '301');
    }),
    says: /INDEX_MAX_AGE_SECONDS/,
  },
  {
    rule: 'every service starts with its environment',
    mistake: 'a variable that is misspelt',
    spoil: changed(PUBLISH, (values) => {
      set(values, 'DEFAULT_REGOIN', 'XX');
    }),
    says: /does not read DEFAULT_REGOIN/,
  },
  {
    rule: 'every service starts with its environment',
    mistake: 'no secret',
    spoil: changed(PUBLISH, (values) => {
      unset(values, 'KEY_HASH_SECRET');
    }),
    says: /KEY_HASH_SECRET/,
  },
  {
    rule: 'every service starts with its environment',
    mistake: 'the platform of one machine',
    spoil: changed(PUBLISH, (values) => {
      set(values, 'PLATFORM', 'local');
    }),
    says: /not on Google Cloud/,
  },
  {
    rule: 'every service has a probe, concurrency and limits',
    mistake: 'no probe',
    spoil: changed(EXPORT, (values) => {
      container(values).startup_probe = [];
    }),
    says: /keyserver-export has no probe/,
  },
  {
    rule: 'every service has a probe, concurrency and limits',
    mistake: 'restarts while a store is away',
    spoil: changed(PUBLISH, (values) => {
      container(values).liveness_probe = [{ http_get: [{ path: '/health' }] }];
    }),
    says: /is restarted/,
  },
  {
    rule: 'every service has a probe, concurrency and limits',
    mistake: 'more requests than connections',
    spoil: changed(PUBLISH, (values) => {
      values.template[0].max_instance_request_concurrency = 1000;
    }),
    says: /sent more than it takes/,
  },
  {
    rule: 'every service has a probe, concurrency and limits',
    mistake: 'cold starts of publish',
    spoil: changed(PUBLISH, (values) => {
      values.template[0].scaling[0].min_instance_count = 0;
    }),
    says: /starts cold/,
  },
  {
    rule: 'every job has a target that exists, and is as the table says',
    mistake: 'a service that is gone',
    spoil: without(EXPORT),
    says: /keyserver-export-do-work calls a service that is not there/,
  },
  {
    rule: 'every job has a target that exists, and is as the table says',
    mistake: 'another route',
    spoil: changed(DO_WORK, (values) => {
      values.http_target[0].uri = values.http_target[0].uri.replace('do-work', 'work');
    }),
    says: /do-work calls .*\/work/,
  },
  {
    rule: 'every job has a target that exists, and is as the table says',
    mistake: 'an account that the service does not know',
    spoil: changed(DO_WORK, (values) => {
      values.http_target[0].oidc_token[0].service_account_email = 'other@health-keys.iam';
    }),
    says: /account that is refused/,
  },
  {
    rule: 'every job has a target that exists, and is as the table says',
    mistake: 'the mistake of the reference, every minute of every fourth hour',
    spoil: changed('google_cloud_scheduler_job.this["trust-rotate-keys"]', (values) => {
      values.schedule = '* */4 * * *';
    }),
    says: /other times/,
  },
  {
    rule: 'every job has a target that exists, and is as the table says',
    mistake: 'a service that cuts its job',
    spoil: changed(EXPORT, (values) => {
      values.template[0].timeout = '300s';
    }),
    says: /cut by the time-out/,
  },
  {
    rule: 'every row of the table of jobs has a job',
    mistake: 'deletion that nobody starts',
    spoil: without('google_cloud_scheduler_job.this["cleanup-keys"]'),
    says: /cleanup has no job keys/,
  },
  {
    rule: 'every row of the table of jobs has a job',
    mistake: 'queries that nobody starts',
    spoil: without('google_cloud_scheduler_job.this["federation-pull-pull-'),
    says: /federation-pull has no job pull/,
  },
  {
    rule: 'every job has an account of its own',
    mistake: 'two jobs with one account',
    spoil: changed(DO_WORK, (values) => {
      values.http_target[0].oidc_token[0].service_account_email =
        'call-create-batches@health-keys.iam.gserviceaccount.com';
    }),
    says: /as the account of keyserver-export-(create-batches|do-work)/,
  },
  {
    rule: 'the cache never keeps an index longer than it says',
    mistake: 'one time for everything',
    spoil: changed(BACKEND, (values) => {
      Object.assign(values.cdn_policy[0], { cache_mode: 'FORCE_CACHE_ALL', default_ttl: 3600 });
    }),
    says: /keeps an index for longer than it says/,
  },
  {
    rule: 'the cache never keeps an index longer than it says',
    mistake: 'old files while the bucket is away',
    spoil: changed(BACKEND, (values) => {
      values.cdn_policy[0].serve_while_stale = 86_400;
    }),
    says: /beyond its time/,
  },
  {
    rule: 'the cache never keeps an index longer than it says',
    mistake: 'a missing file for half an hour',
    spoil: changed(BACKEND, (values) => {
      values.cdn_policy[0].negative_caching_policy[0].ttl = 1800;
    }),
    says: /missing file/,
  },
  {
    rule: 'the cache never keeps an index longer than it says',
    mistake: 'archives that are packed twice',
    spoil: changed(BACKEND, (values) => {
      values.compression_mode = 'AUTOMATIC';
    }),
    says: /packs archives twice/,
  },
  {
    rule: 'what is deleted from a bucket is gone',
    mistake: 'soft deletion',
    spoil: changed('google_storage_bucket.files', (values) => {
      values.soft_delete_policy = [{ retention_duration_seconds: 604_800 }];
    }),
    says: /keeps what is deleted/,
  },
  {
    rule: 'what is deleted from a bucket is gone',
    mistake: 'a listing for everybody',
    spoil: changed('google_storage_bucket.files', (values) => {
      values.website = [];
    }),
    says: /lists its objects/,
  },
  {
    rule: 'what is public has limits in force, and new TLS',
    mistake: 'limits that only look on',
    spoil: changed('google_compute_security_policy.public["publish"]', (values) => {
      for (const rule of values.rule) rule.preview = true;
    }),
    says: /limits nothing/,
  },
  {
    rule: 'what is public has limits in force, and new TLS',
    mistake: 'files without a policy',
    spoil: without('google_compute_security_policy.edge'),
    says: /files have no policy/,
  },
  {
    rule: 'what is public has limits in force, and new TLS',
    mistake: 'TLS of 1999',
    spoil: changed('google_compute_ssl_policy.this', (values) => {
      values.min_tls_version = 'TLS_1_0';
    }),
    says: /old TLS/,
  },
  {
    rule: 'what is public has limits in force, and new TLS',
    mistake: 'logs of requests',
    spoil: changed('google_compute_backend_service.publish', (values) => {
      values.log_config[0].enable = true;
    }),
    says: /logs addresses/,
  },
  {
    rule: 'no log keeps the addresses of phones',
    mistake: "Cloud Run's log of requests",
    spoil: changed('google_logging_project_sink.default', (values) => {
      values.exclusions = values.exclusions.filter(
        ({ filter }: { filter: string }) => !filter.includes('run.googleapis.com'),
      );
    }),
    says: /run.googleapis.com\/requests/,
  },
  {
    rule: 'indexes, exemptions and expiries are those of the code',
    mistake: 'an index that is missing',
    spoil: without('google_firestore_index.this["keyBatches'),
    says: /missing: keyBatches\(shard ASCENDING, window ASCENDING\)/,
  },
  {
    rule: 'indexes, exemptions and expiries are those of the code',
    mistake: 'an exemption that inherits every index',
    spoil: changed('google_firestore_field.this["keyBatches.*"]', (values) => {
      values.index_config = [];
    }),
    says: /keyBatches\.\*: inherited/,
  },
  {
    rule: 'indexes, exemptions and expiries are those of the code',
    mistake: 'keys that do not expire',
    spoil: changed('google_firestore_field.this["keyBatches.expireAt"]', (values) => {
      values.ttl_config = [];
    }),
    says: /missing: keyBatches.expireAt expires/,
  },
  {
    rule: 'indexes, exemptions and expiries are those of the code',
    mistake: 'an index that nobody declares',
    spoil: added('firestore_field', {
      ...{ collection: 'keyBatches', field: 'regions' },
      index_config: [{ indexes: [{ order: 'ASCENDING' }] }],
    }),
    says: /undeclared: keyBatches.regions: ASCENDING/,
  },
  {
    rule: 'the database is locked, protected and copied',
    mistake: 'optimistic transactions',
    spoil: changed(DATABASE, (values) => {
      values.concurrency_mode = 'OPTIMISTIC';
    }),
    says: /concurrency_mode is OPTIMISTIC/,
  },
  {
    rule: 'the database is locked, protected and copied',
    mistake: 'no protection',
    spoil: changed(DATABASE, (values) => {
      values.delete_protection_state = 'DELETE_PROTECTION_DISABLED';
    }),
    says: /delete_protection_state/,
  },
  {
    rule: 'the database is locked, protected and copied',
    mistake: 'no copies',
    spoil: without('google_firestore_backup_schedule.daily'),
    says: /no daily copy/,
  },
  {
    rule: 'keys are of the right kind and not gone at once',
    mistake: 'a signing key that phones cannot use',
    spoil: changed('google_kms_crypto_key.signing', (values) => {
      values.version_template[0].algorithm = 'RSA_SIGN_PKCS1_2048_SHA256';
    }),
    says: /exports is RSA/,
  },
  {
    rule: 'keys are of the right kind and not gone at once',
    mistake: 'a key that is gone within a day',
    spoil: changed('google_kms_crypto_key.revision_tokens', (values) => {
      values.destroy_scheduled_duration = '86400s';
    }),
    says: /revision-tokens is gone at once/,
  },
  {
    rule: 'every alert has a runbook',
    mistake: 'a runbook that is not there',
    spoil: changed('google_monitoring_alert_policy.query["kms-errors"]', (values) => {
      values.documentation[0].content = 'Runbook: docs/runbooks/none.md';
    }),
    says: /none\.md is not there/,
  },
  {
    rule: 'every alert has a runbook',
    mistake: 'no runbook',
    spoil: changed('google_monitoring_alert_policy.certificate', (values) => {
      values.documentation = [];
    }),
    says: /has no runbook/,
  },
  {
    rule: 'alerts and dashboards ask for figures that there are',
    mistake: 'a figure that is misspelt',
    spoil: changed('google_monitoring_alert_policy.query["unhealthy"]', (values) => {
      values.conditions[0].condition_prometheus_query_language[0].query =
        'sum(increase(keyserver_health_problem_total[10m])) > 0';
    }),
    says: /asks for keyserver_health_problem_total/,
  },
  {
    rule: 'every job has an alert',
    mistake: 'deletion that stops in silence',
    spoil: without('google_monitoring_alert_policy.query["no-success-cleanup-keys"]'),
    says: /cleanup-keys has no success/,
  },
  {
    rule: 'every alarming event has an alert',
    mistake: 'an event that nobody hears of',
    spoil: without('google_monitoring_alert_policy.line["event-export-no_signer"]'),
    says: /export\.no_signer/,
  },
  {
    rule: 'somebody is told of every symptom',
    mistake: 'people who read secrets in silence',
    spoil: without('google_monitoring_alert_policy.line["secret-read-by-person"]'),
    says: /people who read secrets/,
  },
  {
    rule: 'somebody is told of every symptom',
    mistake: 'partners that are behind in silence',
    spoil: without('google_monitoring_alert_policy.query["federation-behind"]'),
    says: /partners are far behind/,
  },
  {
    rule: 'somebody hears of alerts, and services send figures',
    mistake: 'nobody to tell',
    spoil: without('google_monitoring_notification_channel'),
    says: /nobody hears/,
  },
  {
    rule: 'somebody hears of alerts, and services send figures',
    mistake: 'a service without figures',
    spoil: changed(CLEANUP, (values) => {
      unset(values, 'TELEMETRY_EXPORTER');
    }),
    says: /keyserver-cleanup sends no figures/,
  },
  {
    rule: 'what people read is logged',
    mistake: 'secrets that are read in silence',
    spoil: without('google_project_iam_audit_config.this["secretmanager.googleapis.com"]'),
    says: /reads from secretmanager/,
  },
];
