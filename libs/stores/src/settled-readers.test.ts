import type { DocumentStore } from '@keyserver/docstore';
import type { KeyBatch } from '@keyserver/exposure-keys';
import {
  BatchCells,
  type Cell,
  type Generate,
  type KeyDocument,
  type Revise,
  keysIn,
  settleCells,
} from '@keyserver/padding';
import { seededRandom } from '@keyserver/random/testing';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { DAY, HOUR, type UnixMillis, simulatedClock, unixMillis } from '@keyserver/time';
import { cellStore } from './cell-store.ts';
import { keyBatchDocument, keyBatches } from './key-batch-document.ts';
import { NOON, SETTINGS, aKey, batchesIn, recordsOf } from './testing/uploads.ts';

/** Two readers of a plan: an export with hourly files, and a partner that is given whole units of four hours. */
const FILTER = {
  ...{ outputRegion: 'US', inputRegions: [], excludeRegions: [], padEmpty: false },
  ...{ includeTravelers: true, onlyNonTravelers: false, paddingRange: 0 },
};
const EXPORTS = [
  { ...FILTER, id: 'us', period: HOUR, minRecords: 10 },
  { ...FILTER, id: 'partner', period: 4 * HOUR, minRecords: 20 },
];
const START = unixMillis(NOON - 4 * HOUR);
const AUDIENCE = { regions: ['US'], traveler: false, app: 'app' };
const random = seededRandom('readers');

let store: DocumentStore;
beforeEach(async () => {
  store = await openTestStore({ clock: simulatedClock(NOON) });
});
afterEach(closeTestStores);

let keys = 0;
const someRecords = (): Uint8Array => recordsOf(aKey(keys++));

/** Stores a document of one key. */
async function publish(kind: KeyBatch['kind'], window: UnixMillis): Promise<void> {
  const batch = { ...AUDIENCE, kind, window, origin: 'local', sourceId: '' } as const;
  await store.transact(async (tx) => {
    const document = keyBatchDocument({ ...batch, records: someRecords() }, SETTINGS, random);
    tx.create(keyBatches, `upload-${keys}`, document);
    await Promise.resolve();
  });
}

/** So many documents of one key. */
const someDocuments = ({ start }: Cell, count: number): KeyDocument[] =>
  Array.from({ length: count }, () => ({
    ...{ ...AUDIENCE, window: start, records: someRecords() },
  }));

const generate: Generate = ({ cell }, { keys, documents }) =>
  someDocuments(cell, Math.max(keys, documents));

/** Nothing was generated before that could be revised. */
const nothingToRevise = async (): Promise<Revise> =>
  await Promise.resolve({
    candidates: async function* () {
      // None.
    },
    revise: () => [],
    onShortage: () => undefined,
  });

/** The generated documents of a span, whose cells are settled first where nobody has done so; in the order of their ids. */
async function generatedIn(from: UnixMillis, until: UnixMillis): Promise<readonly KeyBatch[]> {
  const cells = cellStore(store, { keys: SETTINGS, random, keepMs: 74 * DAY });
  const generator = async () => await Promise.resolve(generate);
  const { signal } = new AbortController();
  const deps = { cells, generator, random, revisions: nothingToRevise };
  for (;;) {
    const batch = new BatchCells({ exports: EXPORTS });
    for (const document of await batchesIn(store, from, until)) batch.add(document);
    const found = await settleCells(deps, batch.contents, { again: false, signal });
    if (typeof found !== 'string') return found.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }
}

it.each(['the export', 'the partner'])(
  'an export and a partner have the same generated keys, when %s comes first',
  async (first) => {
    for (const hours of [0, 2]) await publish('primary', unixMillis(START + hours * HOUR));
    const unit = async () => await generatedIn(START, NOON);
    const files = async () => [
      ...(await generatedIn(START, unixMillis(START + HOUR))),
      ...(await generatedIn(unixMillis(START + 2 * HOUR), unixMillis(START + 3 * HOUR))),
    ];
    const all =
      first === 'the export' ? [await files(), await unit()] : [await unit(), await files()];
    const [one, other] = all.map((found) => found.map(({ id }) => id).toSorted());
    expect(one).toEqual(other);
    expect(all.map(keysIn)).toEqual([2 * 19, 2 * 19]);
  },
);

it('revisions are cells of their own: they neither count among primaries nor are padded with them', async () => {
  await publish('primary', START);
  for (let n = 0; n < 5; n++) await publish('revision', START);
  const generated = await generatedIn(START, NOON);
  expect(keysIn(generated)).toBe(19);
  expect(new Set(generated.map(({ kind }) => kind))).toEqual(new Set(['primary']));
});

it('what is generated in a cell is of its kind', async () => {
  const cells = cellStore(store, { keys: SETTINGS, random, keepMs: 74 * DAY });
  const cell: Cell = {
    ...{ id: 'revisions', kind: 'revision', start: START, end: NOON, readers: ['us'] },
    ...{ floor: 0, range: 0, padEmpty: false },
  };
  await cells.write(cell, 'attempt', someDocuments(cell, 2));
  const stored = await batchesIn(store, START, NOON);
  expect(stored.map(({ kind, origin }) => [kind, origin])).toEqual([
    ['revision', 'padding'],
    ['revision', 'padding'],
  ]);
});
