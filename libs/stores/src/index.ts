export { allCollections, movedCollections } from './all-collections.ts';
export { SHARED_TIMES, shareAnswerTimes, sharedAnswerTimes } from './answer-times.ts';
export { type ConfigurationChange, type FieldChange, auditEntries, auditRebuild } from './audit.ts';
export { appDocumentId } from './app-document-id.ts';
export {
  appDocument,
  appOf,
  authorityDocument,
  authorityOf,
  authorizedApps,
  exportConfigDocument,
  exportConfigOf,
  exportConfigs,
  healthAuthorities,
  signingKeyDocument,
  signingKeyOf,
  signingKeys,
} from './configuration.ts';
export { findApp, findAuthority, findSigningKeys, listExports } from './configuration-lookup.ts';
export {
  type Coverage,
  CoverageFault,
  coveredAhead,
  rememberedCoverage,
} from './covered-windows.ts';
export { type DrawKeys, type DrawnKeys, dailyKeys, drawDailyKeys } from './daily-keys.ts';
export { type DataImport, dataImports } from './data-imports.ts';
export { batchOf, exportBatches, exportProgress } from './export-batch-document.ts';
export { cellStore, settledCells } from './cell-store.ts';
export { federationPositions, readStandings, readSyncs } from './federation-positions.ts';
export {
  federationQueries,
  findQuery,
  listQueries,
  queryDocument,
  queryOf,
} from './federation-queries.ts';
export { resetQuery } from './federation-reset.ts';
export { federationSync } from './federation-sync.ts';
export { exportStore } from './export-store.ts';
export { changesFrom, listPlanned, readPlans, versionChange } from './plan-store.ts';
export {
  type FindPartner,
  findPartner,
  listPartners,
  partnerDocument,
  partnerOf,
  partners,
} from './partners.ts';
export { partnerVersionChange } from './partner-versions.ts';
export { partnerProgress, partnerUnits, unitOf } from './partner-unit-document.ts';
export { type PartnerUnitsOptions, type Units, paddedUnits } from './partner-units.ts';
export { unitsOfPartners } from './served-units.ts';
export type { UnitProgress } from './unit-progress.ts';
export { type UnitStore, unitStore } from './unit-store.ts';
export {
  exportVersions,
  padBegun,
  padCells,
  padPlans,
  padRevised,
  partnerVersions,
} from './padding-documents.ts';
export { type Rotation, readDataKeys, revisionKeys, rotateDataKeys } from './revision-keys.ts';
export { type ReadSealingKey, readSealingKey } from './federation-secrets.ts';
export { shapeKeeper, shapePool } from './shape-store.ts';
export { leaseStore, leases } from './lease-store.ts';
export {
  type KeyStoreSettings,
  SHARDS,
  isFoundBy,
  keyBatchDocument,
  keyBatches,
  keyHasher,
} from './key-batch-document.ts';
export { readKeyBatches } from './key-reader.ts';
export { CHANGE_NOTICE, rememberedWindows, storedWindows } from './store-windows.ts';
export { type UploadStoreSettings, storeUploads } from './key-store.ts';
export { skippedCountsId, totalDelta, totalDeltas } from './total-deltas.ts';
export { type Folding, foldTotals } from './fold-totals.ts';
export {
  type HourTotals,
  type ReadTotals,
  TOTALS_RETENTION_DAYS,
  type Totals,
  readTotals,
  totals,
  totalsProgress,
} from './totals.ts';
export { uncoveredKeys } from './uncovered-keys.ts';
export { usedSigningKeys } from './used-signing-keys.ts';
export { type KnownFormat, keyHashCheckOf } from './compare-format.ts';
export { compareStoreFormat, formatChange, openStoreFormat } from './open-store-format.ts';
export {
  FORMAT_ID,
  FORMAT_VERSION,
  type StoreFormat,
  StoreFormatFault,
  type StoreProfile,
  readStoreFormat,
  storeFormat,
} from './store-format.ts';
export { STORE_ID_OBJECT, bucketParts } from './bucket-part.ts';
export { batchListing, unlistFiles } from './export-batch-listing.ts';
export { type OwnParts, ownParts } from './own-parts.ts';
export {
  StorePartFault,
  type PartState,
  checkPart,
  stateOfPart,
  storeParts,
} from './store-parts.ts';
export { isAnythingAhead, undoAllAhead } from './reset-time.ts';
export { beginEpoch, readEpoch } from './time-resets.ts';
export { healthProbes, probeExports, probeUploads, probeWriting } from './store-probes.ts';
