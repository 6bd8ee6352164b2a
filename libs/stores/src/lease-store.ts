import { type DocumentOf, type DocumentStore, collection, int, text } from '@keyserver/docstore';
import type { Lease, Leases } from '@keyserver/jobs';
import { type Random, randomId } from '@keyserver/random';
import { unixMillis } from '@keyserver/time';

const leaseFields = { fence: int(), holder: text(), expiresAt: int() };
type LeaseDocument = DocumentOf<typeof leaseFields>;

/**
 * Leases by name. A fence must stay larger than all before it, also when its lease was deleted in between: so the first of a lease
 * is store time, in ms, and the next ones count on from there.
 */
export const leases = collection({ name: 'leases', fields: leaseFields });

const leaseOf = (name: string, stored: LeaseDocument): Lease => ({
  name,
  fence: stored.fence,
  expiresAt: unixMillis(stored.expiresAt),
});

/** Leases kept in the document store, in store time. */
export function leaseStore(store: DocumentStore, random: Random): Leases {
  return {
    async acquire(name, lengthMs) {
      // Drawn outside the transaction: when it runs again after a commit of unknown outcome, it knows its own lease.
      const holder = randomId(random);
      return await store.transact(async (tx) => {
        const [held] = await tx.get(leases, [name]);
        if (held?.holder === holder) return leaseOf(name, held);
        if (held !== undefined && held.expiresAt > tx.now) return undefined;
        const lease = {
          fence: held === undefined ? tx.now : held.fence + 1,
          holder,
          expiresAt: tx.now + lengthMs,
        };
        tx.set(leases, name, lease);
        return leaseOf(name, lease);
      });
    },
    async renew(lease, lengthMs) {
      return await extend(store, lease, (now) => now + lengthMs);
    },
    async release(lease) {
      await extend(store, lease, (now) => now);
    },
  };
}

async function extend(
  store: DocumentStore,
  { name, fence }: Lease,
  until: (now: number) => number,
): Promise<Lease | undefined> {
  return await store.transact(async (tx) => {
    const [held] = await tx.get(leases, [name]);
    if (held?.fence !== fence) return undefined;
    const lease = { ...held, expiresAt: until(tx.now) };
    tx.set(leases, name, lease);
    return leaseOf(name, lease);
  });
}
