export { JOBS } from './jobs.ts';
export { type JobIssuer } from './launcher-platform.ts';
export { JOB_ACCOUNT } from './post-job.ts';
export { problemLine } from './problem-line.ts';
export { serveIssuer } from './serve-issuer.ts';
export { launcherSettings } from './settings.ts';
export { cdnSettings, startCdn } from './start-cdn.ts';
export { findObjects } from './wiring.ts';
