import { existsSync } from 'node:fs';
import { SEVERITY } from '@keyserver/log';
import { COUNTERS, HISTOGRAMS, INSTANTS } from '@keyserver/telemetry';
import { type Plan, type Policy, type Value, blocks, field, ofType, textAt } from './plan.ts';
import { environmentOf } from './services.ts';

const policies = (plan: Plan): Plan => ofType(plan, 'monitoring_alert_policy');

/** Every alert names a runbook that is there, and reaches somebody. */
export const runbooks: Policy = (plan) =>
  policies(plan).flatMap(({ values }) => {
    const name = textAt(values, 'display_name');
    const [, path] =
      /(docs\/runbooks\/[\w.-]+\.md)/.exec(textAt(values, 'documentation', 'content')) ?? [];
    if (path === undefined) return [`"${name}" has no runbook`];
    return existsSync(new URL(`../../${path}`, import.meta.url))
      ? []
      : [`"${name}": ${path} is not there`];
  });

const FIGURE = /\bkeyserver_[a-z_]+/gu;
const DECLARED = new Set(
  [COUNTERS, HISTOGRAMS, INSTANTS].flatMap((catalogue) => Object.keys(catalogue)),
);

/** Alerts and dashboards ask only for figures that the code has. */
export const figures: Policy = (plan) =>
  [...policies(plan), ...ofType(plan, 'monitoring_dashboard')].flatMap(({ address, values }) =>
    [...JSON.stringify(values['conditions'] ?? values['dashboard_json']).matchAll(FIGURE)]
      .map(([figure]) => figure.replace(/_(bucket|count|sum)$/u, ''))
      .filter((figure) => !DECLARED.has(figure))
      .map((figure) => `${address} asks for ${figure}`),
  );

const queriesOf = (plan: Plan): string =>
  policies(plan)
    .map(({ values }) =>
      textAt(values, 'conditions', 'condition_prometheus_query_language', 'query'),
    )
    .join('\n');

const filtersOf = (plan: Plan): readonly string[] =>
  policies(plan).map(({ values }) =>
    textAt(values, 'conditions', 'condition_matched_log', 'filter'),
  );

/** Every job that runs has an alert when it has no success. */
export const progress: Policy = (plan) => {
  const asked = queriesOf(plan);
  const names: Readonly<Record<string, string>> = {
    totals: 'cleanup-totals',
    keys: 'cleanup-keys',
    exports: 'cleanup-exports',
    pull: 'federation-pull',
  };
  return ofType(plan, 'service_account')
    .map(({ values }) => /^call-(?!verify)(.*)$/u.exec(textAt(values, 'account_id'))?.[1])
    .filter((job) => job !== undefined)
    .map((job) => names[job] ?? job)
    .filter(
      (job) => !asked.includes(`keyserver_job_runs_total{job_name="${job}",outcome=~"done|idle"}`),
    )
    .map((job) => `nobody is told when ${job} has no success`);
};

/** Every event that somebody must act on has an alert of its own. */
export const alarms: Policy = (plan) => {
  const filters = filtersOf(plan);
  return Object.entries(SEVERITY)
    .filter(
      ([name, severity]) =>
        ['error', 'critical', 'alert'].includes(severity) && !name.startsWith('launcher.'),
    )
    .filter(([name]) => !filters.some((filter) => filter.endsWith(`jsonPayload.message="${name}"`)))
    .map(([name]) => `nobody is told of ${name}`);
};

/** What people must be told of besides, by words that one of the alerts must have. */
const TOLD = {
  'uploads that fail': /route="\/v1\/publish",blame="server"/u,
  'late files': /export\.late/u,
  'unsigned attempts': /reason="no_signer"/u,
  'windows without files': /keyserver_export_made_until_timestamp_seconds/u,
  'a stale index': /keyserver_export_published_until_timestamp_seconds/u,
  'a cleanup that leaves something':
    /keyserver_job_completed_timestamp_seconds\{job_name=~"cleanup-/u,
  'an old data key': /keyserver_data_key_created_timestamp_seconds/u,
  'an authority without answer': /keyserver_authority_answered_timestamp_seconds/u,
  'pauses that are not read': /keyserver_pauses_read_timestamp_seconds/u,
  'late deletion': /cleanup\.\(keys_held/u,
  'answers that tell cover traffic':
    /keyserver_request_seconds_sum\{route="\/v1\/publish",blame="client"/u,
  quotas: /quota_rate_net_usage/u,
  'errors of KMS': /cloudkms\.googleapis\.com",response_code_class/u,
  costs: /offset 1d/u,
  'figures that do not arrive': /absent_over_time/u,
  'figures that are refused': /telemetry\.export_failed/u,
  'people who read secrets': /AccessSecretVersion/u,
  'people who decrypt': /Decrypt\|AsymmetricSign/u,
  'deployments around attestation': /[bB]reakglass/u,
} as const;

/** What people must be told of where a service runs that not every server has. */
const OF_SERVICES = [
  {
    service: 'federation-pull',
    figure: 'keyserver_federation_lag_seconds_bucket',
    what: 'partners are far behind',
  },
  {
    service: 'federation-pull',
    figure: 'keyserver_federation_caught_up_timestamp_seconds',
    what: 'a query does not catch up',
  },
  {
    service: 'federation-serve',
    figure: 'keyserver_partner_settled_until_timestamp_seconds',
    what: 'a padded unit is late',
  },
  {
    service: 'federation-serve',
    figure: 'keyserver_federation_served_until_timestamp_seconds',
    what: 'a partner is behind here',
  },
] as const;

/** Somebody is told of all that phones, auditors and payers would notice. */
export const symptoms: Policy = (plan) => {
  const all = [queriesOf(plan), ...filtersOf(plan)].join('\n');
  const runs = (service: string): boolean =>
    ofType(plan, 'cloud_run_v2_service').some(
      ({ values }) => values['name'] === `keyserver-${service}`,
    );
  return [
    ...Object.entries(TOLD)
      .filter(([, words]) => !words.test(all))
      .map(([what]) => `nobody is told of ${what}`),
    ...OF_SERVICES.filter(({ service, figure }) => runs(service) && !all.includes(figure)).map(
      ({ what }) => `nobody is told when ${what}`,
    ),
    ...(ofType(plan, 'cloud_run_v2_job').length > 0 &&
    !all.includes('job_name="keyserver-verify",result="succeeded"')
      ? ['nobody is told of a file that cannot be verified']
      : []),
  ];
};

/** Somebody hears of every alert, and of no figure less, since every service sends them. */
export const heard: Policy = (plan) => [
  ...(ofType(plan, 'monitoring_notification_channel').length > 0 ? [] : ['nobody hears of alerts']),
  ...ofType(plan, 'cloud_run_v2_service')
    .filter((service) => environmentOf(service)['TELEMETRY_EXPORTER'] !== 'google-cloud')
    .map(({ values }) => `${textAt(values, 'name')} sends no figures`),
  ...ofType(plan, 'monitoring_uptime_check_config')
    .filter(({ values }) => field(values, 'http_check', 'validate_ssl') !== true)
    .map(({ address }) => `${address} believes any certificate`),
];

/** What a person reads or decrypts is logged. */
export const audit: Policy = (plan) => {
  const logged = ofType(plan, 'project_iam_audit_config');
  const typesOf = (service: string): readonly Value[] =>
    logged
      .filter(({ values }) => values['service'] === service)
      .flatMap(({ values }) =>
        blocks(values, 'audit_log_config').map(({ log_type: type }) => type ?? null),
      );
  return ['secretmanager', 'cloudkms', 'datastore', 'storage']
    .filter((product) => !typesOf(`${product}.googleapis.com`).includes('DATA_READ'))
    .map((product) => `nobody knows who reads from ${product}`);
};
