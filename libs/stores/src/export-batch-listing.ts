import type { DocumentStore } from '@keyserver/docstore';
import type { BatchListing, ExportBatch } from '@keyserver/export-file';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import { batchOf, exportBatches } from './export-batch-document.ts';
import { exportProgress } from './export-progress.ts';

const PER_TRANSACTION = 200;

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
    async listing(configId, since) {
      // The order of the reads matters. Whatever is cut or finished after the first two of them lies past the limit
      // that they set; and a batch moves from stored to complete only, so it cannot be missed between the last two.
      const [progress] = await store.get(exportProgress, [configId]);
      const [open] = await finished(store, configId, { state: 'open', limit: 1 });
      const coveredUntil = (progress?.coveredUntil ?? 0) + 1;
      const stored = await finished(store, configId, { state: 'stored' });
      const complete = await finished(store, configId, { state: 'complete', since });
      const until = Math.min(open?.end ?? coveredUntil, coveredUntil);
      const byId = new Map([...stored, ...complete].map((batch) => [batch.id, batch]));
      return {
        batches: [...byId.values()]
          .filter((batch) => batch.end < until && batch.start > since)
          .sort((a, b) => a.end - b.end),
        expired: stored.filter((batch) => batch.start <= since),
        heldBackBy: stored.some((batch) => open !== undefined && batch.end > open.end)
          ? open
          : undefined,
      };
    },
    async unlisted(most) {
      const batches: ExportBatch[] = [];
      const query = { where: { state: 'stored' }, order: { by: 'turn' }, limit: most } as const;
      for await (const page of store.pages(exportBatches, query))
        batches.push(...page.map(({ id, value }) => batchOf(id, value)));
      return batches;
    },
    async markListed(batches) {
      const ids = batches.filter(({ state }) => state === 'stored').map(({ id }) => id);
      for (let at = 0; at < ids.length; at += PER_TRANSACTION)
        await markComplete(store, ids.slice(at, at + PER_TRANSACTION));
    },
  };
}

async function finished(
  store: DocumentStore,
  config: string,
  of: { state: ExportBatch['state']; since?: UnixMillis; limit?: number },
): Promise<readonly ExportBatch[]> {
  const { state, since, limit } = of;
  const batches: ExportBatch[] = [];
  const pages = store.pages(exportBatches, {
    where: { config, state },
    order: { by: 'end', ...(since === undefined ? {} : { from: since }) },
    ...(limit === undefined ? {} : { limit }),
  });
  for await (const page of pages) batches.push(...page.map(({ id, value }) => batchOf(id, value)));
  return batches;
}

async function markComplete(store: DocumentStore, ids: readonly string[]): Promise<void> {
  await store.transact(async (tx) => {
    const stored = await tx.get(exportBatches, ids);
    stored.forEach((batch, n) => {
      const id = ids[n];
      if (id === undefined || batch?.state !== 'stored') return;
      tx.set(exportBatches, id, { ...batch, state: 'complete' });
    });
  });
}
