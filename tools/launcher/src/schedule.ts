import type { Logger } from '@keyserver/log';
import { Cron } from 'croner';
import type { Timers } from '@keyserver/time';
import { type PostJob, attemptJob } from './attempt-job.ts';
import type { ScheduledJob } from './jobs.ts';
import type { Profile } from './profiles.ts';

/** Jobs that run by the clock until they are stopped. */
export interface Schedule {
  /** No more turns; an attempt under way is cut, its service finishes or rolls back what it was doing. */
  stop(): void;
}

/** Runs jobs by the clock, as Cloud Scheduler does. A turn that comes while the last one goes on is left out. */
export function runSchedule(
  jobs: readonly ScheduledJob[],
  of: {
    readonly profile: Profile['name'];
    readonly post: PostJob;
    readonly timers: Timers;
    readonly log: Logger;
  },
): Schedule {
  const { profile, post, timers, log } = of;
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
