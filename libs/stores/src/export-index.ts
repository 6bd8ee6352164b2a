import type { DocumentStore, Transaction } from '@keyserver/docstore';
import type { BatchSpan, ExportBatch, Listing } from '@keyserver/export-file';
import { DAY, type UnixMillis } from '@keyserver/time';
import {
  type BatchDocument,
  batchId,
  batchOf,
  exportBatches,
  exportProgress,
} from './export-batch-document.ts';
import {
  type IndexDocument,
  entriesOf,
  exportIndexes,
  indexedIn,
} from './export-index-document.ts';

/** A document may have 1 MiB (docstore.ts). An export with more batches than fit is read batch by batch. */
const MOST_BYTES = 700_000;

/** Callers look back from slightly different times, so more is kept than the first caller asked for. */
const SPARE = DAY;

/** The index of an export in a transaction, which changes it together with the batches; undefined when none is kept. */
export async function indexIn(
  tx: Transaction,
  configId: string,
): Promise<IndexDocument | undefined> {
  return (await tx.get(exportIndexes, [configId]))[0];
}

/**
 * Keeps an index, without what lies further back than it reaches; of that only what was never listed stays. One that does
 * not fit into a document is not kept at all: an index that is not there is derived, a wrong one would be believed.
 */
function keepIndex(tx: Transaction, configId: string, index: IndexDocument): void {
  const since = Math.max(index.since, tx.now - index.reach);
  const batches = index.batches.filter(({ state, start }) => state === 'stored' || start > since);
  if (Buffer.byteLength(JSON.stringify([index.open, batches])) > MOST_BYTES)
    tx.delete(exportIndexes, configId);
  else tx.set(exportIndexes, configId, { ...index, since, batches });
}

/** Changes an index by a cut. One that was cut elsewhere meanwhile is given up. */
export function keepCut(
  tx: Transaction,
  configId: string,
  options: {
    readonly index: IndexDocument | undefined;
    readonly before: number;
    readonly coveredUntil: number;
    readonly spans: readonly BatchSpan[];
  },
): void {
  const { index, before, coveredUntil, spans } = options;
  if (index === undefined) return;
  const open = [...index.open, ...spans.map(({ start, end }) => ({ start, end }))];
  if (index.coveredUntil !== before) tx.delete(exportIndexes, configId);
  else keepIndex(tx, configId, { ...index, coveredUntil, open });
}

/** Changes an index by the end of a batch. */
export function keepFinished(
  tx: Transaction,
  index: IndexDocument | undefined,
  batch: ExportBatch,
): void {
  if (index === undefined) return;
  const open = index.open.filter(({ start, end }) => start !== batch.start || end !== batch.end);
  const batches = [...index.batches, ...entriesOf(batch)];
  keepIndex(tx, batch.config.id, { ...index, open, batches });
}

/** Changes an index when the files of these batches are listed. */
export function keepListed(
  tx: Transaction,
  configId: string,
  { index, ids }: { readonly index: IndexDocument | undefined; readonly ids: readonly string[] },
): void {
  if (index === undefined) return;
  const listed = new Set(ids);
  const batches = index.batches.map((entry) =>
    listed.has(batchId(configId, entry)) ? { ...entry, state: 'complete' as const } : entry,
  );
  keepIndex(tx, configId, { ...index, batches });
}

/** Changes an index when it may not name the files of a batch any more. */
export function forgetEntry(
  tx: Transaction,
  configId: string,
  { index, id }: { readonly index: IndexDocument | undefined; readonly id: string },
): void {
  if (index === undefined) return;
  const batches = index.batches.filter((entry) => batchId(configId, entry) !== id);
  keepIndex(tx, configId, { ...index, batches });
}

/** What the index of an export may name, from the one document that is kept of it; made anew when that does not hold. */
export async function indexedListing(
  store: DocumentStore,
  configId: string,
  since: UnixMillis,
): Promise<Listing> {
  const { index, open } =
    (await keptIndex(store, configId, since)) ??
    (await store.transact(
      async (tx) =>
        (await keptIndex(tx, configId, since)) ?? (await deriveIndex(tx, configId, since)),
    ));
  return listingOf(indexedIn(configId, index), { open, coveredUntil: index.coveredUntil }, since);
}

interface Kept {
  readonly index: IndexDocument;
  /** The oldest batch that is not finished. */
  readonly open: ExportBatch | undefined;
}

/**
 * The index that is kept of an export; undefined when it may not be believed. That it is cut as far as the export is and
 * that its oldest open batch is open tells of whoever changes batches without it: a program of an earlier version that still
 * runs beside this one, or an operator.
 */
async function keptIndex(
  from: Pick<Transaction, 'get'>,
  configId: string,
  since: UnixMillis,
): Promise<Kept | undefined> {
  const coveredUntil = await coveredIn(from, configId);
  const [index] = await from.get(exportIndexes, [configId]);
  if (index?.coveredUntil !== coveredUntil || index.since > since) return undefined;
  const [first] = index.open;
  if (first === undefined) return { index, open: undefined };
  const id = batchId(configId, first);
  const [stored] = await from.get(exportBatches, [id]);
  return stored?.state === 'open' ? { index, open: batchOf(id, stored) } : undefined;
}

/** Makes the index of an export from its batches, and keeps it. */
async function deriveIndex(tx: Transaction, configId: string, since: UnixMillis): Promise<Kept> {
  const coveredUntil = await coveredIn(tx, configId);
  const reach = Math.max(0, tx.now - since) + SPARE;
  const from = Math.max(0, tx.now - reach);
  const open = await batchesIn(tx, { config: configId, state: 'open' }, 0);
  const stored = await batchesIn(tx, { config: configId, state: 'stored' }, 0);
  const complete = await batchesIn(tx, { config: configId, state: 'complete' }, from);
  const index = {
    ...{ coveredUntil, reach, since: from },
    open: open.map(({ start, end }) => ({ start, end })),
    batches: [...stored, ...complete].flatMap(entriesOf),
  };
  keepIndex(tx, configId, index);
  return { index, open: open[0] };
}

const coveredIn = async (from: Pick<Transaction, 'get'>, configId: string): Promise<number> =>
  (await from.get(exportProgress, [configId]))[0]?.coveredUntil ?? 0;

async function batchesIn(
  tx: Transaction,
  where: Pick<BatchDocument, 'config' | 'state'>,
  from: number,
): Promise<readonly ExportBatch[]> {
  const found = await tx.find(exportBatches, { where, order: { by: 'end', from } });
  return found.map(({ id, value }) => batchOf(id, value));
}

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
