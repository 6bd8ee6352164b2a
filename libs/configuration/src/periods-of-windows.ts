import {
  SECOND,
  type UnixMillis,
  type WindowCalendar,
  type WindowChange,
  windowsFrom,
} from '@keyserver/time';
import type { Configuration, Problem } from './configuration.ts';
import { isOver } from './spans.ts';
import { formatDuration } from './time-text.ts';

/** What decides which periods a store's windows allow. */
export interface PresentWindows {
  readonly windows: WindowCalendar;
  /** Store time. */
  readonly now: UnixMillis;
}

/**
 * The periods that are no multiple of the windows, those of today or those of a change to come: a batch would wait for the
 * other half of a window. An export that has such a period already keeps it while it lasts, so that its file can still be
 * applied.
 */
export const periodsAcrossWindows = (
  before: Configuration,
  after: Configuration,
  { windows, now }: PresentWindows,
): readonly Problem[] => {
  const kept = before.exports.filter((config) => !isOver(config, now));
  return after.exports
    .filter((config) => !isOver(config, now))
    .filter(({ id, period }) => !kept.some((one) => one.id === id && one.period === period))
    .flatMap(({ id, period }) =>
      windowsFrom(windows, now)
        .filter(({ length }) => period % length !== 0)
        .slice(0, 1)
        .map((window) => ({
          path: 'exports',
          message: `gives ${id} a period of ${formatDuration(period)}, which is no multiple of ${named(window, now)}`,
        })),
    );
};

const named = ({ from, length }: WindowChange, now: UnixMillis): string =>
  from > now
    ? `the windows of ${length / SECOND} s that begin at ${new Date(from).toISOString()}`
    : `the store's windows of ${length / SECOND} s`;
