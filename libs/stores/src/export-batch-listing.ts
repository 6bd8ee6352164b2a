import type { DocumentStore } from '@keyserver/docstore';
import type { BatchListing, ExportBatch } from '@keyserver/export-file';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import { batchOf, exportBatches, exportProgress } from './export-batch-document.ts';
import { exportIndexes } from './export-index-document.ts';
import { indexedListing, keepListed, listingOf } from './export-index.ts';

/**
 * Batches of one export that are marked in one transaction. Each may be a full document of 1 MiB, and the index of the export
 * is written with them: together they stay below the 10 MiB of a transaction.
 */
const PER_TRANSACTION = 8;

/** The finished batches, as the index sees them. */
export function batchListing(store: DocumentStore): BatchListing {
  return {
    async progressOf(configId) {
      const [progress] = await store.get(exportProgress, [configId]);
      const [open] = await finished(store, configId, { state: 'open', limit: 1 });
      const [unlisted] = await finished(store, configId, { state: 'stored', limit: 1 });
      const coveredUntil = progress === undefined ? undefined : unixMillis(progress.coveredUntil);
      return { coveredUntil, open, unlisted };
    },
    async indexed(configId, since) {
      return await indexedListing(store, configId, since);
    },
    async listing(configId, since) {
      // The order of the reads matters. Whatever is cut or finished after the first two of them lies past the limit
      // that they set; and a batch moves from stored to complete only, so it cannot be missed between the last two.
      const [progress] = await store.get(exportProgress, [configId]);
      const [open] = await finished(store, configId, { state: 'open', limit: 1 });
      const coveredUntil = progress?.coveredUntil ?? 0;
      const stored = await finished(store, configId, { state: 'stored' });
      const complete = await finished(store, configId, { state: 'complete', since });
      const byId = new Map([...stored, ...complete].map((batch) => [batch.id, batch]));
      return listingOf([...byId.values()], { open, coveredUntil }, since);
    },
    async unlisted(most) {
      const batches: ExportBatch[] = [];
      const query = { where: { state: 'stored' }, order: { by: 'end' }, limit: most } as const;
      for await (const page of store.pages(exportBatches, query))
        batches.push(...page.map(({ id, value }) => batchOf(id, value)));
      return batches;
    },
    async markListed(batches) {
      const stored = batches.filter(({ state }) => state === 'stored');
      for (const [config, ids] of byExport(stored))
        for (let at = 0; at < ids.length; at += PER_TRANSACTION)
          await markComplete(store, config, ids.slice(at, at + PER_TRANSACTION));
    },
  };
}

async function finished(
  store: DocumentStore,
  config: string,
  options: { state: ExportBatch['state']; since?: UnixMillis; limit?: number },
): Promise<readonly ExportBatch[]> {
  const { state, since, limit } = options;
  const batches: ExportBatch[] = [];
  const pages = store.pages(exportBatches, {
    where: { config, state },
    order: { by: 'end', ...(since === undefined ? {} : { from: since }) },
    ...(limit === undefined ? {} : { limit }),
  });
  for await (const page of pages) batches.push(...page.map(({ id, value }) => batchOf(id, value)));
  return batches;
}

/** The ids of batches by those of their exports. */
function byExport(
  batches: Parameters<BatchListing['markListed']>[0],
): ReadonlyMap<string, readonly string[]> {
  const ids = new Map<string, string[]>();
  for (const { id, config } of batches) ids.set(config.id, [...(ids.get(config.id) ?? []), id]);
  return ids;
}

async function markComplete(
  store: DocumentStore,
  config: string,
  ids: readonly string[],
): Promise<void> {
  await store.transact(async (tx) => {
    const stored = await tx.get(exportBatches, ids);
    const [index] = await tx.get(exportIndexes, [config]);
    stored.forEach((batch, n) => {
      const id = ids[n];
      if (id === undefined || batch?.state !== 'stored') return;
      tx.set(exportBatches, id, { ...batch, state: 'complete' });
    });
    keepListed(tx, config, { index, ids });
  });
}

/** Takes files that are lost for good out of a finished batch, so that no index names them any more. */
export async function unlistFiles(
  store: DocumentStore,
  batchId: string,
  names: readonly string[],
): Promise<void> {
  await store.transact(async (tx) => {
    const [batch] = await tx.get(exportBatches, [batchId]);
    if (batch === undefined) return;
    const files = batch.files.filter(({ name }) => !names.includes(name));
    if (files.length === batch.files.length) return;
    tx.set(exportBatches, batchId, { ...batch, files });
    // Derived anew from the batches as they are now.
    tx.delete(exportIndexes, batch.config);
  });
}
