import type { Cursor, FetchState } from '#generated/federation.js';
import { MINUTE, SECOND, type UnixMillis, unixMillis } from '@keyserver/time';
import { type Epoch, takenBack, takenBackFromAhead } from './epoch.ts';
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

/** How far ahead of store time a state may be: a second of its own form, and what clocks of a store's servers may differ. */
const AHEAD = MINUTE;

/** What states are read with. */
export interface StateReading {
  readonly sealingKey: Uint8Array;
  readonly epoch: Epoch;
  /** Store time. */
  readonly now: UnixMillis;
}

/**
 * Where a state goes on. Both cursors say the same, so either is enough; a token counts, and a timestamp where there is none.
 * Cursors that differ go on at the earlier one, so that nothing is passed over. One that was given ahead of a time that was set back
 * meanwhile is taken back with it. `state` for one that no server of ours gave, or gave before it lost the key of its tokens; `future`
 * for one of a time that has not come.
 */
export function readState(
  state: FetchState.$Properties | null | undefined,
  reading: StateReading,
): Resumption | 'state' | 'future' {
  const cursors = [state?.keyCursor, state?.revisedKeyCursor].flatMap((cursor) =>
    cursor === undefined || cursor === null ? [] : [cursor],
  );
  // Both say the same, as a rule: then it is opened once.
  const tokens = new Set(cursors.flatMap(({ nextToken }) => (nextToken ?? '') || []));
  const place = earliestOf(
    tokens.size > 0
      ? [...tokens].map((token) => ofToken(token, reading))
      : cursors.filter(saysTime).map((cursor) => ofTimestamp(cursor, reading)),
  );
  return place !== undefined && place.unit > reading.now + AHEAD ? 'future' : (place ?? 'state');
}

/** The earliest of several places, or the beginning where there are none; undefined where one of them is none. */
function earliestOf(places: readonly (Resumption | undefined)[]): Resumption | undefined {
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
  options: {
    readonly sealingKey: Uint8Array;
    /** The number of the epoch that was known before anything of the answer was read. */
    readonly epoch: number;
    readonly unitEnd?: UnixMillis | undefined;
  },
): FetchState.$Properties {
  const { unit, after } = position;
  const { sealingKey, epoch, unitEnd = Infinity } = options;
  const later = after !== undefined && unit + SECOND < unitEnd ? SECOND : 0;
  const cursor = {
    timestamp: (unit + later) / SECOND,
    nextToken: sealToken({ unit, after, epoch }, sealingKey),
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

function ofToken(token: string, { sealingKey, epoch }: StateReading): Resumption | undefined {
  const told = openToken(token, sealingKey);
  if (told === undefined) return undefined;
  const { epoch: number, ...position } = told;
  return { ...takenBack(position, number, epoch), byTimestamp: false };
}

/** A time says no epoch. One that has not come is told by a time that was set back; another is believed. */
function ofTimestamp(
  cursor: Cursor.$Properties,
  { epoch, now }: StateReading,
): Resumption | undefined {
  const seconds = secondsIn(cursor);
  if (seconds < 0 || seconds > LAST_SECOND) return undefined;
  const unit = unixMillis(seconds * SECOND);
  const back = unit > now + AHEAD ? takenBackFromAhead(unit, epoch) : undefined;
  return back === undefined ? { unit, byTimestamp: true } : { ...back, byTimestamp: false };
}

function isBefore(a: Position, b: Position): boolean {
  if (a.unit !== b.unit) return a.unit < b.unit;
  if (a.after === undefined || b.after === undefined) return a.after === undefined;
  if (a.after.kind !== b.after.kind) return a.after.kind === 'primary';
  return Buffer.compare(a.after.key, b.after.key) < 0;
}
