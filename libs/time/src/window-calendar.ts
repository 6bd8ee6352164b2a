import { type UnixMillis, unixMillis } from './instant.ts';
import { type WindowLength, floorTo } from './window.ts';

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
