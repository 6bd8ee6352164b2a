import type { BatchQueue, ExportBatch } from '@keyserver/export-file';
import type { Leases } from '@keyserver/jobs';

/** The lease of one batch that is held already, to be kept and given back like any other lease. */
export const queueLeases = (queue: BatchQueue, batch: ExportBatch): Leases => ({
  acquire: async (name) =>
    await Promise.resolve({ name, fence: batch.fence, expiresAt: batch.leaseExpires }),
  renew: async (lease, lengthMs) => {
    const renewed = await queue.renew(batch, lengthMs);
    return renewed === undefined ? undefined : { ...lease, expiresAt: renewed.leaseExpires };
  },
  release: async () => {
    await queue.release(batch);
  },
});
