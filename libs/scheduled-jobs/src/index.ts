export {
  type JobDifference,
  type CheckedJob,
  type WantedJob,
  checkJobs,
  missingServices,
} from './check-jobs.ts';
export { type JobService, SCHEDULED_JOBS } from './scheduled-jobs.ts';
export type { JobState, Scheduler } from './scheduler.ts';
