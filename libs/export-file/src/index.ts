export { archiveName, writeArchive } from './archive.ts';
export { type BatchSpan, type Stretch, dueBatches } from './batch.ts';
export type { BlobHeaders, BlobInfo, BlobStore, OpenBucket } from './blob-store.ts';
export { type FilePlan, cutFiles } from './cut-files.ts';
export { ENCODER_VERSION, type ExportContents, encodeExport } from './encode.ts';
export {
  MAX_ARCHIVE_BYTES,
  MAX_BATCH_FILES,
  MAX_FILE_RECORDS,
  MAX_SIGNERS,
  PHONE_CHECKS_A_DAY,
  PHONE_FILES_A_DAY,
  PHONE_FILE_BYTES,
  PHONE_FILE_RECORDS,
  USUAL_KEY_BYTES,
} from './file-bounds.ts';
export {
  BATCH_STATES,
  type ExportBatch,
  type ExportFile,
  type Frozen,
  type FrozenSigner,
} from './export-batch.ts';
export {
  type ExportConfig,
  type SigningKey,
  inputRegionsOf,
  isInForce,
  signingAt,
} from './export-config.ts';
export {
  ARCHIVE_HEADERS,
  ARCHIVE_MAX_AGE,
  EXPORT_RETENTION_HOURS,
  INDEX_MAX_AGE_SECONDS,
  indexHeaders,
  indexName,
  parseIndex,
  renderIndex,
} from './index-file.ts';
export { type LateCause, type Progress, type Punctuality, latenessOf } from './lateness.ts';
export { KeySelection, type SelectionRules, takerOf } from './select.ts';
export { type NamedSigner, type SignedExport, signExport } from './sign.ts';
export {
  type FindSigner,
  type OpenSignerDeps,
  type OpenedSigner,
  type SignatureInProgress,
  type Signer,
  type SignerProblem,
  type TrySigner,
  type UnusableSigner,
  type UsedSigningKeys,
  isLasting,
  isSameKey,
  openSigner,
  tryOut,
} from './signer.ts';
export {
  type SignerName,
  lengthField,
  lengthTag,
  varintTag,
  writeVarint,
  zigzag,
} from './wire-format.ts';
export {
  keysHeaders,
  type VerificationKey,
  parseVerificationKeys,
  renderVerificationKeys,
  verificationKeysName,
} from './verification-keys.ts';
export type {
  BatchEnd,
  BatchListing,
  BatchQueue,
  BatchWork,
  Cut,
  CutBatches,
  ExportStore,
  FindSigningKeys,
  FreezeOutcome,
  ListExports,
  IndexedBatch,
  Listing,
  WorkQueue,
} from './export-store.ts';
export { type ListedKeys, readExportBin, readKeys } from './read-export.ts';
export { type ExportSummary, inspectExport } from './inspect.ts';
export { type ExpectedExport, type Verification, verifyExport } from './verify.ts';
export type { Violation } from './violation.ts';
