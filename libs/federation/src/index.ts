export { MAX_ANSWER_BYTES, type PartnerPage, decodeAnswer } from './decode-answer.ts';
export { encodeRequest } from './encode-request.ts';
export { type Epoch, FIRST_EPOCH, MAX_EPOCH, type TimeReset } from './epoch.ts';
export { answerBytes } from './fetch-answer.ts';
export {
  type FetchRequest,
  MAX_REGION_LENGTH,
  MAX_REQUEST_REGIONS,
  type RequestProblem,
  readRequest,
} from './fetch-request.ts';
export { BEGINNING, type Resumption, readState, secondsIn, stateOf } from './fetch-state.ts';
export { PACKED_BYTES, type PackedSlice, packSlice } from './packed-slice.ts';
export { Page, type PageLimits, type UnitEnd } from './page.ts';
export { type PartnerState, echoed, firstState, stateText } from './partner-state.ts';
export type { PartnerUnit } from './partner-unit.ts';
export {
  CALLS_PER_MINUTE,
  type Grant,
  PAGE_KEYS,
  type Partner,
  USUAL_UNIT,
  isWithin,
  narrowed,
} from './partner.ts';
export { type Place, type Position, type RecordKind, comparePlaces } from './position.ts';
export { PULL_PROBLEMS, type PullProblem, pullProblemOf } from './pull-problems.ts';
export { type FederationQuery, isInForce } from './query.ts';
export { type KeyGroup, type Reading, readingOf } from './reading.ts';
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
  chunksOf,
  isOneChunk,
  lagOf,
} from './sync-store.ts';
export { NO_KEYS, type Tally, TallySum, rejectedBefore, tallyOf } from './tally.ts';
export { TOKEN_KEY_BYTES } from './token.ts';
export type { FindUnit, FoundUnit, ReadUnit, Unit } from './units.ts';
