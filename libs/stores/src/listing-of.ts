import type { ExportBatch, Listing } from '@keyserver/export-file';
import type { UnixMillis } from '@keyserver/time';

/** How far the batches of an export have come. */
interface Reached {
  /** The oldest batch that is not finished. */
  readonly open: ExportBatch | undefined;
  readonly coveredUntil: number;
}

/** What the index of an export may name of its batches with files; nothing that started at `since` or before. */
export function listingOf<B extends Pick<ExportBatch, 'start' | 'end' | 'state'>>(
  finished: readonly B[],
  { open, coveredUntil }: Reached,
  since: UnixMillis,
): Listing<B> {
  const until = Math.min(open?.end ?? Infinity, coveredUntil + 1);
  const stored = finished.filter(({ state }) => state === 'stored');
  return {
    batches: finished
      .filter(({ start, end }) => end < until && start > since)
      .sort((a, b) => a.end - b.end),
    expired: stored.filter(({ start }) => start <= since),
    heldBackBy: stored.some(({ end }) => open !== undefined && end > open.end) ? open : undefined,
  };
}
