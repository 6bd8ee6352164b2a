import { HOUR, MINUTE, SECOND, type UnixMillis, unixMillis } from '@keyserver/time';

const RFC3339_UTC = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d{1,3})?Z$/;

/** An RFC 3339 time in UTC, such as 2024-05-01T00:00:00Z, to the millisecond; undefined for anything else. */
export function parseTime(text: string): UnixMillis | undefined {
  const seconds = RFC3339_UTC.exec(text)?.[1];
  const t = Date.parse(text);
  if (seconds === undefined || !(t >= 0)) return undefined;
  // Date.parse carries 30 February over into March.
  return new Date(t).toISOString().startsWith(seconds) ? unixMillis(t) : undefined;
}

/** An instant as RFC 3339 in UTC, without a fraction where it is a whole second. */
export const formatTime = (t: UnixMillis): string =>
  new Date(t).toISOString().replace('.000Z', 'Z');

const UNIT: Readonly<Record<string, number>> = { h: HOUR, m: MINUTE, s: SECOND };

/** A duration in whole hours, minutes or seconds, such as 24h, in milliseconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, count, letter = ''] = /^([1-9]\d{0,5})([hms])$/.exec(text) ?? [];
  const unit = UNIT[letter];
  return unit === undefined ? undefined : Number(count) * unit;
}

/** Whole seconds in milliseconds as a duration, in the largest unit that divides it. */
export function formatDuration(ms: number): string {
  const [letter, unit] = Object.entries(UNIT).find(([, of]) => ms % of === 0) ?? ['s', SECOND];
  return `${ms / unit}${letter}`;
}
