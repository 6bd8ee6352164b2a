import { encode } from 'cborg';
import { readCbor, readCborPrefix } from './cbor.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

describe('readCbor', () => {
  it('reads one item of the depth that an attestation object has', () => {
    expect(readCbor(encode({ a: { b: [Uint8Array.of(1)] } }))).toEqual(
      new Map([['a', new Map([['b', [Uint8Array.of(1)]]])]]),
    );
  });

  it.each([
    ['nothing', ''],
    ['a trailing byte', '0000'],
    ['a map of indefinite length', 'bfff'],
    ['a byte string of indefinite length', '5f4101ff'],
    ['a key twice', 'a2616101616102'],
    ['a length that is longer than needed', '5801aa'],
    ['an integer that is longer than needed', '1801'],
    ['an array that ends too early', '8201'],
    ['a byte string that ends too early', '4201'],
    ['more items than there can be', '9a7fffffff'],
    ['a tag', 'c001'],
    ['a break', 'ff'],
    ['undefined', 'f7'],
  ])('refuses %s', (_name, text) => {
    expect(readCbor(hex(text))).toBeUndefined();
  });

  it.each([9, 1_000, 16_000, 1_000_000])('refuses %i levels without falling over', (depth) => {
    const bytes = new Uint8Array(depth + 1).fill(0x81);
    bytes[depth] = 0;
    expect(readCbor(bytes)).toBeUndefined();
  });

  it('takes eight levels, however many end at once', () => {
    expect(readCbor(hex(`${'81'.repeat(8)}00`))).toEqual([[[[[[[[0]]]]]]]]);
    expect(readCbor(hex('828282820000000000'))).toEqual([[[[0, 0], 0], 0], 0]);
  });

  it('counts levels, not items: many empty or short ones side by side are shallow', () => {
    const items = 500;
    const list = Uint8Array.of(0x99, items >> 8, items & 0xff);
    expect(readCbor(Uint8Array.of(...list, ...Array<number>(items).fill(0x80)))).toHaveLength(
      items,
    );
    expect(
      readCbor(Uint8Array.of(...list, ...Array<number[]>(items).fill([0x81, 0x00]).flat())),
    ).toHaveLength(items);
  });
});

describe('readCborPrefix', () => {
  it('gives what follows the item', () => {
    expect(readCborPrefix(hex('0102ff'))).toEqual({ item: 1, rest: hex('02ff') });
  });

  it('refuses what begins with no item', () => {
    expect(readCborPrefix(hex('42'))).toBeUndefined();
  });
});
