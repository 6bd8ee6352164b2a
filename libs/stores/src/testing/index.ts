export { auditedSteps } from './audited-steps.ts';
export {
  NOON,
  SETTINGS,
  aKey,
  aKeyUntil,
  anUpload,
  batchesIn,
  keysOf,
  recordsOf,
} from './uploads.ts';
export { exportIndexes } from '../export-index-document.ts';
export { exportProgress } from '../export-batch-document.ts';
export { padBegun, padCells, padPlans } from '../padding-documents.ts';
export { federationPositions } from '../federation-positions.ts';
