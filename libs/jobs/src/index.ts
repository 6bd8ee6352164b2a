export {
  type Done,
  type Failed,
  type JobAnswer,
  type JobReport,
  type TooEarly,
  NOTHING_TO_DO,
  jobAnswer,
} from './job.ts';
export { type JobRunner, jobRunner } from './job-runner.ts';
export { LeaseFault } from './lease-keeper.ts';
export type { Lease, Leases } from './lease.ts';
export { type AloneDeps, type LoneJob, runAlone } from './run-alone.ts';
export { type RunningJob, runJob } from './run-job.ts';
export { type HeldLease, withLease } from './with-lease.ts';
