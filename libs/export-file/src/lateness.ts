import {
  type UnixMillis,
  type WindowCalendar,
  floorTo,
  unixMillis,
  windowStart,
} from '@keyserver/time';
import { dueBatches } from './batch.ts';
import type { ExportBatch } from './export-batch.ts';
import type { ExportConfig } from './export-config.ts';

/** Why the newest export is older than it should be: its batches are not cut, not made for want of a signing key or for another reason, or not listed. */
export type LateCause = 'not_cut' | 'no_signer' | 'not_made' | 'not_listed';

/** How far the work on an export has come. */
export interface Progress {
  readonly coveredUntil: UnixMillis | undefined;
  /** The oldest batch that is not finished. */
  readonly open: ExportBatch | undefined;
  /** The oldest batch whose files are made and not listed. */
  readonly unlisted: ExportBatch | undefined;
}

/** When batches are due, and how long after that they are late. */
export interface Punctuality {
  /** Age that a window must have before it is exported, ms. */
  readonly minWindowAge: number;
  /** How long after it was due a batch may take until it is listed, ms. */
  readonly lateAfter: number;
}

/** Why an export is late; undefined while it is in time. What comes first in the work is named first. */
export function latenessOf(
  config: ExportConfig,
  { coveredUntil, open, unlisted }: Progress,
  {
    now,
    windows,
    minWindowAge,
    lateAfter,
  }: Punctuality & { readonly now: UnixMillis; readonly windows: WindowCalendar },
): LateCause | undefined {
  const closed = windowStart(windows, unixMillis(Math.max(0, now - minWindowAge - lateAfter)));
  const isLate = ({ end }: ExportBatch): boolean => end <= closed;
  if (isOneDue(config, { coveredUntil, closed, windows })) return 'not_cut';
  if (open !== undefined && isLate(open))
    return open.frozen?.signers.length === 0 ? 'no_signer' : 'not_made';
  return unlisted !== undefined && isLate(unlisted) ? 'not_listed' : undefined;
}

/** Whether some batch is due before the window that is closed last. */
function isOneDue(
  config: ExportConfig,
  {
    coveredUntil,
    closed,
    windows,
  }: Pick<Progress, 'coveredUntil'> & {
    readonly closed: UnixMillis;
    readonly windows: WindowCalendar;
  },
): boolean {
  if (config.from >= closed) return false;
  // An export that was never cut begins at an unknown time, so only its newest batch is asked for.
  const newest = Math.max(config.from, floorTo(closed, config.period) - config.period);
  const until = unixMillis(Math.min(closed, config.thru ?? Infinity));
  const due = { from: coveredUntil ?? unixMillis(newest), until, windows, limit: 1 };
  return dueBatches(config, due).length > 0;
}
