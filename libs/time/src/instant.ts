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
