import type { DocumentStore } from '@keyserver/docstore';
import type { ExportBatch } from '@keyserver/export-file';
import type { UnixMillis } from '@keyserver/time';
import { batchOf, exportBatches } from './export-batch-document.ts';
import { exportIndexes } from './export-index-document.ts';
import { forgetEntry } from './export-index.ts';

/** A batch whose files go, or are gone from the index. */
export interface RetiredBatch extends Pick<
  ExportBatch,
  'id' | 'start' | 'end' | 'state' | 'attempt' | 'files'
> {
  readonly config: Pick<ExportBatch['config'], 'id' | 'bucket' | 'filenameRoot'>;
  /** Since when it is retired. */
  readonly retiredAt: number | undefined;
}

/** The steps in which the files of finished batches go. Each is one transaction that may be repeated. */
export interface BatchRetirement {
  /** Batches of a state that end before a time, or all, oldest first, in pages; nothing is remembered between them. */
  readonly ending: (
    state: 'stored' | 'complete' | 'retired' | 'open',
    until?: UnixMillis,
  ) => AsyncIterable<readonly RetiredBatch[]>;
  /** From now on no index names the files of a complete batch again, whatever its retention; does nothing in another state. */
  readonly retire: (id: string) => Promise<void>;
  /** Notes that the objects of a retired batch are deleted; does nothing in another state. */
  readonly noteDeleted: (id: string) => Promise<void>;
}

/** A page of batches: each may be a full document of 1 MiB. */
const PAGE = 50;

/** The retirement of batches over a document store. */
export function batchRetirement(store: DocumentStore): BatchRetirement {
  return {
    async *ending(state, until) {
      const query = {
        where: { state },
        order: { by: 'end', ...(until === undefined ? {} : { until }) },
      } as const;
      for await (const page of store.pages(exportBatches, query, PAGE))
        yield page.map(({ id, value }) => {
          const { start, end, attempt, files, config } = batchOf(id, value);
          return { id, start, end, state, attempt, files, config, retiredAt: value.retiredAt };
        });
    },
    async retire(id) {
      await store.transact(async (tx) => {
        const [batch] = await tx.get(exportBatches, [id]);
        if (batch?.state !== 'complete') return;
        const [index] = await tx.get(exportIndexes, [batch.config]);
        tx.set(exportBatches, id, { ...batch, state: 'retired', retiredAt: tx.now });
        forgetEntry(tx, batch.config, { index, id });
      });
    },
    async noteDeleted(id) {
      await store.transact(async (tx) => {
        const [batch] = await tx.get(exportBatches, [id]);
        if (batch?.state !== 'retired') return;
        tx.set(exportBatches, id, { ...batch, state: 'deleted', files: [] });
      });
    },
  };
}

/** States in which a batch has no files any more, or never had any, and nobody works on it. */
const OVER: ReadonlySet<ExportBatch['state']> = new Set(['empty', 'skipped', 'deleted']);
const AT_ONCE = 100;

/**
 * Deletes the records of batches that have expired and have no files, the oldest first, until the signal ends it; gives how many.
 * One with files waits until they are deleted.
 */
export async function deleteBatches(
  store: DocumentStore,
  { certain, signal }: { readonly certain: UnixMillis; readonly signal: AbortSignal },
): Promise<number> {
  let deleted = 0;
  const query = { order: { by: 'expireAt', until: certain + 1 } } as const;
  for await (const page of store.pages(exportBatches, query, AT_ONCE)) {
    if (signal.aborted) return deleted;
    const over = page.filter(({ value }) => OVER.has(value.state));
    await store.transact(async (tx) => {
      await Promise.resolve();
      for (const { id } of over) tx.delete(exportBatches, id);
    });
    deleted += over.length;
  }
  return deleted;
}
