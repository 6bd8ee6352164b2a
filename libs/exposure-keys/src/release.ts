import {
  INTERVAL,
  type UnixMillis,
  type WindowCalendar,
  floorTo,
  intervalAt,
  intervalNumber,
  intervalStart,
  unixMillis,
  windowLengthAt,
} from '@keyserver/time';

/**
 * The window in which a key that is stored now is exported, given the interval at which it ends. A key that is still
 * valid waits: its phone is still broadcasting identifiers made from it, and whoever held the key could replay them.
 */
export function releaseWindow(end: number, now: UnixMillis, windows: WindowCalendar): UnixMillis {
  const window = windowLengthAt(windows, now);
  if (end <= intervalAt(now)) return floorTo(now, window);
  return floorTo(unixMillis(intervalStart(intervalNumber(end)) + window), window);
}

/**
 * The longest span, in milliseconds, such that two instants in the same span give every key the same release window.
 * Knowing the release window of an upload's keys tells no more about its time than this.
 */
export const releaseSpan = (windows: WindowCalendar): number =>
  windows.reduce((span, { length }) => greatestCommonDivisor(span, length), INTERVAL);

const greatestCommonDivisor = (a: number, b: number): number =>
  b === 0 ? a : greatestCommonDivisor(b, a % b);
