import type { DocumentStore, Found } from '@keyserver/docstore';
import type { KeyBatch, ReadKeyBatches } from '@keyserver/exposure-keys';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import {
  type KeyBatchDocument,
  SHARDS,
  keyBatchContents,
  keyBatchOf,
  keyBatches,
} from './key-batch-document.ts';

const PARALLEL_SHARDS = 16;

/** Reads the key batches of closed windows from all shards, several at a time; never what is past retention. */
export function readKeyBatches(
  store: DocumentStore,
  settings: { readonly retention: number },
): ReadKeyBatches {
  return async function* ({ from, until, whole = false }) {
    const now = await store.now();
    const oldest = unixMillis(Math.max(from, now - settings.retention));
    if (oldest >= until || (whole && oldest > from)) return;
    const shards = Array.from({ length: SHARDS }, (_, shard) =>
      readShard(store, shard, { from: oldest, until }),
    );
    yield* interleave(shards);
  };
}

/** The oldest window of a span that holds any key, whoever wants it; undefined when none does. One document of each shard. */
export async function findOldestWindow(
  store: DocumentStore,
  windows: Windows,
): Promise<UnixMillis | undefined> {
  if (windows.from >= windows.until) return undefined;
  const shards = Array.from({ length: SHARDS }, (_, shard) => readShard(store, shard, windows, 1));
  let oldest: UnixMillis | undefined;
  for await (const [first] of interleave(shards))
    if (first !== undefined && first.window < (oldest ?? Infinity)) oldest = first.window;
  return oldest;
}

/** All stored documents of a span as they are, also what exports read no more, in no particular order. */
export async function* readDocuments(
  store: DocumentStore,
  windows: Windows,
): AsyncGenerator<readonly Found<KeyBatchDocument>[]> {
  const order = { by: 'window', ...windows } as const;
  const shards = Array.from({ length: SHARDS }, (_, shard) => pagesOf(store, shard, order));
  yield* interleave(shards);
}

async function* pagesOf(
  store: DocumentStore,
  shard: number,
  order: { readonly by: 'window' } & Windows,
): AsyncGenerator<readonly Found<KeyBatchDocument>[]> {
  yield* store.pages(keyBatches, { where: { shard }, order });
}

interface Windows {
  readonly from: UnixMillis;
  readonly until: UnixMillis;
}

/** The key batches of one shard, in the order of their windows. */
export async function* readShard(
  store: DocumentStore,
  shard: number,
  windows: Windows,
  limit?: number,
): AsyncGenerator<readonly KeyBatch[]> {
  const order = { by: 'window', ...windows } as const;
  const query = { where: { shard }, order, ...(limit === undefined ? {} : { limit }) };
  for await (const page of store.pages(keyBatchContents, query))
    yield page.map(({ id, value }) => keyBatchOf(id, value));
}

interface Arrival<T> {
  readonly source: AsyncGenerator<T>;
  readonly result: IteratorResult<T, void>;
}

/** Everything that the sources give, as it comes, a few of them at a time. */
async function* interleave<T>(sources: readonly AsyncGenerator<T>[]): AsyncGenerator<T> {
  const running = new Map<AsyncGenerator<T>, Promise<Arrival<T>>>();
  const start = (source: AsyncGenerator<T> | undefined): void => {
    if (source === undefined) return;
    const arrival = source.next().then((result): Arrival<T> => ({ source, result }));
    arrival.catch(ignoreUntilRaced);
    running.set(source, arrival);
  };
  for (const source of sources.slice(0, PARALLEL_SHARDS)) start(source);
  const waiting = sources.slice(PARALLEL_SHARDS).values();
  while (running.size > 0) {
    const { source, result } = await Promise.race(running.values());
    running.delete(source);
    if (result.done === true) {
      start(waiting.next().value);
      continue;
    }
    start(source);
    yield result.value;
  }
}

const ignoreUntilRaced = (): void => undefined;
