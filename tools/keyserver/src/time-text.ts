import { type UnixMillis, SECOND } from '@keyserver/time';

const LAST_SECOND = 253_402_300_799;

/** Unix seconds of a file, which may be any number, as RFC 3339 in UTC. */
export const timeText = (seconds: number | undefined): string =>
  seconds === undefined || seconds < 0 || seconds > LAST_SECOND
    ? '-'
    : new Date(seconds * SECOND).toISOString().replace('.000Z', 'Z');

/** An instant as RFC 3339 in UTC, to the second. */
export const instantText = (t: UnixMillis): string => timeText(Math.floor(t / SECOND));
