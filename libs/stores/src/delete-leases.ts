import type { DocumentStore } from '@keyserver/docstore';
import { DAY, type UnixMillis } from '@keyserver/time';
import { leases } from './lease-store.ts';

/** For how long a lease that nobody takes any more is kept: for longer than any job rests. */
const LEASE_RETENTION = 30 * DAY;

/** Deletes the leases of jobs that are no more, such as those of federation queries that were removed; gives how many. */
export async function deleteLeases(
  store: DocumentStore,
  { certain, signal }: { readonly certain: UnixMillis; readonly signal: AbortSignal },
): Promise<number> {
  const isLeft = ({ expiresAt }: { readonly expiresAt: number }): boolean =>
    expiresAt <= certain - LEASE_RETENTION;
  let deleted = 0;
  for await (const page of store.pages(leases, {})) {
    if (signal.aborted) return deleted;
    const ids = page.filter(({ value }) => isLeft(value)).map(({ id }) => id);
    if (ids.length === 0) continue;
    deleted += await store.transact(async (tx) => {
      const found = await tx.get(leases, ids);
      const gone = ids.filter((_, n) => found[n] !== undefined && isLeft(found[n]));
      for (const id of gone) tx.delete(leases, id);
      return gone.length;
    });
  }
  return deleted;
}
