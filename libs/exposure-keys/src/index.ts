export { type ExposureKey, KEY_BYTES } from './key.ts';
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
export { NO_ONSET, RECORD, RECORD_BYTES, packRecords, unpackRecords } from './packed-records.ts';
export { CERTIFIED_REPORT_TYPES, REPORT_TYPE_CODE, type ReportType } from './report-type.ts';
