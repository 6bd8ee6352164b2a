import fc from 'fast-check';
import { randomId, shuffle, systemRandom } from './index.ts';
import { seededRandom } from './testing/index.ts';

describe('chance', () => {
  it('gives as many bytes as asked for, never the same', () => {
    expect(systemRandom.bytes(16)).toHaveLength(16);
    expect(systemRandom.bytes(16)).not.toEqual(systemRandom.bytes(16));
  });

  it('draws integers below the bound only, and each of them', () => {
    const drawn = new Set(Array.from({ length: 500 }, () => systemRandom.below(5)));
    expect([...drawn].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it('draws ids of 20 letters and digits that do not repeat', () => {
    const ids = Array.from({ length: 1000 }, () => randomId(systemRandom));
    expect(ids.every((id) => /^[A-Za-z0-9]{20}$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(1000);
  });

  it('uses every letter of the alphabet about equally often', () => {
    const counts = new Map<string, number>();
    for (let n = 0; n < 2000; n++)
      for (const letter of randomId(seededRandom(`alphabet ${String(n)}`)))
        counts.set(letter, (counts.get(letter) ?? 0) + 1);
    expect(counts.size).toBe(62);
    const expected = (2000 * 20) / 62;
    expect(Math.min(...counts.values())).toBeGreaterThan(expected * 0.8);
    expect(Math.max(...counts.values())).toBeLessThan(expected * 1.2);
  });

  it('keeps every item when it shuffles', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.string(), (items, seed) => {
        expect(shuffle(items, seededRandom(seed)).sort()).toEqual([...items].sort());
      }),
    );
  });

  it('puts every item in every place about equally often', () => {
    const random = seededRandom('places');
    const firsts = [0, 0, 0, 0];
    for (let n = 0; n < 4000; n++) {
      const first = shuffle([0, 1, 2, 3], random)[0] ?? 0;
      firsts[first] = (firsts[first] ?? 0) + 1;
    }
    expect(Math.min(...firsts)).toBeGreaterThan(880);
    expect(Math.max(...firsts)).toBeLessThan(1120);
  });
});
