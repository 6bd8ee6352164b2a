import { type Random, systemRandom } from '@keyserver/random';
import fc from 'fast-check';
import { type PaddingLength, renderPadded } from './padding.ts';

const LENGTH: PaddingLength = { min: 1024, range: 1024 };

const withContent =
  (content: string) =>
  (padding: string): string =>
    JSON.stringify({ content, padding });

const render = (content: string, headBytes: number, random = systemRandom): string =>
  renderPadded({ render: withContent(content), headBytes }, random, LENGTH);

/** Bytes without chance, and draws that are given. */
const drawing = (below: Random['below']): Random => ({ bytes: (n) => new Uint8Array(n), below });

const paddingOf = (text: string): string => (JSON.parse(text) as { padding: string }).padding;

describe('padding', () => {
  it('is base64 of at least the minimum of random bytes', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 3000 }), fc.nat(500), (content, headBytes) => {
        const padding = paddingOf(render(content, headBytes));
        const bytes = Buffer.from(padding, 'base64');
        expect(bytes.toString('base64')).toBe(padding);
        expect(bytes.length).toBeGreaterThanOrEqual(LENGTH.min);
      }),
    );
  });

  it('makes head and text together as long as those of any other answer, whatever they say', () => {
    const same = fc.record({ content: fc.string({ maxLength: 600 }), headBytes: fc.nat(200) });
    fc.assert(
      fc.property(same, same, fc.nat(1023), fc.nat(3), (one, other, bytes, spare) => {
        const random = drawing((bound) => (bound === LENGTH.range ? bytes : spare));
        const lengths = [one, other].map(
          ({ content, headBytes }) =>
            headBytes + Buffer.byteLength(render(content, headBytes, random)),
        );
        expect(lengths[0]).toBe(lengths[1]);
      }),
    );
  });

  it('adds whole steps to the few that are longer than that', () => {
    const lengthOf = (content: number): number =>
      render(
        'x'.repeat(content),
        0,
        drawing(() => 0),
      ).length;
    const usual = lengthOf(0);
    expect([2000, 2100, 3000, 3100].map((content) => lengthOf(content) - usual)).toEqual([
      0, 1024, 1024, 2048,
    ]);
  });

  it('draws every length of the range, ends included', () => {
    const lengths = new Set<number>();
    for (let bytes = 0; bytes < LENGTH.range; bytes++)
      for (let spare = 0; spare < 4; spare++)
        lengths.add(
          render(
            '',
            0,
            drawing((bound) => (bound === LENGTH.range ? bytes : spare)),
          ).length,
        );
    const [least, most] = [Math.min(...lengths), Math.max(...lengths)];
    const base64 = (bytes: number): number => 4 * Math.ceil(bytes / 3);
    expect(least).toBe(2048 + base64(1024));
    expect(most).toBe(2048 + base64(2047) + 3);
    expect(lengths.size).toBe(most - least + 1);
  });
});
