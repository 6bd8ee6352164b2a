import { type ExposureKey, unpackRecords } from '@keyserver/exposure-keys';
import { seededRandom } from '@keyserver/random/testing';
import { HOUR, unixMillis } from '@keyserver/time';
import fc from 'fast-check';
import { type PaddingDocument, generatePadding } from './pad.ts';
import { KeySelection } from './select.ts';
import { aKey, aKeyBatch, someRules } from './testing/builders.ts';

const plan = (minimum: number, range = 0, seed = 'pad') => ({
  minimum,
  range,
  random: seededRandom(seed),
});
const someKeys = (count: number): ExposureKey[] =>
  Array.from({ length: count }, (_, n) => aKey(n, { risk: n % 9, onsetDays: (n % 29) - 14 }));
const selectionOf = (...batches: Parameters<KeySelection['add']>[0][]): KeySelection => {
  const selection = new KeySelection(someRules({ inputRegions: ['US', 'CA'] }), 0);
  for (const batch of batches) selection.add(batch);
  return selection;
};
const keysOf = (documents: readonly PaddingDocument[]): ExposureKey[] =>
  documents.flatMap(({ records }) => unpackRecords(records));
const metadataOf = (key: ExposureKey): string => JSON.stringify({ ...key, data: undefined });

describe('how many keys are generated', () => {
  it('lifts a batch to the minimum', () => {
    expect(keysOf(generatePadding(selectionOf(aKeyBatch(someKeys(7))), plan(100)))).toHaveLength(
      93,
    );
  });

  it('adds up to the range at random, its end included', () => {
    const selection = selectionOf(aKeyBatch(someKeys(7)));
    const counts = Array.from(
      { length: 60 },
      (_, n) => keysOf(generatePadding(selection, plan(10, 3, `${n}`))).length,
    );
    expect([...new Set(counts)].sort()).toEqual([3, 4, 5, 6]);
  });

  it.each([10, 11, 500])('adds none to a batch of %d keys with a minimum of 10', (count) => {
    const batches = Array.from({ length: count }, (_, n) =>
      aKeyBatch([aKey(0, { data: Buffer.from(String(n).padStart(16, '0')) })], { id: `${n}` }),
    );
    expect(generatePadding(selectionOf(...batches), plan(10, 3))).toEqual([]);
  });

  it('adds none to no keys', () => {
    expect(generatePadding(selectionOf(), plan(10))).toEqual([]);
  });

  it('adds none to revisions alone', () => {
    const selection = selectionOf(aKeyBatch(someKeys(3), { kind: 'revision' }));
    expect(generatePadding(selection, plan(10))).toEqual([]);
  });

  it('counts a key that was stored twice once', () => {
    const selection = selectionOf(aKeyBatch(someKeys(4)), aKeyBatch(someKeys(4), { id: 'again' }));
    expect(keysOf(generatePadding(selection, plan(10)))).toHaveLength(6);
  });

  it('counts the keys of all files together', () => {
    const selection = selectionOf(
      aKeyBatch(someKeys(9)),
      aKeyBatch(someKeys(200), { kind: 'revision' }),
    );
    expect(keysOf(generatePadding(selection, plan(10)))).toHaveLength(1);
  });
});

describe('what generated keys look like', () => {
  it('imitates every key equally often, give or take one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 200 }),
        (count, minimum) => {
          const models = someKeys(count).map((key, n) => ({ ...key, period: n + 1 }));
          const made = keysOf(generatePadding(selectionOf(aKeyBatch(models)), plan(minimum)));
          expect(made).toHaveLength(Math.max(0, minimum - count));
          const times = new Map(models.map((key) => [metadataOf(key), 0]));
          for (const key of made) times.set(metadataOf(key), times.get(metadataOf(key))! + 1);
          expect(times.size).toBe(count);
          expect(Math.max(...times.values()) - Math.min(...times.values())).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it('chooses at random which keys it imitates once more', () => {
    const models = someKeys(9);
    const chosen = (seed: string): string[] =>
      keysOf(generatePadding(selectionOf(aKeyBatch(models)), plan(12, 0, seed)))
        .map(metadataOf)
        .sort();
    expect(
      new Set(['a', 'b', 'c', 'd', 'e'].map((seed) => chosen(seed).join())),
    ).not.toHaveProperty('size', 1);
  });

  it('gives each a key of its own', () => {
    const made = keysOf(generatePadding(selectionOf(aKeyBatch(someKeys(3))), plan(600)));
    expect(new Set(made.map(({ data }) => Buffer.from(data).toString('hex'))).size).toBe(597);
  });

  it('copies regions and traveler flag from the document of the key it imitates', () => {
    const documents = generatePadding(
      selectionOf(
        aKeyBatch([aKey(1, { risk: 1 })], { regions: ['US'] }),
        aKeyBatch([aKey(2, { risk: 2 })], { regions: ['CA', 'US'], id: 'b' }),
        aKeyBatch([aKey(3, { risk: 3 })], { regions: ['US', 'CA'], id: 'c' }),
        aKeyBatch([aKey(4, { risk: 4 })], { regions: ['US'], traveler: true, id: 'd' }),
      ),
      plan(44),
    );
    const groups = documents.map(({ regions, traveler, records }) => ({
      regions: regions.toSorted(),
      traveler,
      risks: [...new Set(unpackRecords(records).map(({ risk }) => risk))].sort(),
    }));
    expect(groups).toHaveLength(3);
    expect(groups).toEqual(
      expect.arrayContaining([
        { regions: ['US'], traveler: false, risks: [1] },
        { regions: ['CA', 'US'], traveler: false, risks: [2, 3] },
        { regions: ['US'], traveler: true, risks: [4] },
      ]),
    );
  });

  it('releases them in the newest window of the batch', () => {
    const documents = generatePadding(
      selectionOf(
        aKeyBatch(someKeys(1), { window: unixMillis(5 * HOUR) }),
        aKeyBatch([aKey(9)], { window: unixMillis(7 * HOUR), id: 'b' }),
      ),
      plan(50),
    );
    expect(documents.map(({ window }) => window)).toEqual([7 * HOUR]);
  });

  it('cuts documents of at most 500 keys, sorted by key', () => {
    const documents = generatePadding(selectionOf(aKeyBatch(someKeys(9))), plan(1209));
    expect(documents.map(({ records }) => records.length / 24)).toEqual([500, 500, 200]);
    for (const { records } of documents) {
      const keys = unpackRecords(records).map(({ data }) => Buffer.from(data).toString('hex'));
      expect(keys).toEqual(keys.toSorted());
    }
  });

  it('gives the same keys for the same chance', () => {
    const selection = selectionOf(aKeyBatch(someKeys(9)));
    expect(generatePadding(selection, plan(99, 9))).toEqual(
      generatePadding(selection, plan(99, 9)),
    );
  });
});
