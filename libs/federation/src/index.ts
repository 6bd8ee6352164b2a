export {
  MAX_ANSWER_BYTES,
  MAX_PAGE_KEYS,
  type PartnerPage,
  decodeAnswer,
} from './decode-answer.ts';
export { encodeRequest } from './encode-request.ts';
export type { Grant, Partner } from './partner.ts';
export { type PartnerState, echoed, firstState, stateText } from './partner-state.ts';
export { PULL_PROBLEMS, type PullProblem, pullProblemOf } from './pull-problems.ts';
export type { FederationQuery } from './query.ts';
export { receivePage } from './receive-page.ts';
export type { ReceivedKey } from './received-key.ts';
export {
  type ReceivedDocument,
  type Reconciled,
  type StoredCopy,
  reconcileReceived,
} from './reconcile-received.ts';
export {
  REJECT_FIELDS,
  REJECT_REASONS,
  type RejectCount,
  RejectReport,
  rejectedKeys,
} from './reject-report.ts';
export {
  type Begun,
  type Chunk,
  type Ending,
  MAX_CHUNK_KEYS,
  type QueryStanding,
  type StoredChunk,
  type Sync,
  type SyncRecord,
  type SyncStore,
  lagOf,
} from './sync-store.ts';
export type { FindUnit, FoundUnit, ReadUnit, Unit } from './units.ts';
