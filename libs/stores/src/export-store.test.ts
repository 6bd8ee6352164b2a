import {
  type DocumentStore,
  MAX_TRANSACTION_BYTES,
  type Transaction,
  writtenBytes,
} from '@keyserver/docstore';
import type { BatchSpan, ExportBatch, ExportConfig, Frozen } from '@keyserver/export-file';
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
import { batchId, exportBatches, exportProgress, openBatch } from './export-batch-document.ts';
import { exportStore } from './export-store.ts';
import { keyBatchDocument, keyBatches } from './key-batch-document.ts';

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
  padEmpty: false,
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
    span: DAY,
    keepMs: 74 * DAY,
  });

/** Configures an export, which may have been cut before. */
async function configure(config = anExport(), coveredUntil?: number): Promise<void> {
  await store.transact(async (tx) => {
    tx.set(exportConfigs, config.id, exportConfigDocument(config));
    if (coveredUntil !== undefined) tx.set(exportProgress, config.id, { coveredUntil });
    await Promise.resolve();
  });
}

const cutAll = { minWindowAge: 0, limit: 100 };

/** Cuts an export into batches of an hour, one after another. */
async function open(spans: readonly BatchSpan[], config = anExport()): Promise<void> {
  await configure(config, spans[0]?.start);
  await worker('cutter').cutBatches(config.id, { ...cutAll, limit: spans.length });
}

/** The spans of all batches, oldest first. */
async function cutSpans(): Promise<readonly BatchSpan[]> {
  const found: BatchSpan[] = [];
  for await (const page of store.pages(exportBatches, {}))
    found.push(
      ...page.map(({ value: { start, end } }) => ({
        start: unixMillis(start),
        end: unixMillis(end),
      })),
    );
  return found.toSorted((a, b) => a.start - b.start);
}

const any = { lengthMs: 60_000, wants: () => true };

/** Stores keys as they are. */
async function keep(...batches: readonly KeyBatch[]): Promise<void> {
  await store.transact(async (tx) => {
    for (const { id, ...batch } of batches)
      tx.create(keyBatches, id, keyBatchDocument(batch, keys, systemRandom));
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
  it('creates what is due and keeps a copy of the export on each batch', async () => {
    const config = anExport({ thru: at(48) });
    await configure(config, at(9));
    const cut = await worker('w').cutBatches('us', cutAll);
    expect(cut).toEqual({ created: 3, more: false });
    const leased = await worker('w').queue.lease(any);
    expect(leased).toMatchObject({ id: 'us-1768467600-1768471200', config, state: 'open' });
    expect(await cutSpans()).toEqual([span(9), span(10), span(11)]);
  });

  it('goes on where it was, a bounded number at once, and says that more is due', async () => {
    await configure(anExport(), at(9));
    const { cutBatches } = worker('w');
    const two = { ...cutAll, limit: 2 };
    expect(await cutBatches('us', two)).toEqual({ created: 2, more: true });
    expect(await cutBatches('us', two)).toEqual({ created: 1, more: false });
    expect(await cutBatches('us', two)).toEqual({ created: 0, more: false });
    clock.set(at(13));
    expect(await cutBatches('us', two)).toEqual({ created: 1, more: false });
    expect(await cutSpans()).toEqual([span(9), span(10), span(11), span(12)]);
  });

  it('cuts one day at a time, so that no batch is of two days', async () => {
    await configure(anExport({ period: 4 * HOUR }), at(-4));
    const { cutBatches } = worker('w');
    expect(await cutBatches('us', cutAll)).toEqual({ created: 1, more: true });
    expect(await cutBatches('us', cutAll)).toEqual({ created: 3, more: false });
    expect(await cutSpans()).toEqual([span(-4, 0), span(0, 4), span(4, 8), span(8, 12)]);
  });

  describe('for the first time', () => {
    const firstCut = async (config = anExport()): Promise<readonly BatchSpan[]> => {
      await configure(config);
      for (let more = true; more;)
        ({ more } = await worker('w').cutBatches(config.id, { minWindowAge: 0, limit: 1000 }));
      return await cutSpans();
    };

    it('is the newest batch alone while no key was ever stored', async () => {
      expect(await firstCut()).toEqual([span(11)]);
    });

    it.each([
      ['begins at the oldest window with a key, whoever it is for', {}, at(9)],
      ['does not reach back before the day of its beginning', { from: at(10) }, at(9)],
    ])('%s', async (_, overrides, first) => {
      await keep(
        aDocument('open', { window: NOON }),
        aDocument('past', { window: at(12 - 14 * 24) }),
        aDocument('a', { window: at(10) }),
        aDocument('b', { window: at(9), regions: ['ZZ'], kind: 'revision' }),
      );
      clock.set(unixMillis(NOON + 1));
      expect((await firstCut(anExport(overrides)))[0]?.start).toBe(first);
    });

    it('begins with the day of its beginning when keys are older', async () => {
      await keep(aDocument('a', { window: at(-20) }));
      const spans = await firstCut(anExport({ from: at(5), period: 4 * HOUR }));
      expect(spans).toEqual([span(0, 4), span(4, 8), span(8, 12)]);
    });

    it('begins with the aligned batch that holds the first key', async () => {
      await keep(aDocument('a', { window: at(6) }));
      expect(await firstCut(anExport({ period: 4 * HOUR }))).toEqual([span(4, 8), span(8, 12)]);
    });

    it('does nothing while only open windows hold keys and no batch is over', async () => {
      clock.set(at(24));
      await keep(aDocument('a', { window: at(24) }));
      expect(await firstCut(anExport({ from: at(24) }))).toEqual([]);
      clock.set(at(25));
      expect(await firstCut(anExport({ from: at(24) }))).toEqual([span(24)]);
    });
  });

  it('never covers a window that may still receive keys, or is too young', async () => {
    await configure(anExport(), at(9));
    const slow: DocumentStore = {
      ...forgetful(),
      closingDelay: 330_000,
      transact: async (decide) => await store.transact(decide),
    };
    expect(await worker('w', slow).cutBatches('us', cutAll)).toMatchObject({ created: 2 });
    expect(await cutSpans()).toEqual([span(9), span(10)]);
    const old = { ...cutAll, minWindowAge: HOUR + 1 };
    expect(await worker('w').cutBatches('us', old)).toEqual({ created: 0, more: false });
  });

  it('passes over what is past retention, but never over the newest batch', async () => {
    await configure(anExport(), at(12 - 40 * 24));
    const { cutBatches } = worker('w');
    await cutBatches('us', { ...cutAll, limit: 1 });
    expect(await cutSpans()).toEqual([span(12 - 14 * 24)]);
    clock.set(at(40 * 24));
    const daily = anExport({ id: 'daily', period: DAY });
    await configure(daily, at(-24));
    expect(await cutBatches('daily', { ...cutAll, limit: 1 })).toMatchObject({ created: 1 });
    expect((await cutSpans()).at(-1)).toEqual(span(26 * 24, 27 * 24));
  });

  it('creates nothing for an export that is not configured', async () => {
    expect(await worker('w').cutBatches('nobody', cutAll)).toEqual({ created: 0, more: false });
    expect(await worker('w').queue.countOpen(10)).toBe(0);
  });

  it('creates nothing before an export begins', async () => {
    await configure(anExport({ from: at(24) }));
    expect(await worker('w').cutBatches('us', cutAll)).toEqual({ created: 0, more: false });
  });

  it('leaves batches alone that are there already, as when the progress was lost', async () => {
    await open([span(9), span(10)]);
    const leased = await worker('w').queue.lease(any);
    await configure(anExport(), at(9));
    expect(await worker('w').cutBatches('us', cutAll)).toEqual({ created: 1, more: false });
    expect(await worker('w').work.finish(leased!, { state: 'empty' })).toBe(true);
  });

  it('creates each batch once when the answer to a commit was lost', async () => {
    await configure(anExport(), at(9));
    await worker('w', forgetful()).cutBatches('us', cutAll);
    expect(await cutSpans()).toEqual([span(9), span(10), span(11)]);
  });

  it('creates each batch once when two workers cut at once', async () => {
    await configure(anExport(), at(9));
    await Promise.all(['a', 'b'].map(async (name) => await worker(name).cutBatches('us', cutAll)));
    expect(await cutSpans()).toEqual([span(9), span(10), span(11)]);
  });
});

describe('the queue', () => {
  it('gives batches in the order of their ends, each to one worker', async () => {
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

  it('asks of each free batch whether it is wanted, oldest first', async () => {
    await open([span(8), span(9), span(10)]);
    await worker('a').queue.lease(any);
    const asked: number[] = [];
    const wants = ({ start }: ExportBatch): boolean => {
      asked.push(start);
      return false;
    };
    expect(await worker('b').queue.lease({ lengthMs: 1000, wants })).toBeUndefined();
    expect(asked).toEqual([at(9), at(10)]);
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

const aDocument = (id: string, overrides: Partial<KeyBatch> = {}): KeyBatch => ({
  id,
  window: at(8),
  kind: 'primary',
  origin: 'local',
  sourceId: '',
  regions: ['US'],
  traveler: false,
  app: 'app',
  records: Buffer.alloc(RECORD_BYTES),
  ...overrides,
});

const FROZEN: Frozen = {
  generated: 'ab'.repeat(32),
  signers: [{ id: 'k1', signingKey: 'file', keyId: '310', keyVersion: 'v1' }],
  maxRecords: 7,
  encoder: 'e',
};
const decided = { attempt: 0, frozen: FROZEN };

async function leased(name = 'w'): Promise<ExportBatch> {
  const batch = await worker(name).queue.lease(any);
  return batch!;
}
const storedBatch = async () => (await store.get(exportBatches, [batchId('us', span(8))]))[0];

describe('freezing', () => {
  it('keeps what the files of an attempt depend on', async () => {
    await open([span(8)]);
    const batch = await leased();
    const outcome = await worker('w').work.freeze(batch, decided);
    expect(outcome).toEqual({ kind: 'frozen', batch: { ...batch, attempt: 0, frozen: FROZEN } });
    expect(await storedBatch()).toMatchObject({ state: 'open', attempt: 0, frozen: FROZEN });
    const again = { attempt: 1, frozen: { ...FROZEN, generated: 'cd'.repeat(32) } };
    await worker('w').work.freeze(batch, again);
    expect(await storedBatch()).toMatchObject(again);
  });

  it('writes nothing once the lease was lost', async () => {
    await open([span(8)]);
    const lost = await leased('a');
    clock.advance(60_000);
    await leased('b');
    expect(await worker('a').work.freeze(lost, decided)).toEqual({ kind: 'lost' });
    expect((await storedBatch())?.frozen).toBeUndefined();
  });

  it('writes nothing once the batch has ended', async () => {
    await open([span(8)]);
    const batch = await leased();
    await worker('w').work.finish(batch, { state: 'empty' });
    expect(await worker('w').work.freeze(batch, decided)).toEqual({ kind: 'lost' });
    expect((await storedBatch())?.frozen).toBeUndefined();
  });

  it('is done once when the answer to a commit was lost', async () => {
    await open([span(8)]);
    const outcome = await worker('w', forgetful()).work.freeze(await leased(), decided);
    expect(outcome).toMatchObject({ kind: 'frozen', batch: decided });
    expect(await storedBatch()).toMatchObject(decided);
  });

  it('reads what an earlier version froze as contents that are no longer known', async () => {
    await open([span(8)]);
    await store.transact(async (tx) => {
      await Promise.resolve();
      const { generated, ...before } = { ...FROZEN, paddingSequence: 3 };
      expect(generated).toBe(FROZEN.generated);
      const { padEmpty, ...settings } = anExport();
      expect(padEmpty).toBe(false);
      const document = openBatch(settings as ExportConfig, span(8), NOON + DAY);
      const frozen = before as unknown as Frozen;
      tx.set(exportBatches, batchId('us', span(8)), { ...document, frozen });
    });
    const { signers, maxRecords, encoder } = FROZEN;
    expect(await leased()).toMatchObject({
      config: { padEmpty: false },
      frozen: { generated: '', signers, maxRecords, encoder },
    });
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
    expect(await worker('w').work.freeze(batch, decided)).toEqual({ kind: 'lost' });
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
    await configure(anExport({ id: 'ca' }), at(7));
    await open([span(8), span(9)]);
    await worker('w').cutBatches('ca', { ...cutAll, limit: 1 });
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
