import { type Mistake, added, changed, without } from './spoil.ts';

const INDEXES = 'indexes, exemptions and expiries are those of the code';
const DATABASE = 'the database is locked, protected and copied';
const KEYS = 'keys are of the right kind and not gone at once';
const CACHE = 'the cache never keeps an index longer than it says';
const GONE = 'what is deleted from a bucket is gone';
const PUBLIC = 'what is public has limits in force, and new TLS';

const FILES = 'google_compute_backend_bucket.files';
const BUCKET = 'google_storage_bucket.files';
const STORE = 'google_firestore_database.this';
const fieldOf = (name: string): string => `google_firestore_field.this["${name}"]`;

/** Mistakes about what is stored, and what the public reaches. */
export const dataMistakes: readonly Mistake[] = [
  {
    rule: CACHE,
    mistake: 'one time for everything',
    spoil: changed(FILES, 'cdn_policy.0.default_ttl', 3600),
    says: /keeps an index for longer than it says/,
  },
  {
    rule: CACHE,
    mistake: 'a cache that does not ask the objects',
    spoil: changed(FILES, 'cdn_policy.0.cache_mode', 'FORCE_CACHE_ALL'),
    says: /own headers/,
  },
  {
    rule: CACHE,
    mistake: 'old files while the bucket is away',
    spoil: changed(FILES, 'cdn_policy.0.serve_while_stale', 86_400),
    says: /beyond its time/,
  },
  {
    rule: CACHE,
    mistake: 'a missing file for half an hour',
    spoil: changed(FILES, 'cdn_policy.0.negative_caching_policy.0.ttl', 1800),
    says: /missing file/,
  },
  {
    rule: CACHE,
    mistake: 'archives that are packed twice',
    spoil: changed(FILES, 'compression_mode', 'AUTOMATIC'),
    says: /packs archives twice/,
  },
  {
    rule: GONE,
    mistake: 'soft deletion',
    spoil: changed(BUCKET, 'soft_delete_policy', [{ retention_duration_seconds: 604_800 }]),
    says: /keeps what is deleted/,
  },
  {
    rule: GONE,
    mistake: 'a listing for everybody',
    spoil: changed(BUCKET, 'website', []),
    says: /lists its objects/,
  },
  {
    rule: PUBLIC,
    mistake: 'limits that only look on',
    spoil: changed('google_compute_security_policy.public["publish"]', 'rule', (rules) =>
      (rules as readonly object[]).map((rule) => ({ ...rule, preview: true })),
    ),
    says: /limits nothing/,
  },
  {
    rule: PUBLIC,
    mistake: 'files without a policy',
    spoil: without('google_compute_security_policy.edge'),
    says: /files have no policy/,
  },
  {
    rule: PUBLIC,
    mistake: 'TLS of 1999',
    spoil: changed('google_compute_ssl_policy.this', 'min_tls_version', 'TLS_1_0'),
    says: /old TLS/,
  },
  {
    rule: PUBLIC,
    mistake: 'logs of requests',
    spoil: changed('google_compute_backend_service.publish', 'log_config.0.enable', true),
    says: /logs addresses/,
  },
  {
    rule: PUBLIC,
    mistake: 'plain HTTP',
    spoil: changed('google_compute_url_map.http', 'default_url_redirect.0.https_redirect', false),
    says: /plain HTTP/,
  },
  {
    rule: 'no log keeps the addresses of phones',
    mistake: "Cloud Run's log of requests",
    spoil: changed('google_logging_project_sink.default', 'exclusions', []),
    says: /run.googleapis.com\/requests/,
  },
  {
    rule: INDEXES,
    mistake: 'an index that is missing',
    spoil: without('google_firestore_index.this["keyBatches'),
    says: /missing: keyBatches\(shard ASCENDING, window ASCENDING\)/,
  },
  {
    rule: INDEXES,
    mistake: 'an exemption that inherits every index',
    spoil: changed(fieldOf('keyBatches.*'), 'index_config', []),
    says: /keyBatches\.\*: inherited/,
  },
  {
    rule: INDEXES,
    mistake: 'keys that do not expire',
    spoil: changed(fieldOf('keyBatches.expireAt'), 'ttl_config', []),
    says: /missing: keyBatches.expireAt expires/,
  },
  {
    rule: INDEXES,
    mistake: 'an index that nobody declares',
    spoil: added('firestore_field', {
      ...{ collection: 'keyBatches', field: 'regions' },
      index_config: [{ indexes: [{ order: 'ASCENDING' }] }],
    }),
    says: /undeclared: keyBatches.regions: ASCENDING/,
  },
  {
    rule: DATABASE,
    mistake: 'optimistic transactions',
    spoil: changed(STORE, 'concurrency_mode', 'OPTIMISTIC'),
    says: /concurrency_mode is OPTIMISTIC/,
  },
  {
    rule: DATABASE,
    mistake: 'no protection',
    spoil: changed(STORE, 'delete_protection_state', 'DELETE_PROTECTION_DISABLED'),
    says: /delete_protection_state/,
  },
  {
    rule: DATABASE,
    mistake: 'no copies',
    spoil: without('google_firestore_backup_schedule.daily'),
    says: /no daily copy/,
  },
  {
    rule: KEYS,
    mistake: 'a signing key that phones cannot use',
    spoil: changed(
      'google_kms_crypto_key.signing',
      'version_template.0.algorithm',
      'RSA_SIGN_PKCS1_2048_SHA256',
    ),
    says: /exports is RSA/,
  },
  {
    rule: KEYS,
    mistake: 'a key that is gone within a day',
    spoil: changed('google_kms_crypto_key.revision', 'destroy_scheduled_duration', '86400s'),
    says: /revision-tokens is gone at once/,
  },
];
