import type { Cursor, FetchState } from '#generated/federation.js';
import { SECOND, type UnixMillis, unixMillis } from '@keyserver/time';
import type { Position } from './position.ts';
import { openToken, sealToken } from './token.ts';

/** Where a call goes on. */
export interface Resumption extends Position {
  /** Whether it was told by a timestamp alone: then `unit` is any instant of the unit, which begins anew. */
  readonly byTimestamp: boolean;
}

/** The beginning of everything. */
export const BEGINNING: Resumption = { unit: unixMillis(0), byTimestamp: true };

/** What clients of the reference server send when they know no time: the first second of the year 1. */
const YEAR_1 = -62_135_596_800;
const LAST_SECOND = 8_640_000_000_000;

/**
 * Where a state goes on. Both cursors say the same, so either is enough; a token counts, and a timestamp where there is none.
 * Cursors that differ go on at the earlier one, so that nothing is passed over. Undefined for a state that no server of ours
 * gave, or gave before it lost the key of its tokens.
 */
export function readState(
  state: FetchState.$Properties | null | undefined,
  sealingKey: Uint8Array,
): Resumption | undefined {
  const cursors = [state?.keyCursor, state?.revisedKeyCursor].flatMap((cursor) =>
    cursor === undefined || cursor === null ? [] : [cursor],
  );
  const tokens = cursors.flatMap(({ nextToken }) => (nextToken ?? '') || []);
  const places =
    tokens.length > 0
      ? tokens.map((token) => ofToken(token, sealingKey))
      : cursors.filter(saysTime).map(ofTimestamp);
  let earliest: Resumption | undefined;
  for (const place of places) {
    if (place === undefined) return undefined;
    if (earliest === undefined || isBefore(place, earliest)) earliest = place;
  }
  return earliest ?? BEGINNING;
}

/**
 * The state that leads back to a position. Its timestamp is the start of the unit, plus a second when a part of the unit is
 * done. A unit of one second has no room for that, and keeps its start.
 */
export function stateOf(
  position: Position,
  options: { readonly sealingKey: Uint8Array; readonly unitEnd?: UnixMillis | undefined },
): FetchState.$Properties {
  const { unit, after } = position;
  const { sealingKey, unitEnd = Infinity } = options;
  const later = after !== undefined && unit + SECOND < unitEnd ? SECOND : 0;
  const cursor = {
    timestamp: (unit + later) / SECOND,
    nextToken: sealToken(position, sealingKey),
  };
  return { keyCursor: cursor, revisedKeyCursor: cursor };
}

/**
 * The time of a cursor, Unix seconds. The decoder gives an object for an int64 where a package named `long` is about, whatever its
 * types say (https://github.com/protobufjs/protobuf.js, "Compatibility").
 */
export function secondsIn({ timestamp }: Cursor.$Properties): number {
  const told: unknown = timestamp ?? 0;
  return Number(told);
}

const saysTime = (cursor: Cursor.$Properties): boolean => ![0, YEAR_1].includes(secondsIn(cursor));

function ofToken(token: string, sealingKey: Uint8Array): Resumption | undefined {
  const position = openToken(token, sealingKey);
  return position && { ...position, byTimestamp: false };
}

function ofTimestamp(cursor: Cursor.$Properties): Resumption | undefined {
  const seconds = secondsIn(cursor);
  if (seconds < 0 || seconds > LAST_SECOND) return undefined;
  return { unit: unixMillis(seconds * SECOND), byTimestamp: true };
}

function isBefore(a: Position, b: Position): boolean {
  if (a.unit !== b.unit) return a.unit < b.unit;
  if (a.after === undefined || b.after === undefined) return a.after === undefined;
  if (a.after.kind !== b.after.kind) return a.after.kind === 'primary';
  return Buffer.compare(a.after.key, b.after.key) < 0;
}
