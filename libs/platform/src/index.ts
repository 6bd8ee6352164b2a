export { type Beside, storeAlone } from './beside.ts';
export { openCloudExporter } from './cloud-exporter.ts';
export { type Buckets, type ExportFiles, exportFiles, fileBuckets } from './export-files.ts';
export { type JobParts, jobParts } from './job-parts.ts';
export { type OutgoingIdentity, outgoingIdentity } from './outgoing-identity.ts';
export { type Platform, type PlatformSettings, openPlatform } from './open-platform.ts';
export { keysBelong, probesOf, sameStore, storeAnswers } from './probes.ts';
export { type TokenKeys, tokenKeys } from './token-keys.ts';
export { type Wired, wireOver } from './wire-over.ts';
