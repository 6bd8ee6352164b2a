import type { DocumentStore, Found } from '@keyserver/docstore';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import { readPositions, savePositions } from './cleanup-progress.ts';
import { JOB_GRACE } from './job-grace.ts';
import { SHARDS, keyBatchExpiries, keyBatches } from './key-batch-document.ts';
import { uncoveredFrom } from './uncovered-from.ts';

/** Shards that are worked on at once. */
const PARALLEL = 8;
const PAGE = 500;

/**
 * Documents in one transaction. The largest that anybody writes has 300 keys and weighs 40 KiB with its index entries, so that
 * these are below the 10 MiB of a transaction; and they hold the lock of one machine for less than 20 ms.
 */
const AT_ONCE = 100;

/** What a run of deleting keys did. */
export interface KeyDeletion {
  /** Documents that are deleted. */
  readonly deleted: number;
  /** Those of them that some export or partner had still to take, and that had waited for it for as long as they may. */
  readonly lost: number;
  /** Documents that have expired and wait for an export or a partner. */
  readonly held: number;
  /** Shards that this run did not come to the end of. */
  readonly left: number;
}

/** What it takes to delete keys. */
export interface DeleteKeysOptions {
  /** The time before which documents have certainly expired. */
  readonly certain: UnixMillis;
  /** How long a window can be read, ms. */
  readonly retention: number;
  /** Ends the run between two steps; what is deleted stays so. */
  readonly signal: AbortSignal;
}

/**
 * Deletes the keys that have expired, window by window in each shard, the shard that is furthest behind first. A document goes at
 * its own expiry, which may come after the retention of its window; a window is passed over only when nothing is left in it. What
 * an export has still to take stays for JOB_GRACE longer. Memory is bounded by a few pages, whatever is stored.
 */
export async function deleteKeys(
  store: DocumentStore,
  options: DeleteKeysOptions,
): Promise<KeyDeletion> {
  const { certain, retention, signal } = options;
  // Read first: work on keys goes forward, so that an answer which is older by now holds back more.
  const heldFrom = (await uncoveredFrom(store)) ?? Infinity;
  const until = unixMillis(Math.max(0, certain - retention));
  const positions = [...(await readPositions(store, { shards: SHARDS, until }))];
  const before = [...positions];
  const waiting = behindFirst(positions);
  let sum: KeyDeletion = { deleted: 0, lost: 0, held: 0, left: SHARDS };
  const worker = async (): Promise<void> => {
    for (;;) {
      const shard = signal.aborted ? undefined : waiting.shift();
      if (shard === undefined) return;
      const from = unixMillis(positions[shard] ?? 0);
      const swept = await deleteShard(store, { shard, from, until, heldFrom }, options);
      positions[shard] = swept.position;
      sum = added(sum, swept);
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: PARALLEL }, worker));
  if (positions.some((position, shard) => position !== before[shard]))
    await savePositions(store, positions);
  for (const ended of workers) if (ended.status === 'rejected') throw ended.reason;
  return sum;
}

/** The shards in the order of their positions. */
const behindFirst = (positions: readonly number[]): number[] =>
  positions
    .map((position, shard) => ({ position, shard }))
    .sort((a, b) => a.position - b.position)
    .map(({ shard }) => shard);

interface Shard {
  readonly shard: number;
  readonly from: UnixMillis;
  readonly until: UnixMillis;
  /** Windows from it on hold keys that somebody has still to take. */
  readonly heldFrom: number;
}

interface SweptShard extends Omit<KeyDeletion, 'left'> {
  /** The first window that may hold anything. */
  readonly position: number;
  readonly isFinished: boolean;
}

const added = (sum: KeyDeletion, one: SweptShard): KeyDeletion => ({
  deleted: sum.deleted + one.deleted,
  lost: sum.lost + one.lost,
  held: sum.held + one.held,
  left: sum.left - (one.isFinished ? 1 : 0),
});

type Expiring = Found<{ readonly window: number; readonly expireAt: number }>;

async function deleteShard(
  store: DocumentStore,
  { shard, from, until, heldFrom }: Shard,
  { certain, signal }: DeleteKeysOptions,
): Promise<SweptShard> {
  const isHeld = ({ value: { window } }: Expiring): boolean => window >= heldFrom;
  const isDue = ({ value: { expireAt } }: Expiring): boolean => expireAt <= certain;
  const mayGo = (found: Expiring): boolean =>
    isDue(found) && (!isHeld(found) || found.value.expireAt <= certain - JOB_GRACE);
  let [deleted, lost, held] = [0, 0, 0];
  let first: number | undefined;
  const query = { where: { shard }, order: { by: 'window', from, until } } as const;
  for await (const page of store.pages(keyBatchExpiries, query, PAGE)) {
    if (signal.aborted)
      return { deleted, lost, held, position: first ?? windowOf(page), isFinished: false };
    const going = page.filter(mayGo);
    const staying = page.filter((found) => !mayGo(found));
    first ??= staying[0]?.value.window;
    await deleteDocuments(store, going);
    deleted += going.length;
    lost += going.filter(isHeld).length;
    held += staying.filter(isDue).length;
  }
  return { deleted, lost, held, position: first ?? until, isFinished: true };
}

const windowOf = (page: readonly Expiring[]): number => page[0]?.value.window ?? 0;

/** Documents of keys never change, so that what was read of them still holds. */
async function deleteDocuments(store: DocumentStore, found: readonly Expiring[]): Promise<void> {
  for (let at = 0; at < found.length; at += AT_ONCE)
    await store.transact(async (tx) => {
      await Promise.resolve();
      for (const { id } of found.slice(at, at + AT_ONCE)) tx.delete(keyBatches, id);
    });
}
