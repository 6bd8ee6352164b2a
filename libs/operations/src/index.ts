export { ADVICE_NAMES, type AdviceName } from './advice.ts';
export type { ChangeAdvice } from './advise.ts';
export {
  type ApplyOutcome,
  type SigningPlatform,
  applyConfiguration,
  planChanges,
} from './apply-configuration.ts';
export {
  type JobDifference,
  type JobVerdict,
  type WantedJob,
  checkJobs,
  missingServices,
} from './check-jobs.ts';
export type { Configuration, Problem } from './configuration.ts';
export type { Difference } from './data-differences.ts';
export { exportData } from './data-export.ts';
export { importData } from './data-import.ts';
export type { Manifest } from './data-manifest.ts';
export { verifyData } from './data-verify.ts';
export { parseConfiguration } from './parse-configuration.ts';
export { DEVELOPMENT_NAMES } from './development-names.ts';
export type { Plan } from './plan.ts';
export { showConfiguration } from './show-configuration.ts';
export { type JobService, SCHEDULED_JOBS } from './scheduled-jobs.ts';
export type { JobState, Scheduler } from './scheduler.ts';
export { type ExaminedPart, adoptParts, examineParts } from './adopt-parts.ts';
export { MissingPart, auditRebuild, bucketParts, checkPart } from '@keyserver/stores';
export { compareStoreFormat, openStoreFormat } from '@keyserver/stores';
export { type MendableTime, type TimeReport, acceptTime, resetTime } from './mend-time.ts';
export { type WindowPlan, changeWindow, planWindow } from './change-window.ts';
