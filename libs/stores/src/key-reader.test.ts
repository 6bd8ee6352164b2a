import { StoreFault, type DocumentStore } from '@keyserver/docstore';
import type { KeyBatch } from '@keyserver/exposure-keys';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { type Random, randomId, systemRandom } from '@keyserver/random';
import { DAY, HOUR, type SimulatedClock, simulatedClock, unixMillis } from '@keyserver/time';
import { SHARDS, keyBatchDocument, keyBatches } from './key-batch-document.ts';
import { findOldestWindow, readKeyBatches } from './key-reader.ts';
import { NOON, SETTINGS, aKey, batchesIn, keysOf, recordsOf } from './testing/uploads.ts';

let clock: SimulatedClock;
let store: DocumentStore;

beforeAll(async () => {
  clock = simulatedClock(NOON);
  store = await openTestStore({ clock });
});
afterAll(closeTestStores);
afterEach(async () => {
  await store.deleteAll(keyBatches, {});
});

const inShard = (shard: number): Random => ({ ...systemRandom, below: () => shard });

/** Stores one key each in windows and shards. */
async function storeAt(
  ...places: readonly { readonly n: number; readonly window: number; readonly shard?: number }[]
): Promise<void> {
  for (let at = 0; at < places.length; at += 100)
    await store.transact(async (tx) => {
      for (const { n, window, shard = 0 } of places.slice(at, at + 100)) {
        const batch = {
          window: unixMillis(window),
          kind: 'primary',
          origin: 'federated',
          sourceId: 'q1',
          ...{ regions: ['DE'], traveler: true, app: 'app', records: recordsOf(aKey(n)) },
        } as const;
        const document = keyBatchDocument(batch, SETTINGS, inShard(shard));
        tx.create(keyBatches, randomId(systemRandom), document);
      }
      await Promise.resolve();
    });
}

const numbers = (batches: readonly KeyBatch[]): readonly number[] =>
  keysOf(batches).map((hex) => Number.parseInt(hex.slice(0, 8), 16));

describe('the reader of key batches', () => {
  it('gives nothing of a span of which a part is past retention, to whoever wants it whole', async () => {
    const oldest = NOON - SETTINGS.retention;
    await storeAt({ n: 1, window: oldest }, { n: 2, window: oldest + HOUR });
    const read = readKeyBatches(store, SETTINGS);
    const found = async (from: number, whole: boolean) => {
      const batches: KeyBatch[] = [];
      const until = unixMillis(oldest + 2 * HOUR);
      for await (const page of read({ from: unixMillis(from), until, whole }))
        batches.push(...page);
      return numbers(batches);
    };
    expect(await found(oldest, true)).toEqual([1, 2]);
    expect(await found(oldest - HOUR, true)).toEqual([]);
    expect(await found(oldest - HOUR, false)).toEqual([1, 2]);
  });

  it('gives what was stored with a batch', async () => {
    await storeAt({ n: 1, window: NOON });
    const [batch] = await batchesIn(store, NOON, NOON + HOUR);
    expect(batch).toEqual({
      id: expect.stringMatching(/^\w{20}$/u) as string,
      window: NOON,
      kind: 'primary',
      origin: 'federated',
      sourceId: 'q1',
      regions: ['DE'],
      traveler: true,
      app: 'app',
      authority: undefined,
      records: expect.any(Uint8Array) as Uint8Array,
    });
    expect(Buffer.compare(batch!.records, recordsOf(aKey(1)))).toBe(0);
  });

  it('reads every shard', async () => {
    await storeAt(...Array.from({ length: SHARDS }, (_, n) => ({ n, window: NOON, shard: n })));
    const read = numbers(await batchesIn(store, NOON, NOON + HOUR));
    expect(read).toEqual(Array.from({ length: SHARDS }, (_, n) => n));
  });

  it('reads a shard that fills several pages', async () => {
    const places = Array.from({ length: 1203 }, (_, n) => ({ n, window: NOON, shard: n % 2 }));
    await storeAt(...places);
    expect(numbers(await batchesIn(store, NOON, NOON + 1))).toEqual(places.map(({ n }) => n));
  });

  it('reads its first window and not the one that it ends at', async () => {
    const windows = [-1, 0, 1, 2].map((h) => NOON + h * HOUR);
    await storeAt(...windows.map((window, n) => ({ n, window })));
    expect(numbers(await batchesIn(store, NOON, NOON + 2 * HOUR))).toEqual([1, 2]);
  });

  it.each([
    ['a span of no length', NOON, NOON],
    ['a span that ends before it begins', NOON + HOUR, NOON],
    ['a span past retention', NOON - 20 * DAY, NOON - 14 * DAY],
  ])('reads nothing of %s', async (_, from, until) => {
    await storeAt({ n: 1, window: NOON }, { n: 2, window: NOON - 15 * DAY });
    expect(await batchesIn(store, from, until)).toEqual([]);
  });

  it('never gives what is past retention, though it is still stored', async () => {
    const oldest = NOON - 14 * DAY;
    await storeAt(
      { n: 1, window: oldest - HOUR },
      { n: 2, window: oldest },
      { n: 3, window: NOON },
    );
    expect(numbers(await batchesIn(store, 0, NOON + HOUR))).toEqual([2, 3]);
  });

  it('can be left early', async () => {
    await storeAt(...Array.from({ length: 40 }, (_, n) => ({ n, window: NOON, shard: n })));
    let pages = 0;
    const windows = { from: NOON, until: unixMillis(NOON + HOUR) };
    for await (const page of readKeyBatches(store, SETTINGS)(windows)) {
      pages += page.length;
      break;
    }
    expect(pages).toBe(1);
  });

  it('fails as a whole when one shard cannot be read, rather than leave its keys out', async () => {
    await storeAt(...Array.from({ length: SHARDS }, (_, n) => ({ n, window: NOON, shard: n })));
    const failing: Pick<DocumentStore, 'now' | 'pages'> = {
      now: async () => await store.now(),
      pages: (from, query, size) => {
        if (Object.values(query.where ?? {}).includes(41))
          throw new StoreFault('unavailable', 'away');
        return store.pages(from, query, size);
      },
    };
    const read = readKeyBatches(failing as DocumentStore, SETTINGS);
    const reading = async (): Promise<void> => {
      for await (const page of read({ from: NOON, until: unixMillis(NOON + HOUR) }))
        expect(page).toHaveLength(1);
    };
    await expect(reading()).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('the oldest window with a key', () => {
  const oldest = async (from: number, until: number, over = store) =>
    await findOldestWindow(over, { from: unixMillis(from), until: unixMillis(until) });

  it('is found in whichever shard it lies', async () => {
    await storeAt(
      { n: 1, window: NOON + 2 * HOUR, shard: 0 },
      { n: 2, window: NOON + HOUR, shard: SHARDS - 1 },
      { n: 3, window: NOON + 3 * HOUR, shard: 20 },
    );
    expect(await oldest(NOON, NOON + 9 * HOUR)).toBe(NOON + HOUR);
    expect(await oldest(NOON + 2 * HOUR, NOON + 9 * HOUR)).toBe(NOON + 2 * HOUR);
  });

  it('is none when the span holds no key', async () => {
    await storeAt({ n: 1, window: NOON }, { n: 2, window: NOON + 2 * HOUR });
    expect(await oldest(NOON + HOUR, NOON + 2 * HOUR)).toBeUndefined();
    expect(await oldest(NOON, NOON)).toBeUndefined();
  });

  it('costs a document of each shard, however many keys there are', async () => {
    const places = Array.from({ length: 4 * SHARDS }, (_, n) => ({ n, window: NOON + n * HOUR }));
    await storeAt(...places.map((place) => ({ ...place, shard: place.n % SHARDS })));
    let documents = 0;
    const counting: Pick<DocumentStore, 'pages'> = {
      pages: async function* (from, query, size) {
        for await (const page of store.pages(from, query, size)) {
          documents += page.length;
          yield page;
        }
      },
    };
    const until = NOON + 4 * SHARDS * HOUR;
    expect(await oldest(NOON, until, counting as DocumentStore)).toBe(NOON);
    expect(documents).toBe(SHARDS);
  });
});
