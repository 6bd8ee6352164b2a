import * as access from './access.ts';
import * as alerts from './alerts.ts';
import * as files from './files.ts';
import * as jobs from './jobs.ts';
import type { Policy } from './plan.ts';
import * as services from './services.ts';
import * as store from './store.ts';

/** Every rule for plans, by what holds where nothing breaks it. */
export const POLICIES = {
  'no role gives more than its holder needs': access.noWideRoles,
  'nothing is granted to everybody': access.nothingForEverybody,
  'only two services are reached from outside, through the load balancer': access.ingress,
  'only export signs, only trust wraps, only publish unwraps besides': access.keys,
  'only export and cleanup reach the buckets': access.buckets,
  'each account may do what it is for': access.accounts,
  'every service starts with its environment': services.settings,
  'every service has a probe, concurrency and limits': services.limits,
  'every job has a target that exists, and is as the table says': jobs.targets,
  'every row of the table of jobs has a job': jobs.complete,
  'every job has an account of its own': jobs.callers,
  'the cache never keeps an index longer than it says': files.cache,
  'what is deleted from a bucket is gone': files.buckets,
  'what is public has limits in force, and new TLS': files.edge,
  'no log keeps the addresses of phones': files.logs,
  'indexes, exemptions and expiries are those of the code': store.indexes,
  'the database is locked, protected and copied': store.database,
  'keys are of the right kind and not gone at once': store.kms,
  'every alert has a runbook': alerts.runbooks,
  'alerts and dashboards ask for figures that there are': alerts.figures,
  'every job has an alert': alerts.progress,
  'every alarming event has an alert': alerts.alarms,
  'somebody is told of every symptom': alerts.symptoms,
  'somebody hears of alerts, and services send figures': alerts.heard,
  'what people read is logged': alerts.audit,
} as const satisfies Readonly<Record<string, Policy>>;
