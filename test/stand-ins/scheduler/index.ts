export { type SchedulerStandIn, startSchedulerStandIn } from './start-scheduler.ts';
export { type Job } from './job.ts';
