import fc from 'fast-check';
import { SortedEntries } from './sorted-entries.ts';

const BOUND = { low: '', high: '\u0100' };
const key = fc.integer({ min: 0, max: 5000 }).map((n) => String(n).padStart(4, '0'));
const keysOf = (entries: Iterable<{ key: string }>): readonly string[] =>
  [...entries].map((entry) => entry.key);

describe('sorted entries', () => {
  it('hold what was set and not deleted since, in order, both ways', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(key, { maxLength: 3000, size: 'max' }),
        fc.array(fc.tuple(key, fc.boolean()), { maxLength: 3000, size: 'max' }),
        fc.tuple(key, key),
        (initial, changes, [low, high]) => {
          const entries = new SortedEntries(initial.map((one) => ({ key: one, item: 0 })));
          const model = new Set(initial);
          for (const [one, isSet] of changes) {
            if (isSet) entries.set(one, 1);
            else entries.delete(one);
            if (isSet) model.add(one);
            else model.delete(one);
          }
          const sorted = [...model].sort();
          const inside = sorted.filter((one) => one >= low && one < high);
          expect(keysOf(entries.upwards(BOUND))).toEqual(sorted);
          expect(keysOf(entries.downwards(BOUND))).toEqual(sorted.toReversed());
          expect(keysOf(entries.upwards({ low, high }))).toEqual(inside);
          expect(keysOf(entries.downwards({ low, high }))).toEqual(inside.toReversed());
        },
      ),
      { numRuns: 30 },
    );
  });

  it('put an item in the place of another with its key', () => {
    const entries = new SortedEntries([{ key: 'a', item: 1 }]);
    entries.set('a', 2);
    expect([...entries.upwards(BOUND)]).toEqual([{ key: 'a', item: 2 }]);
  });
});
