export type { Grant, Partner } from './partner.ts';
export type { FederationQuery } from './query.ts';
export type { FindUnit, FoundUnit, ReadUnit, Unit } from './units.ts';
