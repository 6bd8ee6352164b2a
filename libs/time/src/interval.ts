import { DAY, MINUTE, type UnixMillis, unixMillis } from './instant.ts';

/** A ten-minute interval number: whole seconds since 1970 divided by 600. */
export type IntervalNumber = number & { readonly __unit: '10 min since 1970' };

/** Length of one interval in milliseconds. */
export const INTERVAL = 10 * MINUTE;

/** Intervals in a UTC day; every UTC midnight is a multiple of it. */
export const INTERVALS_PER_DAY = DAY / INTERVAL;

const isInterval = (n: number): n is IntervalNumber => Number.isInteger(n) && n >= 0;

/** A number as an interval number; throws a RangeError for fractions and negative numbers. */
export function intervalNumber(n: number): IntervalNumber {
  if (!isInterval(n)) throw new RangeError('not an interval number');
  return n;
}

/** The interval that an instant lies in. */
export const intervalAt = (t: UnixMillis): IntervalNumber =>
  intervalNumber(Math.floor(t / INTERVAL));

/** The first millisecond of an interval. */
export const intervalStart = (i: IntervalNumber): UnixMillis => unixMillis(i * INTERVAL);

/** UTC days from one interval to another, both rounded down to their day; negative when `to` is earlier. */
export const daysBetween = (from: number, to: number): number =>
  Math.floor(to / INTERVALS_PER_DAY) - Math.floor(from / INTERVALS_PER_DAY);
