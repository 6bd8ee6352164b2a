import {
  type Collection,
  type DocumentStore,
  type Found,
  type Query,
  StoreFault,
} from '@keyserver/docstore';
import type { WorkQueue } from '@keyserver/export-file';
import { type Random, randomId } from '@keyserver/random';
import type { UnixMillis } from '@keyserver/time';

const PAGE = 50;

/** What a document has that is leased while it is open. */
interface LeasedDocument {
  readonly state: string;
  readonly fence: number;
  readonly holder: string;
  readonly leaseExpires: number;
}

/** Documents of one collection, and the pieces of work that they are. */
export interface Work<D extends LeasedDocument, T> {
  readonly documents: Collection<D>;
  /** Those whose state is open, in the order of their ends. */
  readonly open: Query<D>;
  readonly read: (id: string, stored: D) => T;
}

interface Piece {
  readonly id: string;
  readonly fence: number;
  readonly leaseExpires: UnixMillis;
}

/** The open pieces of work of a collection and their leases. */
export function workQueue<D extends LeasedDocument, T extends Piece>(
  store: DocumentStore,
  work: Work<D, T>,
  random: Random,
): WorkQueue<T> {
  const { documents, read, open } = work;
  return {
    async lease({ lengthMs, wants }) {
      // Drawn outside the transactions: one that runs again after an unknown outcome knows its own lease.
      const claim: Claim = { holder: randomId(random), lengthMs };
      const now = await store.now();
      for await (const page of store.pages(documents, open, PAGE))
        for (const found of page) {
          const piece = read(found.id, found.value);
          const leased =
            piece.leaseExpires <= now && wants(piece)
              ? await tryLease({ store, work }, found, claim).catch(passOverContended)
              : undefined;
          if (leased !== undefined) return leased;
        }
      return undefined;
    },
    async renew(piece, lengthMs) {
      return await extend({ store, work }, piece, (now) => now + lengthMs);
    },
    async release(piece) {
      await extend({ store, work }, piece, (now) => now);
    },
    async countOpen(most) {
      let count = 0;
      for await (const page of store.pages(documents, { ...open, limit: most }))
        count += page.length;
      return count;
    },
  };
}

/** Another worker is faster at this piece; the next one may still be free. */
function passOverContended(error: unknown): undefined {
  if (error instanceof StoreFault && error.code === 'contended') return undefined;
  throw error;
}

interface Claim {
  readonly holder: string;
  readonly lengthMs: number;
}

interface Place<D extends LeasedDocument, T> {
  readonly store: DocumentStore;
  readonly work: Work<D, T>;
}

async function tryLease<D extends LeasedDocument, T>(
  { store, work: { documents, read } }: Place<D, T>,
  { id }: Found<D>,
  { holder, lengthMs }: Claim,
): Promise<T | undefined> {
  return await store.transact(async (tx) => {
    const [stored] = await tx.get(documents, [id]);
    if (stored?.state !== 'open') return undefined;
    if (stored.holder === holder) return read(id, stored);
    if (stored.leaseExpires > tx.now) return undefined;
    const fence = stored.fence + 1;
    const leased = { ...stored, holder, fence, leaseExpires: tx.now + lengthMs };
    tx.set(documents, id, leased);
    return read(id, leased);
  });
}

async function extend<D extends LeasedDocument, T>(
  { store, work: { documents, read } }: Place<D, T>,
  { id, fence }: Pick<Piece, 'id' | 'fence'>,
  until: (now: number) => number,
): Promise<T | undefined> {
  return await store.transact(async (tx) => {
    const [stored] = await tx.get(documents, [id]);
    if (stored?.state !== 'open' || stored.fence !== fence) return undefined;
    const extended = { ...stored, leaseExpires: until(tx.now) };
    tx.set(documents, id, extended);
    return read(id, extended);
  });
}
