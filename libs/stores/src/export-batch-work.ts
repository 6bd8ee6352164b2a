import type { DocumentStore } from '@keyserver/docstore';
import type { BatchWork, Frozen } from '@keyserver/export-file';
import { type BatchDocument, batchOf, exportBatches } from './export-batch-document.ts';
import { indexIn, keepFinished } from './export-index.ts';
import { pausesIn, pausesReader } from './pauses.ts';

/** The steps of a worker at its batch. */
export function batchWork(store: DocumentStore): BatchWork {
  return {
    async freeze(batch, decided) {
      return await store.transact(async (tx) => {
        const [stored] = await tx.get(exportBatches, [batch.id]);
        if (stored?.state !== 'open' || stored.fence !== batch.fence) return { kind: 'lost' };
        if (pausesReader(await pausesIn(tx), stored.settings)) return { kind: 'paused' };
        const frozen = { ...stored, ...decided };
        if (!alreadyDone(stored, decided)) tx.set(exportBatches, batch.id, frozen);
        return { kind: 'frozen', batch: batchOf(batch.id, frozen) };
      });
    },
    async finish(batch, end) {
      return await store.transact(async (tx) => {
        const [stored] = await tx.get(exportBatches, [batch.id]);
        if (stored?.fence !== batch.fence) return false;
        // The fence is ours, so an earlier attempt of this very transaction has already ended the batch.
        if (stored.state !== 'open') return true;
        if (pausesReader(await pausesIn(tx), stored.settings)) return 'paused';
        const index = await indexIn(tx, stored.config);
        const files = end.state === 'stored' ? end.files : [];
        const ended = { ...stored, state: end.state, files, leaseExpires: tx.now };
        tx.set(exportBatches, batch.id, ended);
        keepFinished(tx, index, batchOf(batch.id, ended));
        return true;
      });
    },
  };
}

/** Only the holder of the fence freezes, so what it wants to write can only stem from an earlier attempt of this transaction. */
const alreadyDone = (
  { attempt, frozen }: BatchDocument,
  decided: { readonly attempt: number; readonly frozen: Frozen },
): boolean =>
  attempt === decided.attempt && JSON.stringify(frozen) === JSON.stringify(decided.frozen);
