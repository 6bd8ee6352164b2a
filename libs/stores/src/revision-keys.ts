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
  /** Keys that would be destroyed if the time were certain. */
  readonly waiting: number;
}

/**
 * Adds a data key when there is none, or the newest is old enough, and destroys keys whose successor is so old that no token
 * under them can hold a key that may still be revised. What is destroyed never comes back, so that goes by the time that is certain.
 * One transaction: two runs at once add one key. `draw` is called before it, whether or not the key is needed; its key is thrown away
 * unless this adds it.
 */
export async function rotateDataKeys(
  store: DocumentStore,
  options: {
    readonly draw: () => Promise<NewDataKey>;
    /** Age from which on the newest key gets a successor, ms. */
    readonly newAfter: number;
    /** Age of its successor from which on a key is destroyed, ms. */
    readonly destroyAfter: number;
    /** The time that has certainly come; undefined while that is not known. */
    readonly certain: UnixMillis | undefined;
  },
): Promise<Rotation> {
  const fresh = await options.draw();
  const { newAfter, destroyAfter, certain = unixMillis(0) } = options;
  return await store.transact(async (tx) => {
    const all = await allKeys(tx);
    // An attempt whose outcome was never heard of may have committed: then its key is there, and nothing else is due. The
    // number does not tell, since somebody else may have given it.
    const written = usable(all).find(({ bound }) => Buffer.compare(bound, fresh.bound) === 0);
    if (written !== undefined) return { created: written.id, destroyed: [], waiting: 0 };
    const [newest] = usable(all);
    const outlived = outlivedBy(usable(all), tx.now - destroyAfter);
    const old = outlivedBy(usable(all), certain - destroyAfter);
    for (const { id, createdAt } of old) tx.set(revisionKeys, String(id), { createdAt });
    const done = { destroyed: old.map(({ id }) => id), waiting: outlived.length - old.length };
    if (newest !== undefined && !isDue(newest, tx.now, newAfter))
      return { created: undefined, ...done };
    const created = Math.max(0, ...all.map(({ id }) => id)) + 1;
    tx.create(revisionKeys, String(created), { createdAt: tx.now, ...fresh });
    return { created, ...done };
  });
}

/** The keys whose successors were made by a time. */
const outlivedBy = (keys: readonly WrappedDataKey[], time: number): readonly WrappedDataKey[] =>
  keys.filter((_, n) => (keys[n - 1]?.createdAt ?? Infinity) <= time);

/** A key that is made in time to come was made while store time was wrong. */
const isDue = ({ createdAt }: WrappedDataKey, now: UnixMillis, newAfter: number): boolean =>
  createdAt > now || now - createdAt >= newAfter;

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
