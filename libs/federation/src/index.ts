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
export type { FindUnit, FoundUnit, ReadUnit, Unit } from './units.ts';
