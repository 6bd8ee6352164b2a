import {
  DEPLOYED_SERVICES,
  type JobService,
  SCHEDULED_JOBS,
  type ScheduledJob,
} from './scheduled-jobs.ts';
import type { JobState } from './scheduler.ts';

/** A job that a deployment needs, as the cloud's scheduler should have it. */
export interface WantedJob {
  readonly name: string;
  readonly uri: string;
  readonly audience: string;
  /** The account that it is to run as; undefined when any will do and it has none yet. */
  readonly account: string | undefined;
  readonly schedule: string;
  readonly deadlineSeconds: number;
  readonly retries: number;
}

/** What can be wrong with a job. */
export type JobAspect =
  | 'existence'
  | 'state'
  | 'method'
  | 'address'
  | 'token'
  | 'account'
  | 'audience'
  | 'schedule'
  | 'time zone'
  | 'deadline'
  | 'retries';

/** One way in which a job is not what a deployment needs. */
export interface JobDifference {
  readonly aspect: JobAspect;
  readonly wanted: string;
  readonly found: string;
}

/** A job that is needed, and everything that is wrong with it. */
export interface CheckedJob {
  readonly job: WantedJob;
  readonly differences: readonly JobDifference[];
}

/** A deployment: the root addresses of its services, and how the ids of its jobs begin. */
export interface Deployment {
  readonly urls: ReadonlyMap<JobService, string>;
  readonly prefix: string;
  readonly account?: string | undefined;
  /** The ids of its federation queries, each of which needs a job of its own. */
  readonly queries?: readonly string[];
}

/** The services whose root address a deployment must name and does not. */
export const missingServices = ({ urls, queries }: Deployment): readonly JobService[] =>
  servicesOf(queries).filter((service) => !urls.has(service));

/** Without a query nothing is scheduled for federation-pull. */
const servicesOf = (queries: Deployment['queries'] = []): readonly JobService[] =>
  queries.length === 0 ? DEPLOYED_SERVICES : [...DEPLOYED_SERVICES, 'federation-pull'];

/** Compares the jobs that the scheduler has with those that a deployment needs. */
export function checkJobs(
  deployment: Deployment,
  present: readonly JobState[],
): readonly CheckedJob[] {
  const byName = new Map(present.map((job) => [job.name, job]));
  return wantedJobs(deployment).map((job) => {
    const found = byName.get(job.name);
    if (found === undefined) return { job, differences: [MISSING] };
    const account = job.account ?? found.target?.token?.account;
    return { job: { ...job, account }, differences: differencesOf(job, found) };
  });
}

/**
 * The jobs of federation queries that nobody has configured: each calls the service for nothing, or pulls from a partner that was
 * given up. Names are those that the scheduler has.
 */
export const jobsWithoutQuery = (
  { prefix, queries = [] }: Pick<Deployment, 'prefix' | 'queries'>,
  present: readonly JobState[],
): readonly string[] => {
  const rows: readonly ScheduledJob[] = SCHEDULED_JOBS['federation-pull'];
  const wanted = new Set(
    rows.flatMap(({ name }) => queries.map((id) => `${prefix}federation-pull-${name}-${id}`)),
  );
  return present
    .map(({ name }) => name)
    .filter((name) => rows.some((row) => name.startsWith(`${prefix}federation-pull-${row.name}-`)))
    .filter((name) => !wanted.has(name));
};

function wantedJobs({ urls, prefix, account, queries }: Deployment): readonly WantedJob[] {
  return servicesOf(queries).flatMap((service) => {
    const audience = urls.get(service);
    if (audience === undefined) throw new Error(`the address of ${service} is not known`);
    return jobsOf(service, queries).map(({ name, route, schedule, deadlineSeconds, retries }) => ({
      name: `${prefix}${service}-${name}`,
      uri: `${audience}${route}`,
      ...{ audience, account, schedule, deadlineSeconds, retries },
    }));
  });
}

/** The jobs of a service; one that there is for each query once for each of them, named after it. */
function jobsOf(service: JobService, queries: Deployment['queries'] = []): readonly ScheduledJob[] {
  const jobs: readonly ScheduledJob[] = SCHEDULED_JOBS[service];
  return jobs.flatMap((job) =>
    job.oneForEach === undefined
      ? [job]
      : queries.map((id) => ({
          ...job,
          name: `${job.name}-${id}`,
          route: job.route.replace('ID', encodeURIComponent(id)),
        })),
  );
}

const MISSING: JobDifference = { aspect: 'existence', wanted: 'a job', found: 'none' };
const UTC = new Set(['UTC', 'Etc/UTC', 'Etc/GMT', 'GMT', '']);

function differencesOf(wanted: WantedJob, found: JobState): readonly JobDifference[] {
  const pairs: readonly (readonly [JobAspect, wanted: string, found: string])[] = [
    ['state', 'ENABLED', found.state],
    ...targetPairs(wanted, found),
    ['schedule', wanted.schedule, found.schedule.trim().replaceAll(/\s+/g, ' ')],
    ['time zone', 'UTC', UTC.has(found.timeZone) ? 'UTC' : found.timeZone],
    ['deadline', `${wanted.deadlineSeconds} s`, `${found.deadlineSeconds} s`],
    ['retries', String(wanted.retries), String(found.retries)],
  ];
  return pairs
    .filter(([, one, other]) => one !== other)
    .map(([aspect, one, other]) => ({ aspect, wanted: one, found: other }));
}

/** When the whole target or token is missing, that one difference stands for all its parts. */
function targetPairs(
  { uri, audience, account }: WantedJob,
  { target }: JobState,
): readonly (readonly [JobAspect, wanted: string, found: string])[] {
  if (target === undefined) return [['method', 'POST', 'no HTTP request']];
  const { token } = target;
  const request = [
    ['method', 'POST', target.method],
    ['address', uri, target.uri],
  ] as const;
  if (token === undefined) return [...request, ['token', 'an OIDC token', 'none']];
  return [
    ...request,
    ['audience', audience, token.audience],
    ...(account === undefined ? [] : [['account', account, token.account] as const]),
  ];
}
