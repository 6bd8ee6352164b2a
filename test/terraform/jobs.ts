import { SCHEDULED_JOBS, type ScheduledJob } from '@keyserver/scheduled-jobs';
import { type Plan, type Planned, type Policy, field, ofType, textAt } from './plan.ts';
import { environmentOf } from './services.ts';

const scheduled = (plan: Plan): Plan =>
  ofType(plan, 'cloud_scheduler_job').filter(
    ({ values }) => textAt(values, 'name') !== 'keyserver-verify',
  );

/** The service that a job calls, by the audience that its tokens are for. */
const targetOf = (plan: Plan, { values }: Planned): Planned | undefined =>
  ofType(plan, 'cloud_run_v2_service').find(
    (service) =>
      environmentOf(service)['OIDC_AUDIENCE'] ===
      textAt(values, 'http_target', 'oidc_token', 'audience'),
  );

/** The row of the table that a job is made from; a federation query is at the end of its name. */
function rowOf(name: string, service: string): ScheduledJob | undefined {
  const rows = Object.entries(SCHEDULED_JOBS).find(([known]) => known === service)?.[1] ?? [];
  return rows.find((row: ScheduledJob) =>
    row.oneForEach === undefined
      ? name === `keyserver-${service}-${row.name}`
      : name.startsWith(`keyserver-${service}-${row.name}-`),
  );
}

/** What a job looks like in a plan, aspect by aspect. */
const found = ({ values }: Planned): Readonly<Record<string, string>> => ({
  address: textAt(values, 'http_target', 'uri'),
  method: textAt(values, 'http_target', 'http_method'),
  schedule: textAt(values, 'schedule'),
  'time zone': textAt(values, 'time_zone'),
  deadline: textAt(values, 'attempt_deadline'),
  retries: textAt(values, 'retry_config', 'retry_count'),
});

/** The same as the table wants it. */
const wanted = (job: ScheduledJob, audience: string, query: string) => ({
  address: `${audience}${job.route.replace('ID', query)}`,
  method: 'POST',
  schedule: job.schedule,
  'time zone': 'Etc/UTC',
  deadline: `${job.deadlineSeconds}s`,
  retries: String(job.retries),
});

const wrongTarget = (plan: Plan, job: Planned): readonly string[] => {
  const name = textAt(job.values, 'name');
  const service = targetOf(plan, job);
  if (service === undefined) return [`${name} calls a service that is not there`];
  const short = textAt(service.values, 'name').replace('keyserver-', '');
  const row = rowOf(name, short);
  if (row === undefined) return [`${name} is in no row of the table`];
  const env = environmentOf(service);
  const query = name.slice(`keyserver-${short}-${row.name}-`.length);
  const caller = textAt(job.values, 'http_target', 'oidc_token', 'service_account_email');
  const mayCall = (env['CALLER_EMAILS'] ?? '').split(',').includes(caller);
  const hasTime = parseInt(textAt(service.values, 'template', 'timeout')) >= row.deadlineSeconds;
  return [
    ...Object.entries(wanted(row, env['OIDC_AUDIENCE'] ?? '', query))
      .filter(([aspect, value]) => found(job)[aspect] !== value)
      .map(([aspect]) => `${name} has another ${aspect}: ${found(job)[aspect] ?? ''}`),
    ...(mayCall ? [] : [`${name} runs as an account that is refused`]),
    ...(hasTime ? [] : [`${name} is cut by the time-out of its service`]),
  ];
};

/** Every job calls a service that is there, as the table says, as an account that the service lets in. */
export const targets: Policy = (plan) => scheduled(plan).flatMap((job) => wrongTarget(plan, job));

/** Every row of the table has a job where its service is there. */
export const complete: Policy = (plan) => {
  const names = scheduled(plan).map(({ values }) => textAt(values, 'name'));
  return ofType(plan, 'cloud_run_v2_service').flatMap(({ values }) => {
    const service = textAt(values, 'name').replace('keyserver-', '');
    const rows = Object.entries(SCHEDULED_JOBS).find(([known]) => known === service)?.[1] ?? [];
    return rows
      .filter((row: ScheduledJob) => !names.some((name) => rowOf(name, service) === row))
      .map(({ name }) => `${service} has no job ${name}`);
  });
};

/** Each job runs as an account of its own; only queries of federation share one. */
export const callers: Policy = (plan) => {
  const runAs = new Map<string, string>();
  return scheduled(plan).flatMap((job) => {
    const name = textAt(job.values, 'name').replace(/-pull-pull-.*$/, '-pull-pull');
    const account = textAt(job.values, 'http_target', 'oidc_token', 'service_account_email');
    const other = runAs.get(account);
    runAs.set(account, name);
    if (field(job.values, 'http_target', 'oauth_token', 'scope') !== undefined)
      return [`${name} has a token for Google's own APIs`];
    return other === undefined || other === name ? [] : [`${name} runs as the account of ${other}`];
  });
};
