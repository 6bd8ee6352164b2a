export { allCollections, movedCollections } from './all-collections.ts';
export { SHARED_TIMES, shareAnswerTimes, sharedAnswerTimes } from './answer-times.ts';
export { type ConfigurationChange, type FieldChange, auditEntries } from './audit.ts';
export { AUDIT_MARK, earlierEntries, earlierNamedBy } from './audit-beginning.ts';
export {
  AUDIT_WRITES,
  AuditFault,
  type AuditedStep,
  auditAhead,
  beginAudit,
  beginAuditAnew,
} from './audit-chain.ts';
export {
  type AuditCheckpoint,
  auditCheckpoints,
  checkpointText,
  isSignedBy,
} from './audit-checkpoints.ts';
export {
  type AuditEntry,
  type AuditHead,
  type AuditOperation,
  MAX_CHANGES_BYTES,
  NO_HASH,
  auditChain,
  auditChangesOf,
  auditHashOf,
  auditHeads,
  auditIdOf,
  changesBytes,
  readAuditHead,
} from './audit-entry.ts';
export { auditKeys } from './audit-keys.ts';
export {
  type AskedAuthority,
  type RefreshOutcome,
  forgetKeySet,
  recordRefreshFailure,
  recordServedKeys,
} from './authority-key-refresh.ts';
export { allowAuthorityKey, revokeAuthorityKey } from './authority-key-revocation.ts';
export { type AuthorityKeys, authorityKeySets, readAuthorityKeys } from './authority-key-sets.ts';
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
export {
  findApp,
  findAuthority,
  findSigningKeys,
  listApps,
  listExports,
} from './configuration-lookup.ts';
export {
  type Coverage,
  CoverageFault,
  coveredAhead,
  rememberedCoverage,
} from './covered-windows.ts';
export {
  type Finding,
  type Findings,
  cleanupFindings,
  cleanupProgress,
  keepFindings,
  readFindings,
} from './cleanup-progress.ts';
export { deleteExpired } from './delete-expired.ts';
export { type KeyDeletion, deleteKeys } from './delete-keys.ts';
export { deleteLeases } from './delete-leases.ts';
export { deleteVersions } from './delete-versions.ts';
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
export { type ExportPlace, exportPlaces } from './export-places.ts';
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
export { type PauseCheck, checkPause } from './check-pause.ts';
export {
  type Pause,
  type PauseKind,
  type PauseOutcome,
  type PauseTarget,
  beginPause,
  endPause,
  isQueryPaused,
  pausesPartner,
  pausesReader,
  pausesUpload,
  readPauses,
  rememberedPauses,
} from './pauses.ts';
export {
  CLOSING_NOTICE,
  type Lifecycle,
  LifecycleFault,
  type LifecycleGoal,
  type LifecycleState,
  lifecycles,
  readLifecycle,
  rememberedLife,
  standsStill,
  stateOf,
  whileOpen,
} from './lifecycle.ts';
export {
  type LifecycleOutcome,
  abortClosing,
  beginClosing,
  beginEmptying,
  emptyFrom,
  endEmptying,
  noteDrained,
  noteUnlisted,
  restateOpen,
  wakeServer,
} from './change-lifecycle.ts';
export { type ClosingWait, closingWaits } from './closing-waits.ts';
export { deletedWith, staysWith } from './what-stays.ts';
export { type PartnerUnitsOptions, type Units, paddedUnits } from './partner-units.ts';
export { unitsOfPartners } from './served-units.ts';
export { type UnitProgress, unitProgress } from './unit-progress.ts';
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
export { JOB_GRACE } from './job-grace.ts';
export { jobRuns, noteCompleted, readCompleted } from './job-runs.ts';
export { leaseStore, leases } from './lease-store.ts';
export {
  type KeyStoreSettings,
  SHARDS,
  isFoundBy,
  keyBatchDocument,
  keyBatches,
  keyHasher,
} from './key-batch-document.ts';
export { findOldestWindow, readDocuments, readKeyBatches } from './key-reader.ts';
export { type DeletedDocuments, deleteDocuments } from './delete-documents.ts';
export { type Readers, type StoredDocument, readReaders } from './key-range.ts';
export {
  GENERATED_FOR_EACH,
  GROUP_DOCUMENTS,
  type RevokeSettings,
  type RevokedGroup,
  revokeDocuments,
} from './revoke-documents.ts';
export { CHANGE_NOTICE, rememberedWindows, storedWindows } from './store-windows.ts';
export { type UploadStoreSettings, storeUploads } from './key-store.ts';
export { noteTokenKeyAge, readTokenKeyAge } from './token-key-age.ts';
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
export { uncoveredFrom } from './uncovered-from.ts';
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
export {
  type BatchRetirement,
  type RetiredBatch,
  batchRetirement,
  deleteBatches,
} from './retire-batches.ts';
export { type StrayRecords, strayObjects, strayRecords } from './stray-objects.ts';
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
export { beginEpoch, epochReader, readEpoch } from './time-resets.ts';
export { healthProbes, probeExports, probeUploads, probeWriting } from './store-probes.ts';
