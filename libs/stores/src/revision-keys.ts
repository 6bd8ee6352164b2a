import {
  type DocumentStore,
  type Transaction,
  bytes,
  collection,
  int,
  optional,
} from '@keyserver/docstore';
import type { WrappedDataKey } from '@keyserver/revision-token';
import { type UnixMillis, unixMillis } from '@keyserver/time';

/**
 * The data keys that revision tokens are sealed with, wrapped. The id is a number that only grows. Of a key that was destroyed
 * the document stays, without what was wrapped: its number never comes again.
 */
export const revisionKeys = collection({
  name: 'revisionKeys',
  fields: { createdAt: int(), wrapped: optional(bytes()), bound: optional(bytes()) },
});

/** A data key that is new, before the store has given it a number and a time. */
export type NewDataKey = Pick<WrappedDataKey, 'wrapped' | 'bound'>;

/** All data keys that were not destroyed, newest first. */
export const readDataKeys =
  (store: Pick<DocumentStore, 'transact'>): (() => Promise<readonly WrappedDataKey[]>) =>
  async () =>
    await store.transact(async (tx) => usable(await allKeys(tx)));

/** What a rotation found, and what it did. */
export interface Rotation {
  readonly created: number | undefined;
  readonly destroyed: readonly number[];
}

/**
 * Adds a data key when there is none, or the newest is old enough, and destroys keys whose successor is so old that no token
 * under them can hold a key that may still be revised. One transaction: two runs at once add one key. `draw` is called before
 * it, whether or not the key is needed; its key is thrown away unless this adds it.
 */
export async function rotateDataKeys(
  store: DocumentStore,
  options: {
    readonly draw: () => Promise<NewDataKey>;
    /** Age from which on the newest key gets a successor, ms. */
    readonly newAfter: number;
    /** Age of its successor from which on a key is destroyed, ms. */
    readonly destroyAfter: number;
  },
): Promise<Rotation> {
  const fresh = await options.draw();
  return await store.transact(async (tx) => {
    const all = await allKeys(tx);
    // An attempt whose outcome was never heard of may have committed: then its key is there, and nothing else is due. The
    // number does not tell, since somebody else may have given it.
    const written = usable(all).find(({ bound }) => Buffer.compare(bound, fresh.bound) === 0);
    if (written !== undefined) return { created: written.id, destroyed: [] };
    const [newest] = usable(all);
    const isDue = newest === undefined || tx.now - newest.createdAt >= options.newAfter;
    const destroyed = usable(all).filter((_, n, keys) => {
      const successor = keys[n - 1];
      return successor !== undefined && tx.now - successor.createdAt >= options.destroyAfter;
    });
    for (const { id, createdAt } of destroyed) tx.set(revisionKeys, String(id), { createdAt });
    if (!isDue) return { created: undefined, destroyed: destroyed.map(({ id }) => id) };
    const created = Math.max(0, ...all.map(({ id }) => id)) + 1;
    tx.create(revisionKeys, String(created), { createdAt: tx.now, ...fresh });
    return { created, destroyed: destroyed.map(({ id }) => id) };
  });
}

interface StoredKey extends Partial<NewDataKey> {
  readonly id: number;
  readonly createdAt: UnixMillis;
}

async function allKeys(tx: Transaction): Promise<readonly StoredKey[]> {
  const found = await tx.find(revisionKeys, {});
  return found
    .map(({ id, value }) => ({ ...value, id: Number(id), createdAt: unixMillis(value.createdAt) }))
    .toSorted((a, b) => b.id - a.id);
}

const usable = (keys: readonly StoredKey[]): readonly WrappedDataKey[] =>
  keys.flatMap(({ wrapped, bound, ...key }) =>
    wrapped === undefined || bound === undefined ? [] : [{ ...key, wrapped, bound }],
  );
