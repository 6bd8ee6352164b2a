export { type DeletionReport, isReportSignedBy, parseReport } from './deletion-report.ts';
export { type Emptying, type EmptyingDeps, emptyServer } from './empty-server.ts';
export { type ExaminedPart, adoptParts, examineParts } from './adopt-parts.ts';
export { type WindowPlan, changeWindow, planWindow } from './change-window.ts';
export { type MendableTime, type TimeReport, acceptTime, resetTime } from './mend-time.ts';
export type { AuditVerdict, KnownEntry, WholeAudit } from './audit-verdict.ts';
export { type CheckpointOutcome, checkpointAudit } from './checkpoint-audit.ts';
export { type AuditRecord, readAudit } from './read-audit.ts';
export { restartAudit } from './restart-audit.ts';
export { AUDIT_KEPT_AT_LEAST, type TrimOutcome, trimAudit } from './trim-audit.ts';
export { verifyAudit } from './verify-audit.ts';
export {
  type CellDocuments,
  type Counts,
  type KeyRange,
  type RangePlace,
  type Stage,
  type Survey,
  rangePlace,
  surveyKeys,
} from './key-range.ts';
export {
  type Deleted,
  type Recalled,
  type Recaller,
  deleteKeys,
  revokeKeys,
} from './recall-keys.ts';
