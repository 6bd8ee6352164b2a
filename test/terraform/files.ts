import { INDEX_MAX_AGE_SECONDS } from '@keyserver/export-file';
import { type Plan, type Policy, blocks, field, ofType, textAt } from './plan.ts';
import { environmentOf } from './services.ts';

/** The cache keeps an index no longer than the index says, nor a missing file for long, and packs nothing twice. */
export const cache: Policy = (plan) => {
  const [exporting] = ofType(plan, 'cloud_run_v2_service').filter(
    ({ values }) => values['name'] === 'keyserver-export',
  );
  const said = exporting === undefined ? '' : environmentOf(exporting)['INDEX_MAX_AGE_SECONDS'];
  const says = Number(said ?? INDEX_MAX_AGE_SECONDS.default);
  return ofType(plan, 'compute_backend_bucket').flatMap(({ address, values }) => {
    const [policy = {}] = blocks(values, 'cdn_policy');
    const set = (name: string): number => Number(field(policy, name) ?? 0);
    const missing = blocks(policy, 'negative_caching_policy').map(({ ttl }) => Number(ttl));
    const wrong = [
      [values['enable_cdn'] !== true, 'has no cache'],
      [policy['cache_mode'] !== 'USE_ORIGIN_HEADERS', 'does not go by the objects own headers'],
      [set('serve_while_stale') > 0, 'serves an index beyond its time'],
      [
        set('default_ttl') > says || set('max_ttl') > says,
        'keeps an index for longer than it says',
      ],
      [
        policy['negative_caching'] === true && missing.length === 0,
        'keeps a missing file for long',
      ],
      [missing.some((seconds) => seconds > 60), 'keeps a missing file for long'],
      [values['compression_mode'] !== 'DISABLED', 'packs archives twice'],
    ] as const;
    return wrong.filter(([is]) => is).map(([, what]) => `${address} ${what}`);
  });
};

/** The buckets that phones download from. */
const filesOf = (plan: Plan): Plan => {
  const served = ofType(plan, 'compute_backend_bucket').map(({ values }) => values['bucket_name']);
  return ofType(plan, 'storage_bucket').filter(({ values }) =>
    served.includes(values['name'] ?? null),
  );
};

/** What is deleted from a bucket is gone, and nothing of it is listed to the public. */
export const buckets: Policy = (plan) =>
  filesOf(plan).flatMap(({ address, values }) => {
    const wrong = [
      [
        textAt(values, 'soft_delete_policy', 'retention_duration_seconds') !== '0',
        'keeps what is deleted',
      ],
      [field(values, 'versioning', 'enabled') === true, 'keeps what was overwritten'],
      [textAt(values, 'website', 'main_page_suffix') === '', 'lists its objects to the public'],
    ] as const;
    return wrong.filter(([is]) => is).map(([, what]) => `${address} ${what}`);
  });

/** Whatever the public reaches has limits that are in force, TLS 1.2 or newer, and no log of its addresses. */
export const edge: Policy = (plan) => {
  const policies = new Map(
    ofType(plan, 'compute_security_policy').map(({ values }) => [textAt(values, 'name'), values]),
  );
  const limited = [...policies.values()].filter(({ type }) => type === 'CLOUD_ARMOR');
  return [
    ...limited
      .filter(
        (policy) =>
          !blocks(policy, 'rule').some(
            (rule) => rule['action'] === 'throttle' && rule['preview'] !== true,
          ),
      )
      .map(({ name }) => `the policy ${textAt(name)} limits nothing`),
    ...[...policies.values()].flatMap((policy) =>
      blocks(policy, 'rule')
        .filter(({ preview }) => preview === true)
        .map(() => `the policy ${textAt(policy, 'name')} only looks on`),
    ),
    ...(limited.length < ofType(plan, 'compute_backend_service').length
      ? ['a service has no policy']
      : []),
    ...ofType(plan, 'compute_backend_service')
      .filter(({ values }) => field(values, 'log_config', 'enable') !== false)
      .map(({ address }) => `${address} logs addresses`),
    ...([...policies.values()].some(({ type }) => type === 'CLOUD_ARMOR_EDGE')
      ? []
      : ['files have no policy']),
    ...ofType(plan, 'compute_ssl_policy')
      .filter(({ values }) => values['min_tls_version'] !== 'TLS_1_2')
      .map(({ address }) => `${address} takes old TLS`),
    ...ofType(plan, 'compute_url_map')
      .filter(({ values }) => values['name'] === 'keyserver-http')
      .filter(({ values }) => field(values, 'default_url_redirect', 'https_redirect') !== true)
      .map(({ address }) => `${address} speaks plain HTTP`),
  ];
};

/** Logs with addresses of phones are not kept. */
export const logs: Policy = (plan) => {
  const [sink] = ofType(plan, 'logging_project_sink').filter(
    ({ values }) => values['name'] === '_Default',
  );
  const excluded = blocks(sink?.values ?? {}, 'exclusions').map(({ filter }) => textAt(filter));
  return ['run.googleapis.com/requests', 'http_load_balancer']
    .filter((log) => !excluded.some((filter) => filter.includes(log)))
    .map((log) => `the log ${log} is kept`);
};
