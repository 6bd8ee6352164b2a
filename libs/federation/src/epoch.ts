import { DAY, SECOND, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';
import type { Position } from './position.ts';

/** Store time was set back, since a clock had been wrong. */
export interface TimeReset {
  /** The number of the epoch that began with it. */
  readonly epoch: number;
  /** Store time before it. */
  readonly from: UnixMillis;
  /** Store time after it; earlier. */
  readonly to: UnixMillis;
}

/** An epoch of store time: it goes on without going back. Epochs are counted from 0, and each reset begins another. */
export interface Epoch {
  readonly number: number;
  /** The resets that are known, oldest first; those long ago may be missing. */
  readonly resets: readonly TimeReset[];
}

/** The most that a token has room for. Each reset is a step of an operator. */
export const MAX_EPOCH = 0xffff;

/** The epoch of a store whose time was never set back. */
export const FIRST_EPOCH: Epoch = { number: 0, resets: [] };

/** No unit is longer: both windows and units of a plan divide the day. */
const LONGEST_UNIT = DAY;

/**
 * Where to go on that has been told as a position of another epoch: no later than where nothing was yet served ahead of time. What was
 * closed and settled ahead of time is open again and gets keys, and of a unit that may last longer than up to the reset nothing counts as
 * done. An epoch that the store does not know, as after it was restored from a backup, leads to the beginning: it is not
 * known what was passed over. What was given before is given again.
 */
export function takenBack(position: Position, told: number, epoch: Epoch): Position {
  if (told === epoch.number) return position;
  const since = epoch.resets.filter(({ epoch: number }) => number > told);
  if (since.length !== epoch.number - told) return START;
  return notAfter(position, earliestOf(since));
}

/** Where to go on by a time that has not come: before the resets that may have made it one. Undefined where there was none. */
export function takenBackFromAhead(unit: UnixMillis, epoch: Epoch): Position | undefined {
  const since = epoch.resets.filter(({ from }) => from >= unit);
  return since.length === 0 ? undefined : notAfter({ unit }, earliestOf(since));
}

const START: Position = { unit: unixMillis(0) };

const earliestOf = (resets: readonly TimeReset[]): UnixMillis =>
  resets.map(({ to }) => to).reduce((a, b) => (a < b ? a : b));

function notAfter(position: Position, reset: UnixMillis): Position {
  // States say whole seconds. It may lie within a unit, which then begins anew.
  if (position.unit > reset) return { unit: floorTo(reset, SECOND) };
  return position.unit + LONGEST_UNIT > reset ? { unit: position.unit } : position;
}
