import fc from 'fast-check';
import type { Value } from './value.ts';
import { after, inverted, valueKey } from './value-key.ts';

const int = (value: bigint): Value => ({
  valueType: 'integerValue',
  integerValue: String(value),
});
const double = (doubleValue: number): Value => ({ valueType: 'doubleValue', doubleValue });
const text = (stringValue: string): Value => ({ valueType: 'stringValue', stringValue });
const bytes = (bytesValue: Uint8Array): Value => ({ valueType: 'bytesValue', bytesValue });
const array = (values: readonly Value[]): Value => ({
  valueType: 'arrayValue',
  arrayValue: { values },
});

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const near = fc
  .tuple(fc.integer({ min: -63, max: 62 }), fc.bigInt({ min: -600n, max: 600n }))
  .map(([power, by]) => (power < 0 ? -(2n ** BigInt(-power)) : 2n ** BigInt(power)) + by)
  .filter((value) => value >= -(2n ** 63n));

describe('the key of a value', () => {
  it('orders integers, also those that no double tells apart', () => {
    fc.assert(
      fc.property(fc.oneof(int64, near), fc.oneof(int64, near), (a, b) => {
        expect(order(valueKey(int(a)), valueKey(int(b)))).toBe(a < b ? -1 : a > b ? 1 : 0);
        expect(order(valueKey(int(a)), valueKey(int(a + 1n)))).toBe(-1);
      }),
    );
  });

  it('orders doubles, and integers among them', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (a, b) => {
        expect(order(valueKey(double(a)), valueKey(double(b)))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
    expect(valueKey(double(-0))).toBe(valueKey(int(0n)));
    expect(valueKey(double(3))).toBe(valueKey(int(3n)));
    expect(valueKey(double(2.5)) < valueKey(int(3n))).toBe(true);
    expect(valueKey(double(NaN)) < valueKey(double(-Infinity))).toBe(true);
  });

  it('orders text and bytes byte by byte, the shorter first', () => {
    fc.assert(
      fc.property(fc.uint8Array({ max: 2 }), fc.uint8Array({ max: 2 }), (a, b) => {
        expect(order(valueKey(bytes(a)), valueKey(bytes(b)))).toBe(Buffer.compare(a, b));
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        const expected = Buffer.compare(Buffer.from(a), Buffer.from(b));
        expect(order(valueKey(text(a)), valueKey(text(b)))).toBe(expected);
      }),
    );
  });

  it('orders arrays by their first difference, the shorter first', () => {
    const [one, two] = [int(1n), int(2n)];
    const rising = [[], [one], [one, one], [one, two], [two], [text('')], [array([])]];
    const keys = rising.map((values) => valueKey(array(values)));
    expect(keys.toSorted(order)).toEqual(keys);
  });

  it('is never the beginning of another key', () => {
    const any = fc.oneof(
      int64.map(int),
      fc.uint8Array({ max: 1 }).map(bytes),
      fc.string().map(text),
      fc.array(fc.uint8Array({ max: 1 }).map(bytes)).map(array),
    );
    fc.assert(
      fc.property(any, any, (a, b) => {
        const [first, second] = [valueKey(a), valueKey(b)];
        expect(first === second || !second.startsWith(first)).toBe(true);
      }),
    );
  });

  it('sorts the other way round when inverted', () => {
    fc.assert(
      fc.property(int64, int64, (a, b) => {
        const [first, second] = [valueKey(int(a)), valueKey(int(b))];
        expect(order(inverted(first), inverted(second))).toBe(order(second, first));
      }),
    );
  });

  it('comes before the bound after it, with all that it begins', () => {
    const key = valueKey(text('x'));
    expect(key + '\xff\xff' < after(key)).toBe(true);
    expect(after(key) < valueKey(text('x\0'))).toBe(true);
  });

  it('does not exist for a value that cannot be stored', () => {
    expect(() => valueKey({ valueType: undefined })).toThrow('no type');
  });
});
