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

/** A stretch of time within one day, in which an export does not change. */
export interface Stretch {
  readonly from: UnixMillis;
  /** Windows from here on may not be exported yet, or belong to another day. */
  readonly until: UnixMillis;
  /** The release windows of keys. */
  readonly windows: WindowCalendar;
  /** At most so many batches at once; what is left waits for the next call. */
  readonly limit: number;
}

/**
 * The batches of an export that are due in a stretch of time, oldest first. They are aligned to multiples of the period from
 * UTC midnight, hold whole windows only, and none is left out.
 */
export function dueBatches(
  { period }: Pick<ExportConfig, 'period'>,
  { from, until, windows, limit }: Stretch,
): readonly BatchSpan[] {
  const end = floorTo(windowStart(windows, until), period);
  const due: BatchSpan[] = [];
  for (
    let start: number = floorTo(from, period);
    start < end && due.length < limit;
    start += period
  )
    due.push({ start: unixMillis(start), end: unixMillis(start + period) });
  return due;
}
