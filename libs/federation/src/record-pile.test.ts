import { type KeyBatch, RECORD_BYTES } from '@keyserver/exposure-keys';
import { unixMillis } from '@keyserver/time';
import { REPEATED, RecordPile } from './record-pile.ts';

/** More than a chunk holds. */
const MANY = 40_000;
const MARK = 16;

/** A record whose key is this number, and which is told from its copies by a mark. */
function recordOf(key: number, mark = 0): Buffer {
  const record = Buffer.alloc(RECORD_BYTES);
  record.writeUInt32BE(key);
  record.writeUInt32LE(mark, MARK);
  return record;
}

const documentOf = (records: readonly Buffer[], change: Partial<KeyBatch> = {}): KeyBatch => ({
  ...{ id: 'd', window: unixMillis(0), kind: 'primary', origin: 'local', sourceId: '' },
  ...{ regions: ['US'], traveler: false, app: 'app', records: Buffer.concat(records) },
  ...change,
});
const undecided = (): number => 0;
/** 0 to `count` - 1, all over the place: 7,919 is prime, and no count here a multiple of it. */
const mixed = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, n) => (n * 7919) % count);
const keysIn = (records: Buffer): readonly number[] =>
  Array.from({ length: records.length / RECORD_BYTES }, (_, n) =>
    records.readUInt32BE(n * RECORD_BYTES),
  );
const marksIn = (records: Buffer): readonly number[] =>
  Array.from({ length: records.length / RECORD_BYTES }, (_, n) =>
    records.readUInt32LE(n * RECORD_BYTES + MARK),
  );

describe('a pile of records', () => {
  it('sorts one document of more records than a chunk holds', () => {
    const pile = new RecordPile();
    const spread = 2 ** 32 / 2 ** 16; // all first bytes occur
    pile.add(documentOf(mixed(MANY).map((n) => recordOf(n * spread))), 3);
    const { records, groups } = pile.sorted(undecided);
    expect(keysIn(records)).toEqual(Array.from({ length: MANY }, (_, n) => n * spread));
    expect(new Set(groups)).toEqual(new Set([3]));
  });

  it('sorts records that all begin with the same bytes', () => {
    const pile = new RecordPile();
    for (const n of mixed(5000)) pile.add(documentOf([recordOf(n)]), n % 7);
    const { records, groups } = pile.sorted(undecided);
    expect(keysIn(records)).toEqual(Array.from({ length: 5000 }, (_, n) => n));
    expect([...groups]).toEqual(Array.from({ length: 5000 }, (_, n) => n % 7));
  });

  it('puts copies by the moment of their release, those of one moment by id, and marks all but the first', () => {
    const pile = new RecordPile();
    pile.add(documentOf([recordOf(9, 3)], { window: unixMillis(2) }), 0);
    pile.add(documentOf([recordOf(9, 2)], { id: 'b', window: unixMillis(1) }), 1);
    pile.add(documentOf([recordOf(9, 1), recordOf(10, 4)], { id: 'a', window: unixMillis(1) }), 2);
    const { records, groups } = pile.sorted(undecided);
    expect(marksIn(records)).toEqual([1, 2, 3, 4]);
    expect([...groups]).toEqual([2, 1 + REPEATED, 0 + REPEATED, 2]);
  });

  it('puts copies as it is told before it looks at their release', () => {
    const pile = new RecordPile();
    pile.add(documentOf([recordOf(9, 1)], { window: unixMillis(1) }), 0);
    pile.add(documentOf([recordOf(9, 2)], { window: unixMillis(2) }), 0);
    const { records } = pile.sorted((bytes, a, b) => {
      const markOf = (n: number): number => bytes.readUInt32LE(n * RECORD_BYTES + MARK);
      return markOf(b) - markOf(a);
    });
    expect(marksIn(records)).toEqual([2, 1]);
  });

  it('is empty once it was sorted, and nothing comes of nothing', () => {
    const pile = new RecordPile();
    pile.add(documentOf([recordOf(1)]), 0);
    pile.sorted(undecided);
    expect(pile.sorted(undecided).records).toHaveLength(0);
  });

  it('takes no document of a broken length', () => {
    const broken = documentOf([recordOf(1), Buffer.alloc(1)]);
    expect(() => {
      new RecordPile().add(broken, 0);
    }).toThrow(RangeError);
  });
});
