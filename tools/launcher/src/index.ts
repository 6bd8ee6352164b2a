export { JOB_ACCOUNT, type JobIssuer, serveIssuer } from './job-issuer.ts';
export { problemLine } from './launch-log.ts';
export { JOBS } from './schedule.ts';
export { isPortFree, launcherSettings } from './settings.ts';
export { cdnSettings, startCdn } from './start-cdn.ts';
export { findObjects } from './wiring.ts';
