import fc from 'fast-check';
import { compareKeys, orderByByte, orderByKey } from './key-order.ts';
import { RECORD, RECORD_BYTES } from './packed-records.ts';

/** Keys that often share their first bytes, as nobody can rule out. */
const someKeys = fc.array(
  fc
    .tuple(fc.constantFrom(0, 1, 0xff), fc.uint8Array({ minLength: 15, maxLength: 15, max: 2 }))
    .map(([first, rest]) => Buffer.from([first, ...rest])),
  { maxLength: 60 },
);
const recordsOf = (keys: readonly Buffer[]): Buffer =>
  Buffer.concat(keys.map((key) => Buffer.concat([key, Buffer.alloc(RECORD_BYTES - key.length)])));

it('orders records as their keys compare as bytes, each once', () => {
  fc.assert(
    fc.property(someKeys, (keys) => {
      const order = [...orderByKey(recordsOf(keys))];
      expect(order.toSorted((a, b) => a - b)).toEqual(keys.map((_, n) => n));
      expect(order.map((n) => keys[n]!.toString('hex'))).toEqual(
        keys.map((key) => key.toString('hex')).sort(),
      );
    }),
  );
});

it('says of two records which key comes first, and that a key is equal to itself', () => {
  fc.assert(
    fc.property(
      someKeys.filter(({ length }) => length > 1),
      (keys) => {
        const [one, other] = [keys[0]!, keys[1]!];
        expect(Math.sign(compareKeys(recordsOf(keys), 0, 1))).toBe(Buffer.compare(one, other));
        expect(compareKeys(recordsOf(keys), 0, 0)).toBe(0);
      },
    ),
  );
});

it('orders by onset as a signed number, and keeps the order of records with the same onset', () => {
  const onsets = [3, -14, 0, 14, -1, 3, -14];
  const records = Buffer.alloc(onsets.length * RECORD_BYTES);
  onsets.forEach((onset, n) => {
    records.writeInt8(onset, n * RECORD_BYTES + RECORD.onsetDays);
  });
  expect([...orderByByte(Uint32Array.from(onsets.keys()), records, RECORD.onsetDays)]).toEqual([
    1, 6, 4, 2, 0, 5, 3,
  ]);
});
