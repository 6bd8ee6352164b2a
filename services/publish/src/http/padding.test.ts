import { systemRandom } from '@keyserver/random';
import fc from 'fast-check';
import { padding } from './padding.ts';

describe('padding', () => {
  it('is base64 of at least the minimum and less than minimum and range together', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 50 }),
        (min, range) => {
          const text = padding(systemRandom, { min, range });
          const bytes = Buffer.from(text, 'base64');
          expect(bytes.toString('base64')).toBe(text);
          expect(bytes.length).toBeGreaterThanOrEqual(min);
          expect(bytes.length).toBeLessThan(min + range);
        },
      ),
    );
  });

  it('draws every length of the range, ends included', () => {
    const drawn = new Set<number>();
    const random = { bytes: (n: number) => new Uint8Array(n), below: () => drawn.size };
    for (let n = 0; n < 3; n += 1) {
      drawn.add(Buffer.from(padding(random, { min: 1024, range: 3 }), 'base64').length);
    }
    expect([...drawn]).toEqual([1024, 1025, 1026]);
  });
});
