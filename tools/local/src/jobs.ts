import type { JobName } from '@keyserver/log';
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

/** Every job of the suite. */
export const JOBS: readonly ScheduledJob[] = [
  {
    name: 'create-batches',
    service: 'export',
    route: '/create-batches',
    schedule: { production: '*/5 * * * *', development: '*/5 * * * * *' },
    deadlineSeconds: 300,
    retries: 3,
  },
  {
    name: 'do-work',
    service: 'export',
    route: '/do-work',
    // In development two seconds after create-batches, so that a new batch is not left until the next turn.
    schedule: { production: '* * * * *', development: '2-59/5 * * * * *' },
    deadlineSeconds: 540,
    retries: 3,
  },
];
