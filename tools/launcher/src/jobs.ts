import type { JobName } from '@keyserver/log';
import { SCHEDULED_JOBS } from '@keyserver/scheduled-jobs';
import type { Profile } from './profiles.ts';

/** A job that is started by the clock: an authenticated POST, as Cloud Scheduler sends it. */
export interface ScheduledJob {
  readonly name: JobName;
  readonly service: 'export';
  readonly route: string;
  /** When, in UTC: five fields as cron has them, or six, beginning with seconds. */
  readonly schedule: Readonly<Record<Profile['name'], string>>;
  readonly deadlineSeconds: number;
  /** How often a failed attempt is repeated before the next turn. */
  readonly retries: number;
}

const IN_DEVELOPMENT = {
  'create-batches': '*/5 * * * * *',
  // Two seconds after create-batches, so that a new batch is not left until the next turn.
  'do-work': '2-59/5 * * * * *',
};

/** Every job of the suite, with schedules of its own for trying things out. */
export const JOBS: readonly ScheduledJob[] = SCHEDULED_JOBS.export.map((job) => ({
  ...job,
  service: 'export',
  schedule: { production: job.schedule, development: IN_DEVELOPMENT[job.name] },
}));
