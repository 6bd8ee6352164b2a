import { type Mistake, changed, serviceOf, setTo, unset, without } from './spoil.ts';

const ENVIRONMENT = 'every service starts with its environment';
const LIMITS = 'every service has a probe, concurrency and limits';
const TARGETS = 'every job has a target that exists, and is as the table says';
const COMPLETE = 'every row of the table of jobs has a job';

const jobOf = (id: string): string => `google_cloud_scheduler_job.this["${id}"]`;
const DO_WORK = jobOf('export-do-work');
const CALLER = 'http_target.0.oidc_token.0.service_account_email';

/** Mistakes about services and their jobs. */
export const workMistakes: readonly Mistake[] = [
  {
    rule: ENVIRONMENT,
    mistake: 'a variable that is missing',
    spoil: unset('export', 'OIDC_AUDIENCE'),
    says: /keyserver-export does not start.*OIDC_AUDIENCE/,
  },
  {
    rule: ENVIRONMENT,
    mistake: 'a value out of its bounds',
    spoil: setTo('export', 'INDEX_MAX_AGE_SECONDS', '301'),
    says: /INDEX_MAX_AGE_SECONDS/,
  },
  {
    rule: ENVIRONMENT,
    mistake: 'a variable that is misspelt',
    spoil: setTo('publish', 'DEFAULT_REGOIN', 'XX'),
    says: /does not read DEFAULT_REGOIN/,
  },
  {
    rule: ENVIRONMENT,
    mistake: 'no secret',
    spoil: unset('publish', 'KEY_HASH_SECRET'),
    says: /KEY_HASH_SECRET/,
  },
  {
    rule: ENVIRONMENT,
    mistake: 'the platform of one machine',
    spoil: setTo('publish', 'PLATFORM', 'local'),
    says: /not on Google Cloud/,
  },
  {
    rule: LIMITS,
    mistake: 'no probe',
    spoil: changed(serviceOf('export'), 'template.0.containers.0.startup_probe', []),
    says: /keyserver-export has no probe/,
  },
  {
    rule: LIMITS,
    mistake: 'restarts while a store is away',
    spoil: changed(serviceOf('publish'), 'template.0.containers.0.liveness_probe', [
      { http_get: [{ path: '/health' }] },
    ]),
    says: /is restarted/,
  },
  {
    rule: LIMITS,
    mistake: 'more requests than connections',
    spoil: changed(serviceOf('publish'), 'template.0.max_instance_request_concurrency', 1000),
    says: /sent more than it takes/,
  },
  {
    rule: LIMITS,
    mistake: 'cold starts of publish',
    spoil: changed(serviceOf('publish'), 'template.0.scaling.0.min_instance_count', 0),
    says: /starts cold/,
  },
  {
    rule: TARGETS,
    mistake: 'a service that is gone',
    spoil: without(serviceOf('export')),
    says: /keyserver-export-do-work calls a service that is not there/,
  },
  {
    rule: TARGETS,
    mistake: 'another route',
    spoil: changed(DO_WORK, 'http_target.0.uri', 'https://keyserver-export.example/other'),
    says: /do-work has another address: .*\/other/,
  },
  {
    rule: TARGETS,
    mistake: 'an account that the service does not know',
    spoil: changed(DO_WORK, CALLER, 'other@health-keys.iam.gserviceaccount.com'),
    says: /account that is refused/,
  },
  {
    rule: TARGETS,
    mistake: 'every minute of every fourth hour instead of once',
    spoil: changed(jobOf('trust-rotate-keys'), 'schedule', '* */4 * * *'),
    says: /rotate-keys has another schedule/,
  },
  {
    rule: TARGETS,
    mistake: 'a service that cuts its job',
    spoil: changed(serviceOf('export'), 'template.0.timeout', '300s'),
    says: /cut by the time-out/,
  },
  {
    rule: COMPLETE,
    mistake: 'deletion that nobody starts',
    spoil: without(jobOf('cleanup-keys')),
    says: /cleanup has no job keys/,
  },
  {
    rule: COMPLETE,
    mistake: 'queries that nobody starts',
    spoil: without('google_cloud_scheduler_job.this["federation-pull-pull-'),
    says: /federation-pull has no job pull/,
  },
  {
    rule: 'every job has an account of its own',
    mistake: 'two jobs with one account',
    spoil: changed(DO_WORK, CALLER, 'call-create-batches@health-keys.iam.gserviceaccount.com'),
    says: /as the account of keyserver-export-(create-batches|do-work)/,
  },
];
