import type { DocumentStore } from '@keyserver/docstore';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import { batchListing } from './export-batch-listing.ts';
import { findOldestWindow } from './key-reader.ts';
import type { Lifecycle } from './lifecycle.ts';
import { uncoveredFrom } from './uncovered-from.ts';

/** What a server that is closing still waits for. */
export type ClosingWait =
  /** Uploads are taken until `until`, and a transaction may live for a while longer. */
  | { readonly kind: 'uploads'; readonly until: UnixMillis }
  /** Keys of this window, the oldest one, are in no finished file or unit yet. */
  | { readonly kind: 'keys'; readonly window: UnixMillis }
  /** Files of an export are made, and its index does not name them. */
  | { readonly kind: 'index'; readonly exportId: string };

/** What a server that is closing waits for; nothing once every key that it took is in files that are listed, and in units. */
export async function closingWaits(
  store: DocumentStore,
  { closesAt }: Pick<Lifecycle, 'closesAt'>,
): Promise<readonly ClosingWait[]> {
  const waits: ClosingWait[] = [];
  const until = unixMillis(closesAt + store.closingDelay);
  if ((await store.now()) < until) waits.push({ kind: 'uploads', until });
  const from = await uncoveredFrom(store);
  const window = from && (await findOldestWindow(store, { from, until: FOR_EVER }));
  if (window !== undefined) waits.push({ kind: 'keys', window });
  for (const { config } of await batchListing(store).unlisted(1))
    waits.push({ kind: 'index', exportId: config.id });
  return waits;
}

/** Later than any window: the end of the year 9999. */
const FOR_EVER = unixMillis(Date.UTC(9999, 11, 31));
