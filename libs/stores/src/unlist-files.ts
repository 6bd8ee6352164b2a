import type { DocumentStore } from '@keyserver/docstore';
import { exportBatches } from './export-batch-document.ts';
import { exportIndexes } from './export-index-document.ts';

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
