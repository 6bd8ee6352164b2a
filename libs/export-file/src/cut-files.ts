import { type UnixMillis, type UnixSeconds, secondsOf, unixSeconds } from '@keyserver/time';
import type { ExportContents } from './encode.ts';
import { MAX_BATCH_FILES } from './file-bounds.ts';
import type { SignerName } from './wire-format.ts';
import type { KeySelection } from './select.ts';

/** What makes the files of a batch, besides its keys. */
export interface FilePlan {
  readonly start: UnixMillis;
  readonly end: UnixMillis;
  readonly region: string;
  /** Newest first. */
  readonly signers: readonly SignerName[];
  readonly maxRecords: number;
}

/**
 * Orders the keys of a batch and cuts them into files; file n of the batch is item n - 1. Without keys there is none. The
 * contents are views into the selection: add nothing to it while they are in use.
 */
export function cutFiles(selection: KeySelection, plan: FilePlan): readonly ExportContents[] {
  const keys = selection.orderKeys();
  const revisions = selection.orderRevisions();
  const least = Math.ceil((keys.length + revisions.length) / MAX_BATCH_FILES);
  const shares = splitIntoFiles(keys.length, revisions.length, Math.max(plan.maxRecords, least));
  return shares.map((share, n) => ({
    start: secondsOf(plan.start),
    end: fileEnd(plan.end, n + 1, shares.length),
    region: plan.region,
    signers: plan.signers,
    keys: { records: selection.keys.records, order: keys.subarray(...share.keys) },
    revisedKeys: {
      records: selection.revisions.records,
      order: revisions.subarray(...share.revisions),
    },
  }));
}

/** Phones skip a file whose times they have seen, so each of several files ends at a second of its own. */
const fileEnd = (end: UnixMillis, n: number, files: number): UnixSeconds =>
  unixSeconds(secondsOf(end) + (files > 1 ? n : 0));

/** Which of the ordered records go into one file: [from, to) of the keys, and of the revisions. */
interface FileShare {
  readonly keys: readonly [from: number, to: number];
  readonly revisions: readonly [from: number, to: number];
}

/**
 * Cuts ordered keys and revisions into files of at most `max` records: keys first, then revisions, of which the first top
 * up the last file of keys.
 */
export function splitIntoFiles(keys: number, revisions: number, max: number): readonly FileShare[] {
  if (!Number.isInteger(max) || max < 1) throw new RangeError('a file holds at least one key');
  const shares: FileShare[] = [];
  for (let at = 0; at < keys + revisions; at += max) {
    const end = Math.min(at + max, keys + revisions);
    shares.push({
      keys: [Math.min(at, keys), Math.min(end, keys)],
      revisions: [Math.max(at - keys, 0), Math.max(end - keys, 0)],
    });
  }
  return shares;
}
