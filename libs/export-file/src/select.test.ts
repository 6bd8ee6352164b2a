import { type KeyBatch, packRecords, unpackRecords } from '@keyserver/exposure-keys';
import { HOUR, unixMillis } from '@keyserver/time';
import { KeySelection } from './select.ts';
import { aKey, aKeyBatch, gather, someRules } from './testing/builders.ts';

const select = (batches: readonly KeyBatch[], rules = someRules()): KeySelection => {
  const selection = new KeySelection(rules);
  for (const batch of batches) selection.add(batch);
  return selection;
};
const takes = (overrides: Partial<KeyBatch>, rules = someRules()): boolean =>
  !select([aKeyBatch([aKey(1)], overrides)], rules).empty;
const listed = (selection: KeySelection): unknown =>
  unpackRecords(gather(selection.keys.records, selection.orderKeys())).map((key) => [
    key.data[0],
    key.risk,
  ]);

describe('regions', () => {
  const several = someRules({ inputRegions: ['US', 'CA', 'MX'], excludeRegions: ['FR', 'DE'] });

  it.each([
    ['a key of the output region when no input region is named', ['US'], someRules()],
    ['a key of the second of several regions', ['CA'], several],
    ['a key of several regions of which one is named', ['JP', 'MX'], several],
  ])('takes %s', (_, regions, rules) => {
    expect(takes({ regions }, rules)).toBe(true);
  });

  it.each([
    ['a key of another region', ['FR'], someRules()],
    ['a key of another region when several are named', ['JP'], several],
    ['a key of no region', [], several],
    ['the output region when others are named', ['US'], someRules({ inputRegions: ['CA'] })],
    ['a key of an excluded region', ['US', 'FR'], several],
    ['a key of the second excluded region', ['DE', 'CA'], several],
  ])('leaves %s', (_, regions, rules) => {
    expect(takes({ regions }, rules)).toBe(false);
  });
});

describe('travelers', () => {
  const travelers = someRules({ includeTravelers: true, inputRegions: ['US', 'CA'] });

  it('takes travelers from any region when they are included', () => {
    expect(takes({ regions: ['JP'], traveler: true }, travelers)).toBe(true);
  });

  it('leaves those from other regions who do not travel', () => {
    expect(takes({ regions: ['JP'], traveler: false }, travelers)).toBe(false);
  });

  it('leaves travelers from elsewhere when they are not included', () => {
    expect(takes({ regions: ['JP'], traveler: true })).toBe(false);
  });

  it('leaves travelers of an excluded region', () => {
    const rules = { ...travelers, excludeRegions: ['JP'] };
    expect(takes({ regions: ['JP'], traveler: true }, rules)).toBe(false);
  });

  it('leaves travelers of its own region when only others are wanted', () => {
    const rules = someRules({ onlyNonTravelers: true });
    expect(takes({ traveler: true }, rules)).toBe(false);
    expect(takes({ traveler: false }, rules)).toBe(true);
  });
});

describe('origin', () => {
  it.each(['federated', 'imported', 'padding'] as const)('takes %s keys', (origin) => {
    expect(takes({ origin, sourceId: 'any' })).toBe(true);
  });

  it('stops at records of a broken length', () => {
    expect(() => takes({ records: new Uint8Array(25) })).toThrow('broken length');
  });
});

describe('a selection', () => {
  it('keeps keys and revisions apart', () => {
    const selection = select([
      aKeyBatch([aKey(1), aKey(2)]),
      aKeyBatch([aKey(1)], { kind: 'revision' }),
    ]);
    expect([selection.keys.count, selection.revisions.count]).toEqual([2, 1]);
  });

  it('is empty without keys', () => {
    const selection = select([aKeyBatch([])]);
    expect(selection.empty).toBe(true);
    expect(selection.orderKeys()).toHaveLength(0);
  });

  it('holds many documents and finds each record its document', () => {
    const selection = new KeySelection(someRules());
    for (let n = 0; n < 3000; n++)
      selection.add(aKeyBatch(n % 3 === 0 ? [aKey(n % 256)] : [aKey(1), aKey(2)], { id: `${n}` }));
    expect(selection.keys.count).toBe(1000 + 2 * 2000);
    expect([0, 1, 2, 3, 4, 4999].map((n) => selection.keys.sourceOf(n).id)).toEqual([
      '0',
      '1',
      '1',
      '2',
      '2',
      '2999',
    ]);
    expect(() => selection.keys.sourceOf(5000)).toThrow('no such record');
  });
});

it('tells of a document whether the export wants it, before any key is taken', () => {
  const selection = new KeySelection(someRules());
  expect(selection.takes({ regions: ['US'], traveler: false })).toBe(true);
  expect(selection.takes({ regions: ['FR'], traveler: false })).toBe(false);
  expect(selection.empty).toBe(true);
});

it('keeps all keys of documents that are larger than what was read before', () => {
  const keysOf = (n: number, count: number) =>
    Array.from({ length: count }, (_, k) => {
      const data = Buffer.alloc(16, n);
      data.writeUInt16BE(k, 1);
      return aKey(0, { data });
    });
  const documents = [keysOf(1, 700), keysOf(2, 700), keysOf(3, 9000), keysOf(4, 1)];
  const { keys } = select(documents.map((document) => aKeyBatch(document)));
  expect(keys.records.equals(packRecords(documents.flat()))).toBe(true);
});

describe('a key that was stored twice', () => {
  const early = { window: unixMillis(HOUR) };
  const late = { window: unixMillis(2 * HOUR) };
  const both = [
    aKeyBatch([aKey(1, { risk: 1 })], { ...late, id: 'a' }),
    aKeyBatch([aKey(1, { risk: 2 })], { ...early, id: 'c' }),
    aKeyBatch([aKey(1, { risk: 3 })], { ...early, id: 'b' }),
    aKeyBatch([aKey(2, { risk: 4 })], { ...late, id: 'd' }),
  ];

  it('is listed once, as it was released first', () => {
    expect(listed(select(both))).toEqual([
      [1, 3],
      [2, 4],
    ]);
  });

  it('is listed the same in whatever order it is read', () => {
    expect(listed(select(both.toReversed()))).toEqual(listed(select(both)));
  });

  it('is listed as it comes first when one document holds it twice', () => {
    const twice = [aKey(1, { risk: 1 }), aKey(1, { risk: 2 })];
    expect(listed(select([aKeyBatch(twice)]))).toEqual([[1, 1]]);
    expect(listed(select([aKeyBatch(twice.toReversed())]))).toEqual([[1, 2]]);
  });

  it('is listed as revoked when one of its revisions revokes it', () => {
    const revised = (
      reportType: 'confirmed' | 'negative',
      overrides: Partial<KeyBatch>,
    ): KeyBatch => aKeyBatch([aKey(1, { reportType })], { ...overrides, kind: 'revision' });
    const [confirmed, revoked] = [revised('confirmed', early), revised('negative', late)];
    for (const batches of [
      [confirmed, revoked],
      [revoked, confirmed],
    ]) {
      const selection = select(batches);
      const order = selection.orderRevisions();
      expect(unpackRecords(gather(selection.revisions.records, order))).toMatchObject([
        { reportType: 'negative' },
      ]);
    }
  });

  it('is listed with its first revision when none revokes it', () => {
    const selection = select([
      aKeyBatch([aKey(1, { risk: 1 })], { ...late, kind: 'revision' }),
      aKeyBatch([aKey(1, { risk: 2 })], { ...early, kind: 'revision' }),
    ]);
    const order = selection.orderRevisions();
    expect(unpackRecords(gather(selection.revisions.records, order))).toMatchObject([{ risk: 2 }]);
  });
});
