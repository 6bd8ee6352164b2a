export { type Acceptance, acceptKeys } from './accept-keys.ts';
export { type ExposureKey, KEY_BYTES, keyEnd, keyHex } from './key.ts';
export {
  KEY_AGE_HOURS,
  KEY_PERIOD,
  KEY_RETENTION_HOURS,
  ONSET_DISTANCE_DAYS,
  earliestReleasedEnd,
} from './key-bounds.ts';
export { DEFAULT_KEY_RULES, type KeyRules } from './key-rules.ts';
export type {
  KeyBatch,
  ReadKeyBatches,
  StoreUpload,
  Upload,
  UploadOutcome,
  UploadRefusal,
  UploadStatistics,
  VerifiedBy,
} from './key-store.ts';
export type { OfferedKey } from './offered-key.ts';
export { NO_ONSET, RECORD, RECORD_BYTES, packRecords, unpackRecords } from './packed-records.ts';
export { reconcile } from './reconcile.ts';
export { releaseSpan, releaseWindow } from './release.ts';
export {
  CERTIFIED_REPORT_TYPES,
  type CertifiedReportType,
  REPORT_TYPE_CODE,
  type ReportType,
  isCertifiedReportType,
} from './report-type.ts';
export { decodeTolerantBase64 } from './tolerant-base64.ts';
