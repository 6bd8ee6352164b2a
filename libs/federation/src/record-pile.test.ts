import { type KeyBatch, RECORD_BYTES } from '@keyserver/exposure-keys';
import { unixMillis } from '@keyserver/time';
import fc from 'fast-check';
import { RecordPile, type SliceLimits } from './record-pile.ts';
import { type CompareCopies, REPEATED, placeOf } from './record-share.ts';

/** More than a chunk and a block hold. */
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
const pileOf = (limits: Partial<SliceLimits> = {}) =>
  new RecordPile({ after: undefined, records: Infinity, ...limits });
/** All primaries of a pile, one behind the other. */
function sorted(pile: RecordPile, before: CompareCopies = undecided) {
  const lists = pile.sorted('primary', before);
  return {
    records: Buffer.concat(lists.map(({ records }) => records)),
    groups: lists.flatMap(({ groups }) => [...groups]),
  };
}
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
    const pile = pileOf();
    const spread = 2 ** 32 / 2 ** 16; // all first bytes occur
    pile.add(documentOf(mixed(MANY).map((n) => recordOf(n * spread))), 3);
    const { records, groups } = sorted(pile);
    expect(keysIn(records)).toEqual(Array.from({ length: MANY }, (_, n) => n * spread));
    expect(new Set(groups)).toEqual(new Set([3]));
  });

  it('sorts records that all begin with the same bytes', () => {
    const pile = pileOf();
    for (const n of mixed(5000)) pile.add(documentOf([recordOf(n)]), n % 7);
    const { records, groups } = sorted(pile);
    expect(keysIn(records)).toEqual(Array.from({ length: 5000 }, (_, n) => n));
    expect([...groups]).toEqual(Array.from({ length: 5000 }, (_, n) => n % 7));
  });

  it('puts copies by the moment of their release, those of one moment by id, and marks all but the first', () => {
    const pile = pileOf();
    pile.add(documentOf([recordOf(9, 3)], { window: unixMillis(2) }), 0);
    pile.add(documentOf([recordOf(9, 2)], { id: 'b', window: unixMillis(1) }), 1);
    pile.add(documentOf([recordOf(9, 1), recordOf(10, 4)], { id: 'a', window: unixMillis(1) }), 2);
    const { records, groups } = sorted(pile);
    expect(marksIn(records)).toEqual([1, 2, 3, 4]);
    expect([...groups]).toEqual([2, 1 + REPEATED, 0 + REPEATED, 2]);
  });

  it('puts copies as it is told before it looks at their release', () => {
    const pile = pileOf();
    pile.add(documentOf([recordOf(9, 1)], { window: unixMillis(1) }), 0);
    pile.add(documentOf([recordOf(9, 2)], { window: unixMillis(2) }), 0);
    const { records } = sorted(pile, (bytes, a, b) => {
      const markOf = (n: number): number => bytes.readUInt32LE(n * RECORD_BYTES + MARK);
      return markOf(b) - markOf(a);
    });
    expect(marksIn(records)).toEqual([2, 1]);
  });

  it('is empty once it was sorted, and nothing comes of nothing', () => {
    const pile = pileOf();
    pile.add(documentOf([recordOf(1)]), 0);
    sorted(pile);
    expect(sorted(pile).records).toHaveLength(0);
  });

  it('takes no document of a broken length', () => {
    const broken = documentOf([recordOf(1), Buffer.alloc(1)]);
    expect(() => {
      pileOf().add(broken, 0);
    }).toThrow(RangeError);
  });
});

/** Slices of documents, one behind the other, as marks of their records: primaries as they are, revisions below 0. */
function slicesOf(documents: readonly KeyBatch[], most: number) {
  const slices: { marks: readonly number[]; keys: number }[] = [];
  let after: SliceLimits['after'];
  for (;;) {
    const pile = pileOf({ after, records: most });
    for (const document of documents) pile.add(document, 0);
    const primaries = pile.sorted('primary', undecided);
    const revisions = pile.sorted('revision', undecided);
    const of = (lists: typeof primaries) => lists.flatMap(({ records }) => marksIn(records));
    const firsts = [...primaries, ...revisions].flatMap(({ groups }) =>
      [...groups].filter((group) => group < REPEATED),
    );
    slices.push({
      marks: [...of(primaries), ...of(revisions).map((mark) => -mark)],
      keys: firsts.length,
    });
    if (!pile.isCut) return slices;
    const [kind, list] =
      revisions.length > 0
        ? (['revision', revisions.at(-1)!] as const)
        : (['primary', primaries.at(-1)!] as const);
    after = placeOf(kind, list, list.groups.length - 1);
  }
}

describe('slices of a unit', () => {
  const someRecords = fc.array(
    fc.record({
      key: fc.oneof(fc.nat(5), fc.nat(2 ** 32 - 1), fc.integer({ min: 2 ** 31, max: 2 ** 31 + 9 })),
      revised: fc.boolean(),
    }),
    { minLength: 1, maxLength: 60 },
  );
  const documentsOf = (records: readonly { key: number; revised: boolean }[]) =>
    records.map(({ key, revised }, n) =>
      documentOf([recordOf(key, n + 1)], {
        ...{ id: String(n).padStart(3, '0'), kind: revised ? 'revision' : 'primary' },
      }),
    );

  it('hold together every record once and in order, however many one may hold and in whatever order documents come', () => {
    fc.assert(
      fc.property(
        ...([someRecords, fc.integer({ min: 1, max: 20 }), fc.boolean()] as const),
        (records, most, isTurned) => {
          const documents = documentsOf(records);
          const [whole] = slicesOf(documents, Infinity);
          const slices = slicesOf(isTurned ? documents.toReversed() : documents, most);
          expect(slices.flatMap(({ marks }) => marks)).toEqual(whole?.marks);
          for (const { marks, keys } of slices)
            expect(marks.length <= most || keys === 1).toBe(true);
        },
      ),
    );
  });

  it('are never so small that a unit would be read many times for them', () => {
    const most = 1000;
    const chosen = Array.from({ length: 5 * most }, (_, n) => recordOf(n, n + 1)); // one first byte
    const random = mixed(5 * most).map((n) => recordOf(n * 800_000, n + 1));
    for (const records of [chosen, random, chosen.toReversed(), [...random, ...chosen]]) {
      const documents = Array.from({ length: Math.ceil(records.length / 14) }, (_, n) =>
        documentOf(records.slice(n * 14, (n + 1) * 14)),
      );
      const sizes = slicesOf(documents, most).map(({ marks }) => marks.length);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(records.length);
      expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(most / 3);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(most);
    }
  });

  it('keep all copies of a key together, however many there are', () => {
    const copies = Array.from({ length: 9 }, (_, n) => recordOf(7, n + 1));
    const documents = [...copies, recordOf(6, 20), recordOf(8, 21)].map((record, n) =>
      documentOf([record], { id: String(n) }),
    );
    expect(slicesOf(documents, 4).map(({ marks }) => marks)).toEqual([
      [20],
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
      [21],
    ]);
  });
});
