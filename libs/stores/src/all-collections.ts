import type { Collection } from '@keyserver/docstore';
import { answerTimes } from './answer-times.ts';
import { auditEntries } from './audit.ts';
import { auditCheckpoints } from './audit-checkpoints.ts';
import { auditChain, auditHeads } from './audit-entry.ts';
import { authorityKeySets } from './authority-key-sets.ts';
import { authorizedApps, exportConfigs, healthAuthorities, signingKeys } from './configuration.ts';
import { cleanupFindings, cleanupProgress } from './cleanup-progress.ts';
import { dailyKeys } from './daily-keys.ts';
import { dataImports } from './data-imports.ts';
import { exportBatches, exportProgress } from './export-batch-document.ts';
import { exportIndexes } from './export-index-document.ts';
import { federationPositions, federationSyncs } from './federation-positions.ts';
import { federationQueries } from './federation-queries.ts';
import { federationSecrets } from './federation-secrets.ts';
import { healthProbes } from './store-probes.ts';
import { jobRuns } from './job-runs.ts';
import { keyBatches } from './key-batch-document.ts';
import { leases } from './lease-store.ts';
import { lifecycles } from './lifecycle.ts';
import {
  exportVersions,
  padBegun,
  padCells,
  padPlans,
  padRevised,
  partnerVersions,
} from './padding-documents.ts';
import { partnerProgress, partnerUnits } from './partner-unit-document.ts';
import { partners } from './partners.ts';
import { pauses } from './pauses.ts';
import { revisionKeys } from './revision-keys.ts';
import { padShapes } from './shape-store.ts';
import { storeFormat } from './store-format.ts';
import { storeParts } from './store-parts.ts';
import { strayObjects } from './stray-objects.ts';
import { timeResets } from './time-resets.ts';
import { tokenKeyAges } from './token-key-age.ts';
import { totalDeltas } from './total-deltas.ts';
import { totals, totalsProgress } from './totals.ts';
import { usedKeys } from './used-signing-keys.ts';

/** Every collection of the server. */
export const allCollections: readonly Collection<object>[] = [
  answerTimes,
  auditChain,
  auditCheckpoints,
  auditEntries,
  auditHeads,
  authorityKeySets,
  authorizedApps,
  cleanupFindings,
  cleanupProgress,
  dailyKeys,
  dataImports,
  exportBatches,
  exportConfigs,
  exportIndexes,
  exportProgress,
  exportVersions,
  federationPositions,
  federationQueries,
  federationSyncs,
  federationSecrets,
  healthAuthorities,
  healthProbes,
  jobRuns,
  keyBatches,
  leases,
  lifecycles,
  padBegun,
  padCells,
  padPlans,
  padRevised,
  padShapes,
  partnerProgress,
  partnerUnits,
  partnerVersions,
  partners,
  pauses,
  revisionKeys,
  signingKeys,
  storeFormat,
  storeParts,
  strayObjects,
  timeResets,
  tokenKeyAges,
  totalDeltas,
  totals,
  totalsProgress,
  usedKeys,
];

/** The collections that stay behind when the data moves to another store, and why. */
const STAY: Readonly<Record<string, string>> = {
  answerTimes: 'says how long uploads take at this very store',
  cleanupFindings: 'says what is wrong with this very store and its buckets',
  cleanupProgress: 'says how far keys are deleted in this very store',
  healthProbes: 'says that this very store could be written',
  exportIndexes: 'is derived from the batches, and made anew where it is missing',
  jobRuns: 'says when jobs did what was due in this very store',
  leases: 'a lease is held by a process of this store, and nothing outside it remembers its fence',
  lifecycles: 'says whether this very server takes keys',
  revisionKeys:
    'is wrapped by a key of this very platform, and seals tokens that are bound to this very store',
  tokenKeyAges: 'says of which keys the tokens of this very store tell',
  strayObjects: 'says what was seen in the buckets of this very store',
  storeParts: 'says which keys and buckets belong to this very store',
  dataImports: 'says what was imported into this very store',
  storeFormat:
    'names this very store and its platform; what a target must share comes with the export',
};

/** The collections that move to another store: all whose documents mean the same there. */
export const movedCollections = allCollections.filter(
  ({ layout }) => !Object.hasOwn(STAY, layout.name),
);
