import { type Mistake, changed, unset, without } from './spoil.ts';

const RUNBOOK = 'every alert has a runbook';
const SYMPTOMS = 'somebody is told of every symptom';
const HEARD = 'somebody hears of alerts, and services send figures';

const queryOf = (name: string): string => `google_monitoring_alert_policy.query["${name}"]`;
const lineOf = (name: string): string => `google_monitoring_alert_policy.line["${name}"]`;

/** Mistakes about who is told of what. */
export const alertMistakes: readonly Mistake[] = [
  {
    rule: RUNBOOK,
    mistake: 'a runbook that is not there',
    spoil: changed(queryOf('kms-errors'), 'documentation.0.content', 'docs/runbooks/none.md'),
    says: /none\.md is not there/,
  },
  {
    rule: RUNBOOK,
    mistake: 'no runbook',
    spoil: changed('google_monitoring_alert_policy.certificate', 'documentation', []),
    says: /has no runbook/,
  },
  {
    rule: 'alerts and dashboards ask for figures that there are',
    mistake: 'a figure that is misspelt',
    spoil: changed(
      queryOf('unhealthy'),
      'conditions.0.condition_prometheus_query_language.0.query',
      'sum(increase(keyserver_health_problem_total[10m])) > 0',
    ),
    says: /asks for keyserver_health_problem_total/,
  },
  {
    rule: 'every job has an alert',
    mistake: 'deletion that stops in silence',
    spoil: without(queryOf('no-success-cleanup-keys')),
    says: /cleanup-keys has no success/,
  },
  {
    rule: 'every alarming event has an alert',
    mistake: 'an event that nobody hears of',
    spoil: without(lineOf('event-export-no_signer')),
    says: /export\.no_signer/,
  },
  {
    rule: SYMPTOMS,
    mistake: 'people who read secrets in silence',
    spoil: without(lineOf('secret-read-by-person')),
    says: /people who read secrets/,
  },
  {
    rule: SYMPTOMS,
    mistake: 'partners that are behind in silence',
    spoil: without(queryOf('federation-behind')),
    says: /partners are far behind/,
  },
  {
    rule: SYMPTOMS,
    mistake: 'an index that is stale in silence',
    spoil: without(queryOf('index-stale')),
    says: /a stale index/,
  },
  {
    rule: SYMPTOMS,
    mistake: 'a partner that stays behind in silence',
    spoil: without(queryOf('partner-behind')),
    says: /a partner is behind here/,
  },
  {
    rule: 'alerts and dashboards ask for figures that there are',
    mistake: 'an instant that nobody tells',
    spoil: changed(
      queryOf('data-key-old'),
      'conditions.0.condition_prometheus_query_language.0.query',
      'time() - max(keyserver_data_key_made_timestamp_seconds) > 864000',
    ),
    says: /asks for keyserver_data_key_made_timestamp_seconds/,
  },
  {
    rule: SYMPTOMS,
    mistake: 'files that are verified in silence',
    spoil: without(queryOf('file-unverified')),
    says: /cannot be verified/,
  },
  {
    rule: HEARD,
    mistake: 'nobody to tell',
    spoil: without('google_monitoring_notification_channel'),
    says: /nobody hears/,
  },
  {
    rule: HEARD,
    mistake: 'a service without figures',
    spoil: unset('cleanup', 'TELEMETRY_EXPORTER'),
    says: /keyserver-cleanup sends no figures/,
  },
  {
    rule: 'what people read is logged',
    mistake: 'secrets that are read in silence',
    spoil: without('google_project_iam_audit_config.this["secretmanager.googleapis.com"]'),
    says: /reads from secretmanager/,
  },
];
