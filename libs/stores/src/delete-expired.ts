import type { Collection, DocumentStore } from '@keyserver/docstore';
import type { UnixMillis } from '@keyserver/time';
import { federationSyncs } from './federation-positions.ts';
import { padBegun, padCells, padPlans } from './padding-documents.ts';
import { partnerUnits } from './partner-unit-document.ts';
import { padShapes } from './shape-store.ts';
import { totals } from './totals.ts';

/**
 * The collections of which nothing is asked but that they expire. Another one joins by a line here: it declares an index on its
 * expiry, which not more than a few hundred documents a second may be written into, and JOB_GRACE.
 */
const EXPIRING: readonly Collection<{ readonly expireAt: number }>[] = [
  totals,
  federationSyncs,
  partnerUnits,
  padShapes,
  padPlans,
  padBegun,
  padCells,
];

const AT_ONCE = 500;

/** What a run of deleting what has expired did. */
interface Expired {
  readonly deleted: number;
  /** Collections that this run did not come to the end of. */
  readonly left: number;
}

/** Deletes what has expired of these collections, the oldest first, until the signal ends it between two steps. */
export async function deleteExpired(
  store: DocumentStore,
  { certain, signal }: { readonly certain: UnixMillis; readonly signal: AbortSignal },
): Promise<Expired> {
  let [deleted, left] = [0, EXPIRING.length];
  for (const collection of EXPIRING) {
    const query = { order: { by: 'expireAt', until: certain + 1 }, limit: AT_ONCE } as const;
    for (let last = AT_ONCE; last === AT_ONCE;) {
      if (signal.aborted) return { deleted, left };
      last = await store.deleteAll(collection, query);
      deleted += last;
    }
    left -= 1;
  }
  return { deleted, left };
}
