import {
  type ExposureKey,
  REPORT_TYPE_CODE,
  packRecords,
  unpackRecords,
} from '@keyserver/exposure-keys';
import fc from 'fast-check';
import { fileOrder } from './order.ts';
import { aKey, anyKey, gather } from './testing/builders.ts';

const ordered = (keys: readonly ExposureKey[]): ExposureKey[] => {
  const records = Buffer.from(packRecords(keys));
  return unpackRecords(
    gather(
      records,
      fileOrder(records, (a, b) => a < b),
    ),
  );
};

const compare = (a: ExposureKey, b: ExposureKey): number =>
  a.start - b.start ||
  a.period - b.period ||
  a.risk - b.risk ||
  REPORT_TYPE_CODE[a.reportType] - REPORT_TYPE_CODE[b.reportType] ||
  (a.onsetDays ?? -128) - (b.onsetDays ?? -128) ||
  Buffer.compare(a.data, b.data);

const hex = (key: ExposureKey): string => Buffer.from(key.data).toString('hex');

function naive(keys: readonly ExposureKey[]): ExposureKey[] {
  const first = new Map<string, ExposureKey>();
  for (const key of keys) if (!first.has(hex(key))) first.set(hex(key), key);
  return [...first.values()].sort(compare);
}

const plain = (keys: readonly ExposureKey[]): unknown =>
  keys.map((key) => ({ ...key, data: hex(key) }));

it('orders as a naive sort does, and lists each key once', () => {
  fc.assert(
    fc.property(fc.array(anyKey, { maxLength: 300 }), (keys) => {
      expect(plain(ordered(keys))).toEqual(plain(naive(keys)));
    }),
  );
});

it('gives the same list for the same set of keys', () => {
  const setAndOther = fc
    .uniqueArray(anyKey, { selector: hex, maxLength: 60 })
    .chain((keys) =>
      fc.tuple(fc.constant(keys), fc.shuffledSubarray(keys, { minLength: keys.length })),
    );
  fc.assert(
    fc.property(setAndOther, ([keys, shuffled]) => {
      expect(plain(ordered(shuffled))).toEqual(plain(ordered(keys)));
    }),
  );
});

it('puts an unknown onset before the earliest, and negative days before positive ones', () => {
  const days = [undefined, ...Array.from({ length: 29 }, (_, n) => n - 14)];
  const keys = days.map((onsetDays, n) => aKey(30 - n, { onsetDays }));
  expect(ordered(keys.toReversed()).map((key) => key.onsetDays)).toEqual(days);
});

it('compares keys as unsigned bytes', () => {
  expect(ordered([aKey(0x80), aKey(0x7f), aKey(0xff), aKey(0)]).map(({ data }) => data[0])).toEqual(
    [0, 0x7f, 0x80, 0xff],
  );
});

it.each([1, 2, 3, 14])('orders keys that somebody chose to begin alike up to byte %i', (at) => {
  const alike = (end: number): ExposureKey => {
    const data = Buffer.alloc(16, 9);
    data.writeUInt16BE(end, at);
    return aKey(0, { data });
  };
  const ends = Array.from({ length: 2000 }, (_, n) => (n * 7919) % 2000);
  const list = ordered(ends.map(alike)).map(({ data }) => Buffer.from(data).readUInt16BE(at));
  expect(list).toEqual(Array.from({ length: 2000 }, (_, n) => n));
});

it('orders only two keys that begin alike', () => {
  const [one, other] = [1, 2].map((end) => aKey(0, { data: Buffer.alloc(16, 9).fill(end, 15) }));
  expect(plain(ordered([other!, one!]))).toEqual(plain([one!, other!]));
});

it('orders no records', () => {
  expect(ordered([])).toEqual([]);
});
