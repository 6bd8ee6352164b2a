export {
  type JobDifference,
  type CheckedJob,
  type WantedJob,
  checkJobs,
  jobsWithoutQuery,
  missingServices,
} from './check-jobs.ts';
export { type JobService, SCHEDULED_JOBS, type ScheduledJob } from './scheduled-jobs.ts';
export type { JobState, Scheduler } from './scheduler.ts';
