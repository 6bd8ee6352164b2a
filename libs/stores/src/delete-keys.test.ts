import type { DocumentStore } from '@keyserver/docstore';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import {
  DAY,
  HOUR,
  MINUTE,
  type SimulatedClock,
  type UnixMillis,
  simulatedClock,
  unixMillis,
} from '@keyserver/time';
import { seededRandom } from '@keyserver/random/testing';
import { cleanupProgress } from './cleanup-progress.ts';
import { exportConfigDocument, exportConfigs } from './configuration.ts';
import { type KeyDeletion, deleteKeys } from './delete-keys.ts';
import { exportProgress } from './export-batch-document.ts';
import { SHARDS, keyBatchDocument, keyBatches } from './key-batch-document.ts';
import { NOON, SETTINGS, aKey, anUpload } from './testing/uploads.ts';
import { packRecords } from '@keyserver/exposure-keys';
import { storeUploads } from './key-store.ts';

const { retention } = SETTINGS;
const { signal } = new AbortController();
const random = seededRandom('delete keys');

let clock: SimulatedClock;
let store: DocumentStore;

beforeEach(async () => {
  clock = simulatedClock(unixMillis(NOON + 10 * MINUTE));
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

/** Stores a document that is released in a window, in a shard; it expires when its window does, unless said otherwise. */
async function put(
  id: string,
  of: { readonly window?: number; readonly shard?: number; readonly expireAt?: number } = {},
): Promise<void> {
  const { window = NOON, shard = 0, expireAt = window + retention } = of;
  const made = keyBatchDocument(
    {
      ...{ window: unixMillis(window), kind: 'primary', origin: 'local', sourceId: '' },
      ...{ regions: ['US'], traveler: false, app: 'app', authority: undefined },
      records: packRecords([aKey(1)]),
    },
    SETTINGS,
    random,
  );
  await store.transact(async (tx) => {
    await Promise.resolve();
    tx.set(keyBatches, id, { ...made, shard, expireAt });
  });
}

async function stored(): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const page of store.pages(keyBatches, {})) ids.push(...page.map(({ id }) => id));
  return ids.sort();
}

const run = async (
  certain: number,
  over: { signal?: AbortSignal; on?: DocumentStore } = {},
): Promise<KeyDeletion> =>
  await deleteKeys(over.on ?? store, {
    ...{ certain: unixMillis(certain), retention },
    signal: over.signal ?? signal,
  });

/** An export that takes everything, cut up to a time; it ends when that is given. */
async function anExportCutTo(coveredUntil: number, thru?: UnixMillis): Promise<void> {
  const config = {
    ...{ id: 'us', bucket: 'exports', filenameRoot: 'us', period: HOUR, outputRegion: 'US' },
    ...{ inputRegions: [], excludeRegions: [], includeTravelers: false, onlyNonTravelers: false },
    ...{ from: unixMillis(0), thru, signingKeys: ['k1'] },
    ...{ minRecords: 0, paddingRange: 0, maxRecords: 1000, padEmpty: false },
  };
  await store.transact(async (tx) => {
    await Promise.resolve();
    tx.set(exportConfigs, 'us', exportConfigDocument(config));
    tx.set(exportProgress, 'us', { coveredUntil });
  });
}

const positions = async (): Promise<readonly number[] | undefined> =>
  (await store.get(cleanupProgress, ['keys']))[0]?.positions;

const EXPIRED = NOON + retention;

describe('keys that have expired', () => {
  it('go in every shard, and no others', async () => {
    await put('first', { shard: 0 });
    await put('last', { shard: SHARDS - 1 });
    await put('later', { window: NOON + 1 });
    expect(await run(EXPIRED)).toEqual({ deleted: 0, lost: 0, held: 0, left: 0 });
    expect(await run(EXPIRED + 1)).toEqual({ deleted: 2, lost: 0, held: 0, left: 0 });
    expect(await stored()).toEqual(['later']);
  });

  it('go at their own expiry, which may come after that of their window', async () => {
    await put('longer', { expireAt: EXPIRED + HOUR });
    await put('usual');
    expect((await run(EXPIRED + HOUR - 1)).deleted).toBe(1);
    expect(await stored()).toEqual(['longer']);
    expect((await run(EXPIRED + HOUR)).deleted).toBe(1);
  });

  it('that phones have published go when nobody finds them any more, not before', async () => {
    await storeUploads(store, { ...SETTINGS, clock }, random)(anUpload([aKey(1)]));
    const [only] = (await all()).map(({ expireAt }) => expireAt);
    expect((await run(only! - 1)).deleted).toBe(0);
    expect((await run(only! + HOUR)).deleted).toBe(1);
  });

  it('change nothing when the job is run again', async () => {
    await put('a');
    await run(EXPIRED + 1);
    expect(await run(EXPIRED + 1)).toEqual({ deleted: 0, lost: 0, held: 0, left: 0 });
  });
});

async function all() {
  const found = [];
  for await (const page of store.pages(keyBatches, {})) found.push(...page.map((one) => one.value));
  return found;
}

describe('the position of a shard', () => {
  it('passes a window only when it is empty', async () => {
    await put('stays', { expireAt: EXPIRED + DAY });
    await put('goes', { window: NOON + HOUR });
    await run(EXPIRED + 2 * HOUR);
    expect((await positions())?.[0]).toBe(NOON);
    expect((await positions())?.[1]).toBe(NOON + 2 * HOUR);
    expect(await stored()).toEqual(['stays']);
    await run(EXPIRED + DAY);
    expect(await stored()).toEqual([]);
    expect((await positions())?.[0]).toBe(NOON + DAY);
  });

  it('says nothing when it was saved at a later store time', async () => {
    await run(EXPIRED + 20 * DAY);
    await put('a');
    expect((await run(EXPIRED + HOUR)).deleted).toBe(1);
  });

  it('is not needed: what is gone is made anew by looking at everything', async () => {
    await run(EXPIRED + HOUR);
    await put('a');
    expect((await run(EXPIRED + HOUR)).deleted).toBe(0);
    await store.transact(async (tx) => {
      await Promise.resolve();
      tx.delete(cleanupProgress, 'keys');
    });
    expect((await run(EXPIRED + HOUR)).deleted).toBe(1);
  });
});

describe('keys that an export has still to take', () => {
  it('stay, and are counted', async () => {
    await anExportCutTo(NOON);
    await put('held');
    await put('covered', { window: NOON - HOUR });
    expect(await run(EXPIRED + 1)).toEqual({ deleted: 1, lost: 0, held: 1, left: 0 });
    expect(await stored()).toEqual(['held']);
    expect((await positions())?.[0]).toBe(NOON);
  });

  it('go once it has taken them', async () => {
    await anExportCutTo(NOON);
    await put('held');
    await run(EXPIRED + 1);
    await anExportCutTo(NOON + HOUR);
    expect(await run(EXPIRED + 1)).toEqual({ deleted: 1, lost: 0, held: 0, left: 0 });
  });

  it('go all the same a week later, and are counted as lost', async () => {
    await anExportCutTo(NOON);
    await put('held');
    expect((await run(EXPIRED + 7 * DAY - 1)).deleted).toBe(0);
    expect(await run(EXPIRED + 7 * DAY)).toEqual({ deleted: 1, lost: 1, held: 0, left: 0 });
  });

  it('are none of an export that has ended', async () => {
    await anExportCutTo(NOON, unixMillis(NOON));
    await put('a');
    expect((await run(EXPIRED + 1)).deleted).toBe(1);
  });
});

describe('a run that ends early', () => {
  it('deletes nothing when it has no time, and says how many shards are left', async () => {
    await put('a');
    expect(await run(EXPIRED + 1, { signal: AbortSignal.abort() })).toEqual({
      ...{ deleted: 0, lost: 0, held: 0, left: SHARDS },
    });
    expect(await stored()).toEqual(['a']);
  });

  it('keeps what it has deleted, and the next one goes on with the shard that is furthest behind', async () => {
    for (let shard = 0; shard < SHARDS; shard++) await put(`of ${shard}`, { shard });
    const stopping = new AbortController();
    let transactions = 0;
    const on: DocumentStore = Object.assign(Object.create(store) as DocumentStore, {
      transact: async (decide: Parameters<DocumentStore['transact']>[0]) => {
        if (++transactions === 20) stopping.abort();
        return await store.transact(decide);
      },
    });
    const ended = await run(EXPIRED + 1, { signal: stopping.signal, on });
    expect(ended.left).toBeGreaterThan(0);
    expect((await stored()).length).toBe(SHARDS - ended.deleted);
    const behind = (await positions())?.filter((position) => position <= NOON);
    expect(behind).toHaveLength(ended.left);
    expect(await run(EXPIRED + 1)).toMatchObject({ deleted: SHARDS - ended.deleted, left: 0 });
    expect(await stored()).toEqual([]);
  });

  it('by a fault keeps the positions of the shards that were finished, and passes the fault on', async () => {
    for (let shard = 0; shard < SHARDS; shard++) await put(`of ${shard}`, { shard });
    let deletions = 0;
    const on: DocumentStore = Object.assign(Object.create(store) as DocumentStore, {
      transact: async (decide: Parameters<DocumentStore['transact']>[0]) => {
        if (++deletions === 30) throw new Error('the store is away');
        return await store.transact(decide);
      },
    });
    await expect(run(EXPIRED + 1, { on })).rejects.toThrow('the store is away');
    expect((await positions())?.some((position) => position > 0)).toBe(true);
    await run(EXPIRED + 1);
    expect(await stored()).toEqual([]);
  });
});
