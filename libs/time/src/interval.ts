/** Milliseconds since 1970-01-01T00:00:00Z. */
export type UnixMillis = number & { readonly __unit: 'ms since 1970' };

/** Whole seconds since 1970-01-01T00:00:00Z, as certificates and export files carry them. */
export type UnixSeconds = number & { readonly __unit: 's since 1970' };

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const isUnixMillis = (n: number): n is UnixMillis => Number.isSafeInteger(n) && n >= 0;
const isUnixSeconds = (n: number): n is UnixSeconds => Number.isSafeInteger(n) && n >= 0;

/** Milliseconds since 1970 as a typed instant; throws a RangeError for fractions and times before 1970. */
export function unixMillis(n: number): UnixMillis {
  if (!isUnixMillis(n)) throw new RangeError('not a time in milliseconds since 1970');
  return n;
}

/** Seconds since 1970 as a typed instant; throws a RangeError for fractions and times before 1970. */
export function unixSeconds(n: number): UnixSeconds {
  if (!isUnixSeconds(n)) throw new RangeError('not a time in seconds since 1970');
  return n;
}

/** The whole second that an instant lies in. */
export const secondsOf = (t: UnixMillis): UnixSeconds => unixSeconds(Math.floor(t / SECOND));

/** The first millisecond of a second. */
export const millisOf = (t: UnixSeconds): UnixMillis => unixMillis(t * SECOND);

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
