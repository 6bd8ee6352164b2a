import { DAY, SECOND, type UnixMillis, unixMillis } from './interval.ts';

/** A reporting window: a span of whole seconds, in milliseconds, that divides the UTC day. */
export type WindowLength = number & { readonly __unit: 'window in ms' };

const isWindowLength = (ms: number): ms is WindowLength =>
  Number.isInteger(ms) && ms >= SECOND && ms % SECOND === 0 && DAY % ms === 0;

/** A length in milliseconds as a window length; undefined unless it is whole seconds and divides a day. */
export const windowLength = (ms: number): WindowLength | undefined =>
  isWindowLength(ms) ? ms : undefined;

/** An instant rounded down to a multiple of a span. Spans that divide a day align to UTC midnight. */
export const floorTo = (t: UnixMillis, span: number): UnixMillis => unixMillis(t - (t % span));

/** From an instant on, windows have a length, until another one follows. */
export interface WindowChange {
  readonly from: UnixMillis;
  readonly length: WindowLength;
}

/**
 * The reporting windows of a server through all time, oldest length first. Each length begins where a window of both lengths
 * begins, so windows never overlap, and a later instant never lies in an earlier window.
 */
export type WindowCalendar = readonly [WindowChange, ...WindowChange[]];

/** Windows that have always had one length. */
export const alwaysWindow = (length: WindowLength): WindowCalendar => [
  { from: unixMillis(0), length },
];

/** The length of the window that holds an instant. */
export const windowLengthAt = (calendar: WindowCalendar, t: UnixMillis): WindowLength =>
  (calendar.findLast(({ from }) => from <= t) ?? calendar[0]).length;

/** The first millisecond of the window that holds an instant. */
export const windowStart = (calendar: WindowCalendar, t: UnixMillis): UnixMillis =>
  floorTo(t, windowLengthAt(calendar, t));

/** The change in force at an instant, and those that come later. What was before decides nothing any more. */
export const windowsFrom = (calendar: WindowCalendar, t: UnixMillis): readonly WindowChange[] =>
  calendar.slice(
    Math.max(
      0,
      calendar.findLastIndex(({ from }) => from <= t),
    ),
  );
