import { type UnixMillis, type WindowCalendar, unixMillis, windowStart } from '@keyserver/time';
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
  const eff = unixMillis(Math.max(0, now - minWindowAge - lateAfter));
  const isLate = ({ end }: ExportBatch): boolean => end <= windowStart(windows, eff);
  // An export that was never cut begins at an unknown time, so only its newest batch is asked for.
  const due = { coveredUntil, nothingBefore: eff, eff, windows, limit: 1 };
  if (dueBatches(config, due).length > 0) return 'not_cut';
  if (open !== undefined && isLate(open))
    return open.frozen?.signers.length === 0 ? 'no_signer' : 'not_made';
  return unlisted !== undefined && isLate(unlisted) ? 'not_listed' : undefined;
}
