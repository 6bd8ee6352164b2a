import { SECOND, type UnixMillis } from '@keyserver/time';

/** Rows as left-aligned columns with a heading, a line per row. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heading, ...rows];
  const widths = heading.map((_, n) => Math.max(...all.map((row) => (row[n] ?? '').length)));
  return all
    .map((row) => row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

/** A value as the JSON that machines read: indented, with a newline. */
export const jsonText = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** A count and its noun, as in "1 key" and "2 keys". */
export const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

const MAX_LENGTH = 200;

/** Text of a stranger as it may go to a terminal: one line without control characters, of bounded length. */
export const printable = (text: string, maxLength = MAX_LENGTH): string =>
  text.slice(0, maxLength).replaceAll(/\p{C}/gu, '?');

const LAST_SECOND = 253_402_300_799;

/** Unix seconds of a file, which may be any number, as RFC 3339 in UTC. */
export const timeText = (seconds: number | undefined): string =>
  seconds === undefined || seconds < 0 || seconds > LAST_SECOND
    ? '-'
    : new Date(seconds * SECOND).toISOString().replace('.000Z', 'Z');

/** An instant as RFC 3339 in UTC, to the second. */
export const instantText = (t: UnixMillis): string => timeText(Math.floor(t / SECOND));
