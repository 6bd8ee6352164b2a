import {
  type DocumentStore,
  MAX_TRANSACTION_BYTES,
  type Transaction,
  writtenBytes,
} from '@keyserver/docstore';
import type { BatchSpan, ExportBatch, ExportConfig, Freeze } from '@keyserver/export-file';
import { type KeyBatch, RECORD_BYTES } from '@keyserver/exposure-keys';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { systemRandom } from '@keyserver/random';
import { seededRandom } from '@keyserver/random/testing';
import {
  DAY,
  HOUR,
  type SimulatedClock,
  simulatedClock,
  unixMillis,
  alwaysWindow,
  windowLength,
} from '@keyserver/time';
import { exportConfigDocument, exportConfigs } from './configuration.ts';
import { exportStore } from './export-store.ts';
import { keyBatchDocument, keyBatches } from './key-batch-document.ts';
import { readKeyBatches } from './key-reader.ts';

const NOON = unixMillis(Date.UTC(2026, 0, 15, 12));
const at = (hour: number) => unixMillis(NOON + (hour - 12) * HOUR);
const span = (start: number, end = start + 1): BatchSpan => ({ start: at(start), end: at(end) });
const keys = {
  retention: 14 * DAY,
  maxKeyAge: 15 * DAY,
  hashKey: () => 1,
};

const anExport = (overrides: Partial<ExportConfig> = {}): ExportConfig => ({
  id: 'us',
  bucket: 'exports',
  filenameRoot: 'us',
  period: HOUR,
  outputRegion: 'US',
  inputRegions: ['US', 'CA'],
  excludeRegions: [],
  includeTravelers: true,
  onlyNonTravelers: false,
  from: unixMillis(0),
  thru: undefined,
  signingKeys: ['k1'],
  minRecords: 10,
  paddingRange: 0,
  maxRecords: 1000,
  ...overrides,
});

let clock: SimulatedClock;
let store: DocumentStore;

beforeEach(async () => {
  clock = simulatedClock(NOON);
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

const worker = (name: string, over = store) =>
  exportStore(over, {
    random: seededRandom(name),
    keys,
    windows: () => alwaysWindow(windowLength(HOUR)!),
    keepMs: 74 * DAY,
  });

async function open(spans: readonly BatchSpan[], config = anExport()): Promise<void> {
  await store.transact(async (tx) => {
    tx.set(exportConfigs, config.id, exportConfigDocument(config));
    await Promise.resolve();
  });
  await worker('cutter').cutBatches(config.id, () => spans);
}

const any = { lengthMs: 60_000, wants: () => true };

/** Stores keys as they are. */
async function keep(...batches: readonly KeyBatch[]): Promise<void> {
  await store.transact(async (tx) => {
    for (const { id, ...batch } of batches)
      tx.create(keyBatches, id, keyBatchDocument({ ...batch, app: 'app' }, keys, systemRandom));
    await Promise.resolve();
  });
}

/** A store whose transactions commit, lose the answer, and run again. */
const forgetful = (): DocumentStore => ({
  ...store,
  now: async () => await store.now(),
  pages: (from, query, size) => store.pages(from, query, size),
  get: async (from, ids) => await store.get(from, ids),
  transact: async <T>(decide: (tx: Transaction) => Promise<T>): Promise<T> => {
    await store.transact(decide);
    return await store.transact(decide);
  },
});

describe('cutting', () => {
  it('notes how far an export is covered and keeps a copy of it on each batch', async () => {
    const config = anExport({ thru: at(20) });
    await open([span(9), span(10)], config);
    await worker('w').cutBatches('us', (state) => {
      expect(state).toEqual({
        config,
        coveredUntil: at(11),
        nothingBefore: NOON - keys.retention,
        windows: alwaysWindow(windowLength(HOUR)!),
        now: NOON,
      });
      return [];
    });
    const leased = await worker('w').queue.lease(any);
    expect(leased).toMatchObject({ id: 'us-1768467600-1768471200', config, state: 'open' });
  });

  it('looks for the oldest window with a key when an export was never cut', async () => {
    const nothingBefore = async (): Promise<number> => {
      let found = 0;
      await worker('w').cutBatches('us', (state) => {
        found = state.nothingBefore;
        return [];
      });
      return found;
    };
    await open([]);
    clock.set(unixMillis(NOON + 1));
    expect(await nothingBefore()).toBe(NOON);
    await keep(padding('open', { window: NOON }), padding('past', { window: at(12 - 14 * 24) }));
    expect(await nothingBefore()).toBe(NOON);
    await keep(padding('a', { window: at(9) }), padding('b', { window: at(3) }));
    await keep(padding('c', { window: at(11), regions: ['ZZ'], kind: 'revision' }));
    expect(await nothingBefore()).toBe(at(3));
  });

  it('refuses to cover a window that may still receive keys', async () => {
    await open([]);
    await expect(worker('w').cutBatches('us', () => [span(11), span(12)])).rejects.toThrow(
      'a window that may still receive keys cannot be covered',
    );
    const slow: DocumentStore = {
      ...forgetful(),
      closingDelay: 330_000,
      transact: async (decide) => await store.transact(decide),
    };
    await expect(worker('w', slow).cutBatches('us', () => [span(11)])).rejects.toThrow(
      'a window that may still receive keys',
    );
    expect(await worker('w').queue.countOpen(10)).toBe(0);
    expect(await worker('w', slow).cutBatches('us', () => [span(10)])).toMatchObject({
      created: 1,
    });
  });

  it('creates nothing for an export that is not configured', async () => {
    const cut = await worker('w').cutBatches('nobody', () => [span(9)]);
    expect(cut).toEqual({ created: 0, coveredUntil: undefined });
    expect(await worker('w').queue.countOpen(10)).toBe(0);
  });

  it('knows nothing as covered before the first batch', async () => {
    await open([]);
    const cut = await worker('w').cutBatches('us', ({ coveredUntil }) => {
      expect(coveredUntil).toBeUndefined();
      return [];
    });
    expect(cut).toEqual({ created: 0, coveredUntil: undefined });
  });

  it('leaves batches alone that are there already', async () => {
    await open([span(9), span(10)]);
    const leased = await worker('w').queue.lease(any);
    expect(await worker('w').cutBatches('us', () => [span(9), span(10), span(11)])).toEqual({
      created: 1,
      coveredUntil: at(12),
    });
    expect(await worker('w').work.finish(leased!, { state: 'empty' })).toBe(true);
  });
});

describe('the queue', () => {
  it('gives batches in their turn, each to one worker', async () => {
    await open([span(8), span(9)]);
    const [first, second, none] = [
      await worker('a').queue.lease(any),
      await worker('b').queue.lease(any),
      await worker('c').queue.lease(any),
    ];
    expect([first?.start, second?.start, none]).toEqual([at(8), at(9), undefined]);
    expect(first).toMatchObject({ fence: 1, leaseExpires: NOON + 60_000 });
  });

  it('gives different batches to workers that ask at once', async () => {
    await open([span(8), span(9), span(10)]);
    const asked = ['a', 'b', 'c'].map(async (name) => await worker(name).queue.lease(any));
    const leased = await Promise.all(asked);
    expect(new Set(leased.map((batch) => batch?.id)).size).toBe(3);
  });

  it('tells what is open before a batch, leased or not', async () => {
    await open([span(8), span(9), span(10)]);
    await worker('a').queue.lease(any);
    const seen: (readonly number[])[] = [];
    await worker('b').queue.lease({
      lengthMs: 1000,
      wants: (_batch, before) => {
        seen.push(before.map(({ start }) => start));
        return false;
      },
    });
    expect(seen).toEqual([[at(8)], [at(8), at(9)]]);
  });

  it('gives a batch again when its lease has ended or was given back, under a larger fence', async () => {
    await open([span(8)]);
    const lost = await worker('a').queue.lease(any);
    clock.advance(60_000);
    const taken = await worker('b').queue.lease(any);
    expect(taken?.fence).toBe(2);
    await worker('a').queue.release(lost!);
    expect(await worker('c').queue.lease(any)).toBeUndefined();
    await worker('b').queue.release(taken!);
    expect((await worker('c').queue.lease(any))?.fence).toBe(3);
  });

  it('renews a lease for its holder only', async () => {
    await open([span(8)]);
    const mine = await worker('a').queue.lease(any);
    clock.advance(50_000);
    const renewed = await worker('a').queue.renew(mine!, 60_000);
    expect(renewed?.leaseExpires).toBe(NOON + 110_000);
    expect(await worker('a').queue.renew({ ...mine!, fence: 0 }, 60_000)).toBeUndefined();
  });

  it('passes over a batch that another worker wins in the same moment', async () => {
    await open([span(8), span(9)]);
    const racing = {
      lengthMs: 1000,
      wants: () => true,
    };
    const late = worker('late', {
      ...forgetful(),
      pages: async function* (from, query, size) {
        for await (const page of store.pages(from, query, size)) {
          await worker('early').queue.lease(any);
          yield page;
        }
      },
      transact: async (decide) => await store.transact(decide),
    });
    expect((await late.queue.lease(racing))?.start).toBe(at(9));
  });

  it('passes over a batch that too many workers want, and passes other faults on', async () => {
    await open([span(8), span(9)]);
    const { StoreFault } = await import('@keyserver/docstore');
    const faulty = (reason: 'contended' | 'unavailable') => {
      let first = true;
      return worker('w', {
        ...forgetful(),
        transact: async (decide) => {
          if (!first) return await store.transact(decide);
          first = false;
          throw new StoreFault(reason, 'no');
        },
      });
    };
    expect((await faulty('contended').queue.lease(any))?.start).toBe(at(9));
    await expect(faulty('unavailable').queue.lease(any)).rejects.toThrow(StoreFault);
  });

  it('knows its own lease when the answer to a commit was lost', async () => {
    await open([span(8), span(9)]);
    expect(await worker('a', forgetful()).queue.lease(any)).toMatchObject({
      start: at(8),
      fence: 1,
    });
  });
});

const padding = (id: string, overrides: Partial<KeyBatch> = {}): KeyBatch => ({
  id,
  window: at(8),
  kind: 'primary',
  origin: 'padding',
  sourceId: '1',
  regions: ['US'],
  traveler: false,
  records: Buffer.alloc(RECORD_BYTES),
  ...overrides,
});

const aFreeze = (overrides: Partial<Freeze> = {}): Freeze => ({
  sequence: 0,
  padding: [padding('p1')],
  padTo: 1,
  attempt: 0,
  frozen: {
    paddingSequence: (overrides.sequence ?? 0) + 1,
    signers: [{ id: 'k1', signingKey: 'file', keyId: '310', keyVersion: 'v1' }],
    maxRecords: 7,
    encoder: 'e',
  },
  ...overrides,
});

async function storedPadding(): Promise<readonly string[]> {
  const ids: string[] = [];
  const read = readKeyBatches(store, keys);
  for await (const page of read({ from: at(0), until: at(12) }))
    ids.push(...page.map(({ id }) => id));
  return ids.toSorted();
}

async function leased(name = 'w'): Promise<ExportBatch> {
  const batch = await worker(name).queue.lease(any);
  return batch!;
}

describe('freezing', () => {
  it('stores padding and decisions together and advances the day', async () => {
    await open([span(8)]);
    const batch = await leased();
    const { work } = worker('w');
    expect(await work.paddingSequence(batch)).toBe(0);
    const step = aFreeze();
    const outcome = await work.freeze(batch, step);
    expect(outcome).toMatchObject({ kind: 'frozen', batch: { frozen: step.frozen, attempt: 0 } });
    expect(await work.paddingSequence(batch)).toBe(1);
    expect(await storedPadding()).toEqual(['p1']);
  });

  it('is overtaken by another batch of the day, and then writes nothing', async () => {
    await open([span(8), span(9)]);
    const [one, other] = [await leased('a'), await leased('b')];
    await worker('a').work.freeze(one, aFreeze());
    const late = await worker('b').work.freeze(other, aFreeze({ padding: [padding('p2')] }));
    expect(late).toEqual({ kind: 'overtaken' });
    expect(await storedPadding()).toEqual(['p1']);
  });

  it('is not overtaken by a batch of another day', async () => {
    await open([span(8 - 24), span(8)]);
    const [yesterday, today] = [await leased('a'), await leased('b')];
    await worker('a').work.freeze(yesterday, aFreeze());
    const outcome = await worker('b').work.freeze(today, aFreeze({ padding: [] }));
    expect(outcome.kind).toBe('frozen');
  });

  it('writes nothing once the lease was lost', async () => {
    await open([span(8)]);
    const lost = await leased('a');
    clock.advance(60_000);
    await leased('b');
    expect(await worker('a').work.freeze(lost, aFreeze())).toEqual({ kind: 'lost' });
    expect(await storedPadding()).toEqual([]);
  });

  it('stores padding once when the answer to a commit was lost', async () => {
    await open([span(8)]);
    const outcome = await worker('w', forgetful()).work.freeze(await leased(), aFreeze());
    expect(outcome.kind).toBe('frozen');
    expect(await storedPadding()).toEqual(['p1']);
  });
});

describe('freezing with more padding than one transaction takes', () => {
  const sequence = async (batch: ExportBatch) => await worker('w').work.paddingSequence(batch);

  /** So many documents of generated keys, none of which is like another. */
  const documents = (count: number, keysEach: number): KeyBatch[] =>
    Array.from({ length: count }, (_, n) =>
      padding(`p${String(n)}`, { records: Buffer.alloc(keysEach * RECORD_BYTES, n) }),
    );

  it.each([
    ['too many documents', documents(600, 1)],
    ['too heavy documents', documents(200, 500)],
  ])(
    'stores a first part of %s, which the day keeps, and freezes with the rest',
    async (_, all) => {
      await open([span(8)]);
      const batch = await leased();
      const { work } = worker('w');
      const first = await work.freeze(batch, aFreeze({ padding: all, padTo: 12_345 }));
      if (first.kind !== 'padded') throw new Error(first.kind);
      expect(first.batch).toMatchObject({ padTo: 12_345, frozen: undefined, state: 'open' });
      expect(first.padding).toEqual(all.slice(0, first.padding.length));
      expect(await storedPadding()).toHaveLength(first.padding.length);
      expect(await sequence(batch)).toBe(1);
      const rest = all.slice(first.padding.length);
      const step = aFreeze({ sequence: 1, padding: rest, padTo: 12_345 });
      expect((await work.freeze(first.batch, step)).kind).toBe('frozen');
      expect(await storedPadding()).toHaveLength(all.length);
    },
  );

  it('stores a first part once when the answer to a commit was lost, and looks again', async () => {
    await open([span(8)]);
    const batch = await leased();
    const all = documents(600, 1);
    const outcome = await worker('w', forgetful()).work.freeze(batch, aFreeze({ padding: all }));
    expect(outcome).toEqual({ kind: 'overtaken' });
    expect(await storedPadding()).toHaveLength(498);
    expect(await sequence(batch)).toBe(1);
  });

  it('stores no part once the lease was lost', async () => {
    await open([span(8)]);
    const lost = await leased('a');
    clock.advance(60_000);
    await leased('b');
    const late = await worker('a').work.freeze(lost, aFreeze({ padding: documents(600, 1) }));
    expect(late).toEqual({ kind: 'lost' });
    expect(await storedPadding()).toEqual([]);
  });
});

const file = (name: string) => ({ name, digest: 'ab', keys: 3 });

async function finishNext(files: readonly string[]): Promise<ExportBatch> {
  const batch = await leased();
  await worker('w').work.finish(
    batch,
    files.length === 0 ? { state: 'empty' } : { state: 'stored', files: files.map(file) },
  );
  return batch;
}

describe('finishing', () => {
  it('records the files for the worker that holds the batch', async () => {
    await open([span(8)]);
    const batch = await leased();
    const end = { state: 'stored', files: [file('a')] } as const;
    expect(await worker('w').work.finish(batch, end)).toBe(true);
    expect(await worker('w').listings.unlisted(5)).toMatchObject([
      { id: batch.id, files: [file('a')] },
    ]);
    expect(await worker('w').queue.lease(any)).toBeUndefined();
  });

  it('records nothing once the lease was lost', async () => {
    await open([span(8)]);
    const lost = await leased('a');
    clock.advance(60_000);
    await leased('b');
    expect(await worker('a').work.finish(lost, { state: 'empty' })).toBe(false);
    expect(await worker('a').queue.countOpen(5)).toBe(1);
  });

  it('succeeds when the answer to a commit was lost', async () => {
    await open([span(8)]);
    const end = { state: 'stored', files: [file('a')] } as const;
    expect(await worker('w', forgetful()).work.finish(await leased(), end)).toBe(true);
  });

  it('writes nothing to a batch that is gone', async () => {
    await open([span(8)]);
    const batch = { ...(await leased()), id: 'gone' };
    expect(await worker('w').work.finish(batch, { state: 'empty' })).toBe(false);
    expect(await worker('w').work.freeze(batch, aFreeze())).toEqual({ kind: 'lost' });
    expect(await worker('w').queue.renew(batch, 1000)).toBeUndefined();
  });
});

describe('the listing', () => {
  const since = unixMillis(NOON - 14 * DAY);
  const starts = async (): Promise<readonly number[]> =>
    (await worker('w').listings.listing('us', since)).batches.map(({ start }) => start);

  it('holds the files of finished batches, empty ones left out, oldest first', async () => {
    await open([span(8), span(9), span(10)]);
    await finishNext(['a']);
    await finishNext([]);
    await finishNext(['b', 'c']);
    expect(await starts()).toEqual([at(8), at(10)]);
    await worker('w').listings.markListed(await worker('w').listings.unlisted(10));
    expect(await starts()).toEqual([at(8), at(10)]);
    expect(await worker('w').listings.unlisted(10)).toEqual([]);
  });

  it('ends before the first batch that is not finished, and names it while others wait', async () => {
    await open([span(8), span(9), span(10)]);
    await finishNext(['a']);
    const held = await leased('slow');
    await finishNext(['b']);
    const { listings } = worker('w');
    expect(await listings.listing('us', since)).toMatchObject({
      batches: [{ start: at(8) }],
      heldBackBy: { id: held.id },
    });
    await worker('slow').work.finish(held, { state: 'empty' });
    expect(await listings.listing('us', since)).toMatchObject({
      batches: [{ start: at(8) }, { start: at(10) }],
      heldBackBy: undefined,
    });
  });

  it('is not held back by an open batch that nothing waits for', async () => {
    await open([span(8), span(9)]);
    await finishNext(['a']);
    expect(await worker('w').listings.listing('us', since)).toMatchObject({
      heldBackBy: undefined,
    });
  });

  it('leaves out what started before its time, and other exports', async () => {
    await open([span(8), span(9)]);
    await open([span(7)], anExport({ id: 'ca' }));
    for (const name of ['x', 'a', 'b']) await finishNext([name]);
    const { batches } = await worker('w').listings.listing('us', at(8));
    expect(batches.map(({ start }) => start)).toEqual([at(9)]);
  });

  it('is empty for an export that was never cut', async () => {
    expect(await worker('w').listings.listing('nobody', since)).toEqual({
      batches: [],
      expired: [],
      heldBackBy: undefined,
    });
  });

  it('marks batches of any size in transactions that Firestore takes', async () => {
    await open(Array.from({ length: 12 }, (_, n) => span(n)));
    const large = Array.from({ length: 600 }, (_, n) => `${String(n)}${'x'.repeat(1500)}`);
    for (let n = 0; n < 12; n++) await finishNext(large);
    const written: number[] = [];
    const weighing: DocumentStore = {
      ...forgetful(),
      transact: async (decide) =>
        await store.transact(async (tx) => {
          let bytes = 0;
          const set: Transaction['set'] = (into, id, value) => {
            bytes += writtenBytes(into, id, value);
            tx.set(into, id, value);
          };
          const result = await decide(Object.assign(Object.create(tx) as Transaction, { set }));
          written.push(bytes);
          return result;
        }),
    };
    const unlisted = await worker('w').listings.unlisted(20);
    await worker('w', weighing).listings.markListed(unlisted);
    expect(Math.max(...written)).toBeLessThan(MAX_TRANSACTION_BYTES);
    expect(await worker('w').listings.unlisted(20)).toEqual([]);
  });

  it('marks what is stored only', async () => {
    await open([span(8)]);
    const batch = await leased();
    await worker('w').listings.markListed([batch, { ...batch, id: 'gone', state: 'stored' }]);
    expect(await worker('w').queue.countOpen(5)).toBe(1);
  });
});
