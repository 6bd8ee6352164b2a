import type { DocumentStore } from '@keyserver/docstore';
import type { ExportConfig } from '@keyserver/export-file';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import { batchListing } from './export-batch-listing.ts';
import { listExports } from './configuration-lookup.ts';
import { listPartners } from './partners.ts';
import { unitProgress } from './unit-progress.ts';

/**
 * The oldest window that some export or padded partner has not covered, or has covered with a batch whose files are not made yet,
 * or a unit that is not settled; undefined while none is configured, or all of them have ended.
 */
export async function uncoveredFrom(store: DocumentStore): Promise<UnixMillis | undefined> {
  const listing = batchListing(store);
  let from = Infinity;
  for (const config of await listExports(store)())
    from = Math.min(from, neededFrom(config, await listing.progressOf(config.id)));
  for (const { id, thru, mode, ...partner } of await listPartners(store)) {
    const { coveredUntil, open } = await unitProgress(store, id);
    const isCut = mode === 'padded' || coveredUntil !== undefined;
    const ends = mode === 'padded' ? thru : coveredUntil;
    if (isCut)
      from = Math.min(from, neededFrom({ ...partner, thru: ends }, { coveredUntil, open }));
  }
  return from === Infinity ? undefined : unixMillis(from);
}

/** How far something was cut, and the oldest piece of it that is not finished. */
interface NextDue {
  readonly coveredUntil: UnixMillis | undefined;
  readonly open: { readonly start: UnixMillis } | undefined;
}

function neededFrom(
  config: Pick<ExportConfig, 'from' | 'thru'>,
  { coveredUntil, open }: NextDue,
): number {
  const next = coveredUntil ?? config.from;
  const hasEnded = next >= (config.thru ?? Infinity);
  return Math.min(hasEnded ? Infinity : next, open?.start ?? Infinity);
}
