import {
  type DocumentStore,
  MAX_TRANSACTION_BYTES,
  MAX_WRITES,
  type Transaction,
  writtenBytes,
} from '@keyserver/docstore';
import {
  BatchCells,
  type Cell,
  type KeyDocument,
  type SettleDeps,
  settleCells,
} from '@keyserver/padding';
import type { KeyBatch } from '@keyserver/exposure-keys';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { seededRandom } from '@keyserver/random/testing';
import { DAY, HOUR, simulatedClock, unixMillis } from '@keyserver/time';
import { cellStore, settledCells } from './cell-store.ts';
import { keyBatches } from './key-batch-document.ts';
import { storeUploads } from './key-store.ts';
import { padBegun, padCells, padRevised } from './padding-documents.ts';
import { forgetful, interrupted } from './testing/unreliable-store.ts';
import { NOON, SETTINGS, aKey, anUpload, batchesIn, recordsOf } from './testing/uploads.ts';

const START = unixMillis(NOON - HOUR);
const CELL: Cell = {
  ...{ id: 'a-cell', kind: 'primary', start: START, end: NOON, readers: ['us'] },
  ...{ floor: 10, range: 0, padEmpty: true },
};
const clock = simulatedClock(NOON);

let store: DocumentStore;
beforeEach(async () => {
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

const cellsOf = (over = store, name = 'cells') =>
  cellStore(over, { keys: SETTINGS, random: seededRandom(name), keepMs: 74 * DAY });

/** Generated documents of so many keys each, no two of which are the same. */
const documents = (count: number, keysEach = 1): readonly KeyDocument[] =>
  Array.from({ length: count }, (_, n) => ({
    ...{ window: START, regions: ['US'], traveler: true, app: 'gov.example.doh' },
    authority: { id: 7, name: 'Department of Health' },
    records: recordsOf(...Array.from({ length: keysEach }, (_, m) => aKey(n * keysEach + m))),
  }));

const stored = async (): Promise<readonly KeyBatch[]> => await batchesIn(store, START, NOON);
const settled = async () => (await settledCells(store).settledWith([CELL.id]))[0];

/** No cell of revisions is settled here. */
const revisions = async (): Promise<never> =>
  await Promise.reject(new Error('nobody revised anything'));

/** Settles the cell as a worker does that has read its windows. */
async function settle(
  over: DocumentStore,
  name: string,
  again = false,
): Promise<readonly KeyBatch[] | undefined> {
  const random = seededRandom(name);
  const generator = async () => await Promise.resolve(() => documents(10));
  const deps: SettleDeps = { cells: cellsOf(over, name), generator, random, revisions };
  for (;;) {
    const batch = new BatchCells({ exports: [] });
    batch.include(CELL);
    const generated = new Map<string, KeyBatch[]>();
    for (const document of await stored()) {
      const attempt = document.sourceId.slice(CELL.id.length + 1);
      generated.set(attempt, [...(generated.get(attempt) ?? []), document]);
    }
    const [contents] = batch.contents;
    const { signal } = new AbortController();
    const found = await settleCells(deps, [{ ...contents!, generated }], { again, signal });
    if (typeof found !== 'string') return found;
    if (found === 'overtaken') return undefined;
  }
}
const idsOf = (batches: readonly KeyBatch[] = []): readonly string[] =>
  batches.map(({ id }) => id).toSorted();

describe('a cell that is settled', () => {
  it('has documents like uploads, which carry cell and attempt, and names the attempt', async () => {
    const cells = cellsOf();
    await cells.begin(CELL);
    const written = await cells.write(CELL, 'attempt', documents(2, 3));
    expect(await settled()).toBeUndefined();
    expect(await cells.name(CELL, { attempt: 'attempt', documents: 2 })).toBe(true);
    expect(await settled()).toEqual({ attempt: 'attempt', documents: 2 });
    const found = await stored();
    expect(idsOf(found)).toEqual(idsOf(written));
    for (const one of found)
      expect(one).toMatchObject({
        ...{ kind: 'primary', origin: 'padding', sourceId: 'a-cell/attempt', window: START },
        ...{ regions: ['US'], traveler: true, app: 'gov.example.doh' },
        authority: { id: 7, name: 'Department of Health' },
      });
  });

  it('has keys that an upload is refused for as for any known key', async () => {
    await cellsOf().write(CELL, 'attempt', documents(1));
    const upload = storeUploads(store, { ...SETTINGS, clock }, seededRandom('upload'));
    expect(await upload(anUpload([aKey(0)]))).toMatchObject({ kind: 'refused' });
    expect(await upload(anUpload([aKey(1)]))).toMatchObject({ kind: 'stored' });
  });

  it('was begun before anything was counted, and is remembered longer than its documents', async () => {
    await cellsOf().begin(CELL);
    const [begun] = await store.get(padBegun, [CELL.id]);
    expect(begun).toEqual({ expireAt: NOON + 74 * DAY });
    await cellsOf().write(CELL, 'attempt', documents(1));
    await cellsOf().name(CELL, { attempt: 'attempt', documents: 1 });
    const [cell] = await store.get(padCells, [CELL.id]);
    for await (const page of store.pages(keyBatches, {}))
      for (const { value } of page) expect(cell?.expireAt).toBeGreaterThan(value.expireAt);
  });

  it('may be begun again, by the same worker or another', async () => {
    await cellsOf().begin(CELL);
    await cellsOf(forgetful(store)).begin(CELL);
    expect(await store.get(padBegun, [CELL.id])).toEqual([{ expireAt: NOON + 74 * DAY }]);
  });

  it('keeps the attempt that was named first', async () => {
    const cells = cellsOf();
    expect(await cells.name(CELL, { attempt: 'first', documents: 0 })).toBe(true);
    expect(await cells.name(CELL, { attempt: 'second', documents: 4 })).toBe(false);
    expect(await settled()).toEqual({ attempt: 'first', documents: 0 });
  });

  it('gets no more documents', async () => {
    const cells = cellsOf();
    await cells.name(CELL, { attempt: 'first', documents: 0 });
    expect(await cells.write(CELL, 'second', documents(3))).toBeUndefined();
    expect(await stored()).toEqual([]);
  });

  it('is told from those that are not, in the order asked for', async () => {
    await cellsOf().name(CELL, { attempt: 'a', documents: 1 });
    const { settledWith } = settledCells(store);
    expect(await settledWith(['none', CELL.id])).toEqual([
      undefined,
      { attempt: 'a', documents: 1 },
    ]);
    expect(await settledWith([])).toEqual([]);
  });
});

describe('a generated document that is claimed', () => {
  it('is claimed once ever, and that is remembered longer than the document is kept', async () => {
    expect(await cellsOf().claim(['one', 'two'])).toEqual(new Set(['one', 'two']));
    expect(await cellsOf(store, 'other').claim(['two', 'three'])).toEqual(new Set(['three']));
    expect(await cellsOf().claim(['one', 'two', 'three'])).toEqual(new Set());
    const expireAt = NOON + 74 * DAY;
    expect(await store.get(padRevised, ['one', 'three', 'four'])).toEqual([
      { expireAt },
      { expireAt },
      undefined,
    ]);
  });

  it('is given to one worker when several claim it at once', async () => {
    const ids = Array.from({ length: 9 }, (_, n) => `document-${n}`);
    const claims = await Promise.all(
      ['a', 'b', 'c'].map(async (name) => [...(await cellsOf(store, name).claim(ids))]),
    );
    expect(claims.flat().toSorted()).toEqual(ids);
  });

  it('goes to the quicker worker when one comes between the reads of another one and its commit', async () => {
    let first: ReadonlySet<string> | undefined;
    const late = interrupted(store, async () => {
      first = await cellsOf(store, 'quick').claim(['one']);
    });
    expect(await cellsOf(late, 'late').claim(['one', 'two'])).toEqual(new Set(['two']));
    expect(first).toEqual(new Set(['one']));
  });

  it('stays used when the answer to the commit was lost, and nobody revises it', async () => {
    expect(await cellsOf(forgetful(store)).claim(['one'])).toEqual(new Set());
    expect(await cellsOf().claim(['one'])).toEqual(new Set());
  });
});

describe('more documents than one transaction takes', () => {
  it.each([
    ['too many', documents(MAX_WRITES + 100)],
    ['too heavy', documents(200, 500)],
  ])('are stored in several when they are %s', async (_, all) => {
    let transactions = 0;
    const counting: DocumentStore = Object.assign(Object.create(store) as DocumentStore, {
      transact: async (decide: Parameters<DocumentStore['transact']>[0]) => {
        transactions += 1;
        return await store.transact(decide);
      },
    });
    const written = await cellsOf(counting).write(CELL, 'attempt', all);
    expect(transactions).toBeGreaterThan(1);
    expect(written).toHaveLength(all.length);
    expect(idsOf(await stored())).toEqual(idsOf(written));
  });

  it('stop at the first part that finds the cell settled', async () => {
    const other = cellsOf(store, 'other');
    const late = interrupted(store, async () => {
      await other.name(CELL, { attempt: 'other', documents: 0 });
    });
    expect(await cellsOf(late).write(CELL, 'late', documents(MAX_WRITES + 1))).toBeUndefined();
    expect((await stored()).length).toBeLessThanOrEqual(MAX_WRITES);
    expect(await settled()).toEqual({ attempt: 'other', documents: 0 });
  });
});

/** A store that keeps nothing, and counts what each transaction would write. */
function countingStore(): {
  readonly counted: { writes: number; bytes: number }[];
  readonly over: DocumentStore;
} {
  const counted: { writes: number; bytes: number }[] = [];
  const transact: DocumentStore['transact'] = async (decide) => {
    const one = { writes: 0, bytes: 0 };
    counted.push(one);
    return await decide({
      now: NOON,
      get: async (_: unknown, ids: readonly string[]) =>
        await Promise.resolve(ids.map(() => undefined)),
      create: (...written: Parameters<Transaction['create']>) => {
        one.writes += 1;
        one.bytes += writtenBytes(...written);
      },
    } as unknown as Transaction);
  };
  return { counted, over: { transact } as unknown as DocumentStore };
}

/** The largest `minRecords` and `paddingRange` that a configuration takes, together. */
const MOST_KEYS = 200_000;
/** The most keys of one upload that a server may be set to take. */
const MOST_OF_UPLOAD = 100;
/** The most regions that one application may publish for. */
const MOST_REGIONS = 300;

describe('the largest cell that can be', () => {
  it.each([
    ['single keys', 1, MOST_KEYS / 100],
    ['the largest uploads', MOST_OF_UPLOAD, MOST_KEYS],
  ])('is written within the limits of a transaction, in documents of %s', async (_, each, keys) => {
    const { counted, over } = countingStore();
    const [one] = documents(1, each);
    const regions = Array.from({ length: MOST_REGIONS }, (__, n) => `region-${n}`.padEnd(16, '-'));
    const all = Array.from({ length: keys / each }, () => ({ ...one!, regions }));
    expect(await cellsOf(over).write(CELL, 'attempt', all)).toHaveLength(all.length);
    expect(counted.reduce((sum, { writes }) => sum + writes, 0)).toBe(all.length);
    for (const { writes, bytes } of counted) {
      expect(writes).toBeLessThanOrEqual(MAX_WRITES);
      expect(bytes).toBeLessThanOrEqual(MAX_TRANSACTION_BYTES);
    }
  });
});

describe('workers that settle', () => {
  it('store each document once when the answer to a commit was lost', async () => {
    const generated = await settle(forgetful(store), 'a');
    expect(generated).toHaveLength(10);
    expect(idsOf(await stored())).toEqual(idsOf(generated));
    expect(await settled()).toMatchObject({ documents: 10 });
  });

  it('agree on one attempt when there are several at once', async () => {
    const names = ['a', 'b', 'c'];
    const first = await Promise.all(names.map(async (name) => await settle(store, name)));
    const { attempt } = (await settled())!;
    const named = idsOf(
      (await stored()).filter(({ sourceId }) => sourceId === `a-cell/${attempt}`),
    );
    expect(named).toHaveLength(10);
    for (const generated of first) expect([[], named]).toContainEqual(idsOf(generated));
    for (const name of names) expect(idsOf(await settle(store, `${name} again`))).toEqual(named);
  });

  it('begin anew when one died, and leave alone what it stored', async () => {
    await cellsOf().write(CELL, 'dead', documents(4));
    const generated = await settle(store, 'b');
    expect(generated).toHaveLength(10);
    expect(await stored()).toHaveLength(14);
    expect(idsOf(await settle(store, 'c'))).toEqual(idsOf(generated));
  });

  it('know that a batch is to be read again when the cell was settled after it was read', async () => {
    let settledFirst: readonly KeyBatch[] | undefined;
    await cellsOf().begin(CELL);
    const late = interrupted(store, async () => {
      settledFirst = await settle(store, 'quick');
    });
    expect(await settle(late, 'late')).toBeUndefined();
    expect(idsOf(await settle(store, 'late'))).toEqual(idsOf(settledFirst));
  });

  it('read a batch once more when documents are missing, and then take what is left', async () => {
    const [expired, ...left] = idsOf(await settle(store, 'a'));
    await store.transact(async (tx) => {
      tx.delete(keyBatches, expired!);
      await Promise.resolve();
    });
    expect(await settle(store, 'b')).toBeUndefined();
    expect(idsOf(await settle(store, 'b', true))).toEqual(left);
  });
});
