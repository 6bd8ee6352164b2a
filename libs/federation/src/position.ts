import type { UnixMillis } from '@keyserver/time';

/** Within a unit all primaries come before all revisions. */
export type RecordKind = 'primary' | 'revision';

/** A record of a unit, by what it is ordered by. */
export interface Place {
  readonly kind: RecordKind;
  /** 16 bytes. */
  readonly key: Uint8Array;
}

/** Which of two places of a unit comes first: below 0 the first one. No place stands for the beginning of the unit. */
export function comparePlaces(one: Place | undefined, other: Place | undefined): number {
  if (one === undefined) return other === undefined ? 0 : -1;
  if (other === undefined) return 1;
  if (one.kind !== other.kind) return one.kind === 'primary' ? -1 : 1;
  return Buffer.compare(one.key, other.key);
}

/** How far a partner has come in the one order of what it is served: unit, then kind, then the bytes of the key. */
export interface Position {
  /** The start of a unit. */
  readonly unit: UnixMillis;
  /** The last record of the unit that was looked at, served or not; none at the unit's beginning. */
  readonly after?: Place | undefined;
}
