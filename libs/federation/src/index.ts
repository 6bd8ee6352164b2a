export { answerBytes } from './fetch-answer.ts';
export {
  type FetchRequest,
  MAX_REGION_LENGTH,
  MAX_REQUEST_REGIONS,
  type RequestProblem,
  readRequest,
} from './fetch-request.ts';
export { BEGINNING, type Resumption, readState, secondsIn, stateOf } from './fetch-state.ts';
export { type PackedUnit, packUnit } from './packed-unit.ts';
export { Page, type PageLimits, type UnitEnd } from './page.ts';
export type { Place, Position, RecordKind } from './position.ts';
export {
  CALLS_PER_MINUTE,
  type Grant,
  PAGE_KEYS,
  type Partner,
  USUAL_UNIT,
  isWithin,
} from './partner.ts';
export type { PartnerUnit } from './partner-unit.ts';
export type { FederationQuery } from './query.ts';
export { type KeyGroup, type Reading, readingOf } from './reading.ts';
export { TOKEN_KEY_BYTES } from './token.ts';
export type { FindUnit, FoundUnit, ReadUnit, Unit } from './units.ts';
