/** A job that the clock starts: a POST to its service, in UTC, with an identity token for the service's root address. */
export interface ScheduledJob {
  readonly name: string;
  readonly route: string;
  /** The five fields of cron. */
  readonly schedule: string;
  /** How long an attempt may take. */
  readonly deadlineSeconds: number;
  /** How often a failed attempt is repeated before the next turn. */
  readonly retries: number;
  /** There is a job for each of these; its id takes the place of ID in the route. */
  readonly oneForEach?: 'federation query';
}

/** Every job of the suite, by its service: what launcher, command line and cloud are set up from. */
export const SCHEDULED_JOBS = {
  export: [
    job('create-batches', '/create-batches', '*/5 * * * *', { deadlineSeconds: 300 }),
    job('do-work', '/do-work', '* * * * *'),
  ],
  cleanup: [
    job('totals', '/totals', '*/5 * * * *', { deadlineSeconds: 120 }),
    job('keys', '/keys', '0 */4 * * *'),
    job('exports', '/exports', '0 */4 * * *'),
  ],
  trust: [
    job('rotate-keys', '/rotate-keys', '0 */4 * * *', { deadlineSeconds: 120 }),
    job('refresh-authority-keys', '/refresh-authority-keys', '*/2 * * * *', {
      deadlineSeconds: 110,
      retries: 1,
    }),
  ],
  'federation-pull': [
    {
      ...job('pull', '/?query-id=ID', '*/15 * * * *', { retries: 1 }),
      oneForEach: 'federation query',
    },
  ],
  import: [
    job('schedule', '/schedule', '*/15 * * * *'),
    job('import', '/import', '*/5 * * * *'),
    job('mirror', '/mirror', '*/5 * * * *'),
  ],
} as const satisfies Readonly<Record<string, readonly ScheduledJob[]>>;

/** A service that jobs are for. */
export type JobService = keyof typeof SCHEDULED_JOBS;

/** The services with jobs that this version brings and every deployment runs; the others are yet to come. */
export const DEPLOYED_SERVICES: readonly JobService[] = ['export', 'cleanup', 'trust'];

function job<Name extends string>(
  name: Name,
  route: string,
  schedule: string,
  { deadlineSeconds = 540, retries = 3 }: { deadlineSeconds?: number; retries?: number } = {},
): ScheduledJob & { readonly name: Name } {
  return { name, route, schedule, deadlineSeconds, retries };
}
