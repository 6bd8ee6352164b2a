import type { DocumentStore } from '@keyserver/docstore';
import type { ExportConfig, Progress } from '@keyserver/export-file';
import { batchListing } from './export-batch-listing.ts';
import { listExports } from './configuration-lookup.ts';
import { keyBatches } from './key-batch-document.ts';

/** Keys that an export has still to take, as what a store holds back when they expire. */
interface UncoveredKeys {
  readonly collection: typeof keyBatches.layout.name;
  readonly field: 'window';
  readonly from: number;
}

/**
 * The windows from the oldest one on that some export has not covered, or has covered with a batch whose files are not made
 * yet. Nothing while no export is configured, or all of them have ended.
 */
export async function uncoveredKeys(store: DocumentStore): Promise<readonly UncoveredKeys[]> {
  const listing = batchListing(store);
  let from = Infinity;
  for (const config of await listExports(store)())
    from = Math.min(from, neededFrom(config, await listing.progressOf(config.id)));
  return from === Infinity ? [] : [{ collection: keyBatches.layout.name, field: 'window', from }];
}

function neededFrom(config: ExportConfig, { coveredUntil, open }: Progress): number {
  const next = coveredUntil ?? config.from;
  const hasEnded = next >= (config.thru ?? Infinity);
  return Math.min(hasEnded ? Infinity : next, open?.start ?? Infinity);
}
