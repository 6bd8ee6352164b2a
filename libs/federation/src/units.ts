import type { KeyBatch } from '@keyserver/exposure-keys';
import type { UnixMillis } from '@keyserver/time';
import type { Grant, Partner } from './partner.ts';

/** A span of windows that a partner is served as one whole: a unit of the plan, or for a fresh partner a single window. */
export interface Unit {
  readonly start: UnixMillis;
  readonly end: UnixMillis;
  /** How the partner was served on the day of the unit. */
  readonly mode: Partner['mode'];
  /** What the day of the unit was planned with. The grant in force holds besides. */
  readonly grant: Grant;
}

/** What a partner finds at a place in its order. */
export type FoundUnit =
  | { readonly kind: 'available'; readonly unit: Unit }
  /** Nothing from here to `to` is this partner's: past retention, not in force, or planned with a wider grant. */
  | { readonly kind: 'nothing'; readonly to: UnixMillis }
  /** It is still open or unsettled; whatever lies behind it is not served before it. */
  | { readonly kind: 'not yet' };

/** Finds the unit that contains a window. Before the first window that can be served there is nothing, up to that window. */
export type FindUnit = (partner: Partner, window: UnixMillis) => Promise<FoundUnit>;

/**
 * Reads every document of an available unit that its grant takes, with the generated ones that its settled cells name; in no
 * order. Of a unit that is served without generated keys it reads all others, whatever the grant. Partners with the same unit read the same.
 */
export type ReadUnit = (unit: Unit) => AsyncIterable<readonly KeyBatch[]>;
