export { type ExaminedPart, adoptParts, examineParts } from './adopt-parts.ts';
export { type WindowPlan, changeWindow, planWindow } from './change-window.ts';
export { type MendableTime, type TimeReport, acceptTime, resetTime } from './mend-time.ts';
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
