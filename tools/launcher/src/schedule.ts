import { type IncomingMessage, request } from 'node:http';
import { type JobName, type Logger, faultTrail } from '@keyserver/log';
import { longestPause, within } from '@keyserver/retry';
import { SCHEDULED_JOBS } from '@keyserver/scheduled-jobs';
import { SECOND, type Timers, sleep } from '@keyserver/time';
import { Cron } from 'croner';
import { JOB_ACCOUNT, type MintToken } from './job-issuer.ts';
import type { Profile } from './settings.ts';

/** Jobs that run by the clock until they are stopped. */
interface Schedule {
  /** No more turns; an attempt under way is cut, its service finishes or rolls back what it was doing. */
  stop(): void;
}

/** Runs jobs by the clock, as Cloud Scheduler does. A turn is left out while the one before it is still running. */
export function runSchedule(
  jobs: readonly ScheduledJob[],
  options: {
    readonly profile: Profile['name'];
    readonly post: PostJob;
    readonly timers: Timers;
    readonly log: Logger;
  },
): Schedule {
  const { profile, post, timers, log } = options;
  const stopping = new AbortController();
  const crons = jobs.map(
    (job) =>
      new Cron(job.schedule[profile], { timezone: 'UTC', protect: true }, async () => {
        const turn = await attemptJob(job, { post, timers, signal: stopping.signal });
        if (turn.kind === 'failed')
          log.event('launcher.job_unanswered', { job: job.name, status: turn.status });
      }),
  );
  return {
    stop: () => {
      for (const cron of crons) cron.stop();
      stopping.abort();
    },
  };
}

/** A job that is started by the clock: an authenticated POST, as Cloud Scheduler sends it. */
export interface ScheduledJob {
  readonly name: JobName;
  readonly service: 'export' | 'cleanup' | 'trust' | 'federation-pull';
  readonly route: string;
  /** When, in UTC: five fields as cron has them, or six, beginning with seconds. */
  readonly schedule: Readonly<Record<Profile['name'], string>>;
  readonly deadlineSeconds: number;
  /** How often a failed attempt is repeated before the next turn. */
  readonly retries: number;
}

/** A job that every server has, whatever it is configured to do. */
interface SuiteJob extends ScheduledJob {
  readonly service: Exclude<ScheduledJob['service'], 'federation-pull'>;
}

const IN_DEVELOPMENT = {
  'create-batches': '*/5 * * * * *',
  // Two seconds after create-batches, so that a new batch is not left until the next turn.
  'do-work': '2-59/5 * * * * *',
  totals: '15 * * * * *',
  keys: '20 * * * * *',
  exports: '25 * * * * *',
  'rotate-keys': '30 * * * * *',
  'refresh-authority-keys': '3-59/10 * * * * *',
};

/** Makes data keys of revision tokens, the first one too. */
export const ROTATE_KEYS: SuiteJob = {
  ...SCHEDULED_JOBS.trust[0],
  service: 'trust',
  schedule: {
    production: SCHEDULED_JOBS.trust[0].schedule,
    development: IN_DEVELOPMENT['rotate-keys'],
  },
};

const [PULL] = SCHEDULED_JOBS['federation-pull'];

/** The job of a federation query. */
export const pullJob = (queryId: string): ScheduledJob => ({
  ...PULL,
  name: 'federation-pull',
  service: 'federation-pull',
  route: PULL.route.replace('ID', encodeURIComponent(queryId)),
  schedule: PULL_SCHEDULE,
});

const PULL_SCHEDULE = { production: PULL.schedule, development: '4-59/5 * * * * *' };

type ListIds = () => Promise<readonly string[]>;

/**
 * One turn of all federation queries. Which there are is asked at each turn, so that a change of the configuration is followed. A
 * query whose turn before is still running is left out; the others are not.
 */
export function turnOfQueries(
  listQueryIds: ListIds,
  attempt: (job: ScheduledJob) => Promise<void>,
): () => Promise<void> {
  const running = new Set<string>();
  const turn = async (id: string): Promise<void> => {
    if (running.has(id)) return;
    running.add(id);
    try {
      await attempt(pullJob(id));
    } finally {
      running.delete(id);
    }
  };
  return async () => {
    await Promise.all((await listQueryIds()).map(turn));
  };
}

/** Runs the job of each federation query by the clock, until it is stopped. */
export function runQueries(
  listQueryIds: ListIds,
  { profile, post, timers, log }: Parameters<typeof runSchedule>[1],
): Schedule {
  const stopping = new AbortController();
  const attempt = async (job: ScheduledJob): Promise<void> => {
    const result = await attemptJob(job, { post, timers, signal: stopping.signal });
    if (result.kind === 'failed')
      log.event('launcher.job_unanswered', { job: job.name, status: result.status });
  };
  const onFault = (fault: unknown): void => {
    log.event('launcher.queries_unread', { causes: faultTrail(fault) });
  };
  const cron = new Cron(
    PULL_SCHEDULE[profile],
    { timezone: 'UTC', catch: onFault },
    turnOfQueries(listQueryIds, attempt),
  );
  return {
    stop: () => {
      cron.stop();
      stopping.abort();
    },
  };
}

/** Every job of the suite, with schedules of its own for trying things out. */
export const JOBS: readonly SuiteJob[] = [
  ...SCHEDULED_JOBS.export.map((job) => ({
    ...job,
    service: 'export' as const,
    schedule: { production: job.schedule, development: IN_DEVELOPMENT[job.name] },
  })),
  ...SCHEDULED_JOBS.cleanup.map((job) => ({
    ...job,
    name: `cleanup-${job.name}` as const,
    service: 'cleanup' as const,
    schedule: { production: job.schedule, development: IN_DEVELOPMENT[job.name] },
  })),
  ROTATE_KEYS,
  {
    ...SCHEDULED_JOBS.trust[1],
    service: 'trust',
    schedule: {
      production: SCHEDULED_JOBS.trust[1].schedule,
      development: IN_DEVELOPMENT['refresh-authority-keys'],
    },
  },
];

/** Sends one attempt of a job; the answer is the HTTP status. Rejects when there is no answer before the signal. */
export type PostJob = (job: ScheduledJob, signal: AbortSignal) => Promise<number>;

/** Ignores that a signal ended a pause: the caller looks at the signal next. */
export const ignoreStop = (): void => undefined;

/** How one turn of a job went; `status` 0 stands for no answer. */
export type JobResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly status: number }
  | { readonly kind: 'stopped' };

/** As Cloud Scheduler pauses: without chance, since one launcher calls one service. */
const PAUSES = { firstPauseMs: 5 * SECOND, longestPauseMs: 160 * SECOND };

/** One turn of a job: an attempt and, while it fails, as many more as the job allows, each after a longer pause. */
export async function attemptJob(
  job: ScheduledJob,
  by: { readonly post: PostJob; readonly timers: Timers; readonly signal: AbortSignal },
): Promise<JobResult> {
  const { timers, signal } = by;
  let status = 0;
  for (let attempt = 0; attempt <= job.retries; attempt++) {
    if (attempt > 0)
      await sleep(timers, longestPause(PAUSES, attempt), { signal }).catch(ignoreStop);
    if (signal.aborted) return { kind: 'stopped' };
    status = await statusOf(job, by);
    if (status >= 200 && status < 300) return { kind: 'done' };
  }
  return { kind: 'failed', status };
}

async function statusOf(
  job: ScheduledJob,
  { post, timers, signal }: Parameters<typeof attemptJob>[1],
): Promise<number> {
  const deadline = { ms: job.deadlineSeconds * SECOND, timers, signal };
  try {
    return await within(deadline, async (cut) => await post(job, cut));
  } catch {
    return 0; // refused, cut off or too late: the next step is the same
  }
}

/** Sends jobs to the services at these addresses, each with a token that is meant for that service alone. */
export function jobPoster(
  urls: Readonly<Record<ScheduledJob['service'], string>>,
  mint: MintToken,
): PostJob {
  return async (job, signal) => {
    const audience = urls[job.service];
    const token = await mint({ audience, email: JOB_ACCOUNT });
    const response = await post(new URL(job.route, audience), token, signal);
    response.resume(); // the body repeats the status in words
    return response.statusCode ?? 0;
  };
}

// Not fetch: it gives up after five minutes without an answer, and some jobs may take nine.
async function post(url: URL, token: string, signal: AbortSignal): Promise<IncomingMessage> {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-length': 0,
    'user-agent': 'keyserver-launcher',
  };
  return await new Promise((resolve, reject) => {
    request(url, { method: 'POST', headers, agent: false, signal }, resolve)
      .on('error', reject)
      .end();
  });
}

/** Sweeps the object store now and every hour, until it is stopped. */
export function sweepEveryHour(sweep: () => Promise<void>, log: Logger): { stop(): void } {
  const cron = new Cron(
    '17 * * * *',
    {
      timezone: 'UTC',
      protect: true,
      catch: (fault) => {
        log.event('launcher.sweep_failed', { causes: faultTrail(fault) });
      },
    },
    sweep,
  );
  void cron.trigger();
  return {
    stop: () => {
      cron.stop();
    },
  };
}
