import { type DocumentStore, type Found, StoreFault } from '@keyserver/docstore';
import type { BatchQueue, ExportBatch } from '@keyserver/export-file';
import { type Random, randomId } from '@keyserver/random';
import { type BatchDocument, batchOf, exportBatches } from './export-batch-document.ts';

const PAGE = 50;
const OPEN = { where: { state: 'open' }, order: { by: 'end' } } as const;

/** The open batches and their leases. */
export function batchQueue(store: DocumentStore, random: Random): BatchQueue {
  return {
    async lease({ lengthMs, wants }) {
      // Drawn outside the transactions: one that runs again after an unknown outcome knows its own lease.
      const claim: Claim = { holder: randomId(random), lengthMs };
      const now = await store.now();
      for await (const page of store.pages(exportBatches, OPEN, PAGE))
        for (const found of page) {
          const batch = batchOf(found.id, found.value);
          const leased =
            batch.leaseExpires <= now && wants(batch)
              ? await tryLease(store, found, claim).catch(passOverContended)
              : undefined;
          if (leased !== undefined) return leased;
        }
      return undefined;
    },
    async renew(batch, lengthMs) {
      return await extend(store, batch, (now) => now + lengthMs);
    },
    async release(batch) {
      await extend(store, batch, (now) => now);
    },
    async countOpen(most) {
      let open = 0;
      for await (const page of store.pages(exportBatches, { ...OPEN, limit: most }))
        open += page.length;
      return open;
    },
  };
}

/** Another worker is faster at this batch; the next one may still be free. */
function passOverContended(error: unknown): undefined {
  if (error instanceof StoreFault && error.code === 'contended') return undefined;
  throw error;
}

interface Claim {
  readonly holder: string;
  readonly lengthMs: number;
}

async function tryLease(
  store: DocumentStore,
  { id }: Found<BatchDocument>,
  { holder, lengthMs }: Claim,
): Promise<ExportBatch | undefined> {
  return await store.transact(async (tx) => {
    const [stored] = await tx.get(exportBatches, [id]);
    if (stored?.state !== 'open') return undefined;
    if (stored.holder === holder) return batchOf(id, stored);
    if (stored.leaseExpires > tx.now) return undefined;
    const fence = stored.fence + 1;
    const leased = { ...stored, holder, fence, leaseExpires: tx.now + lengthMs };
    tx.set(exportBatches, id, leased);
    return batchOf(id, leased);
  });
}

async function extend(
  store: DocumentStore,
  { id, fence }: ExportBatch,
  until: (now: number) => number,
): Promise<ExportBatch | undefined> {
  return await store.transact(async (tx) => {
    const [stored] = await tx.get(exportBatches, [id]);
    if (stored?.state !== 'open' || stored.fence !== fence) return undefined;
    const extended = { ...stored, leaseExpires: until(tx.now) };
    tx.set(exportBatches, id, extended);
    return batchOf(id, extended);
  });
}
