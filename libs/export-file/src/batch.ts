import {
  type UnixMillis,
  type WindowCalendar,
  floorTo,
  unixMillis,
  windowStart,
} from '@keyserver/time';
import type { ExportConfig } from './export-config.ts';

/** The time that one batch covers: from `start`, up to but without `end`. */
export interface BatchSpan {
  readonly start: UnixMillis;
  readonly end: UnixMillis;
}

/** How far an export has come, and how far it may go. */
export interface Coverage {
  /** End of the newest batch that was ever cut; undefined before the first one. */
  readonly coveredUntil: UnixMillis | undefined;
  /** No window before it holds a key that may be exported, nor ever will. */
  readonly nothingBefore: UnixMillis;
  /** Store time less the age that a window must have before it is exported. */
  readonly eff: UnixMillis;
  /** The release windows of keys. */
  readonly windows: WindowCalendar;
  /** At most so many batches at once; what is left waits for the next call. */
  readonly limit: number;
}

/**
 * The batches of an export that are due, oldest first. They are aligned to multiples of the period from UTC midnight and
 * hold closed release windows only. The first one begins where the export begins, however late the first cut is; afterwards
 * none is left out, but for those before the oldest key.
 */
export function dueBatches(
  config: Pick<ExportConfig, 'period' | 'from' | 'thru'>,
  coverage: Coverage,
): readonly BatchSpan[] {
  const { eff, windows, limit } = coverage;
  if (config.from >= eff) return [];
  const until = floorTo(lastEnd(config, windowStart(windows, eff), windows), config.period);
  const first = firstStart(config, coverage, until);
  const due: BatchSpan[] = [];
  for (let start = first; start < until && due.length < limit; start += config.period)
    due.push({ start: unixMillis(start), end: unixMillis(start + config.period) });
  return due;
}

/** Nothing past the closed windows, and nothing past the batch that holds the last window starting before `thru`. */
function lastEnd(
  { period, thru }: Pick<ExportConfig, 'period' | 'thru'>,
  closed: UnixMillis,
  windows: WindowCalendar,
): UnixMillis {
  if (thru === undefined) return closed;
  if (thru === 0) return unixMillis(0);
  const lastWindow = windowStart(windows, unixMillis(thru - 1));
  return unixMillis(Math.min(closed, floorTo(lastWindow, period) + period));
}

/**
 * What nothing is held of is passed over, since each batch costs a search of all shards; but never the newest one that is due:
 * with it the export is covered from then on, and has an index. An edited period may move the alignment; the batch then
 * begins early and overlaps, since a missing key is worse.
 */
function firstStart(
  { period, from }: Pick<ExportConfig, 'period' | 'from'>,
  { coveredUntil, nothingBefore, windows }: Coverage,
  until: number,
): number {
  const begin = coveredUntil ?? windowStart(windows, from);
  const held = Math.min(floorTo(nothingBefore, period), until - period);
  return Math.max(floorTo(begin, period), held);
}
