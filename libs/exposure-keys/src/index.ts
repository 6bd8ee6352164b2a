export { type Acceptance, LAST_KEY_AGE, LAST_ONSET_AGE, acceptKeys } from './accept-keys.ts';
export { ASSUMED_RISK } from './check-key.ts';
export {
  CERTIFIED_REPORT_TYPES,
  type CertifiedReportType,
  type ExposureKey,
  KEY_BYTES,
  type OfferedKey,
  REPORT_TYPE_CODE,
  type ReportType,
  type RevisableKey,
  isCertifiedReportType,
  keyEnd,
  keyHex,
} from './key.ts';
export {
  DEFAULT_KEY_RULES,
  KEY_AGE_HOURS,
  KEY_PERIOD,
  KEY_RETENTION_HOURS,
  KEY_RULE_CHOICES,
  type KeyRules,
  MAX_RISK,
  ONSET_DISTANCE_DAYS,
  earliestEnd,
  earliestReleasedEnd,
  keyRulesOf,
} from './key-rules.ts';
export { FOREIGN_AUTHORITY } from './key-store.ts';
export { compareKeys, orderByByte, orderByKey } from './key-order.ts';
export type {
  KeyBatch,
  ReadKeyBatches,
  StoreUpload,
  Upload,
  UploadOutcome,
  UploadFault,
  UploadStatistics,
  UploadToken,
  VerifiedBy,
} from './key-store.ts';
export {
  NO_ONSET,
  RECORD,
  RECORD_BYTES,
  findRecord,
  packRecords,
  unpackRecords,
} from './packed-records.ts';
export {
  type Revision,
  type RevisionRules,
  type StoredKey,
  mayBecome,
  reconcile,
} from './reconcile.ts';
export { releaseSpan, releaseWindow } from './release.ts';
export { decodeTolerantBase64 } from './tolerant-base64.ts';
