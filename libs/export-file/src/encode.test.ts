import { createHash } from 'node:crypto';
import {
  type ExposureKey,
  NO_ONSET,
  REPORT_TYPE_CODE,
  packRecords,
} from '@keyserver/exposure-keys';
import { intervalNumber, unixSeconds } from '@keyserver/time';
import fc from 'fast-check';
import { decodeExport } from './decode.ts';
import {
  type ExportContents,
  type OrderedRecords,
  encodeExport,
  encodeWithKeysOf,
} from './encode.ts';
import { USUAL_KEY_BYTES } from './file-bounds.ts';
import { aKey, anyKey } from './testing/builders.ts';
import { lengthField } from './wire-format.ts';

const inOrder = (records: Buffer, length: number): OrderedRecords => ({
  records,
  order: Uint32Array.from({ length }, (_, n) => n),
});
const listOf = (keys: readonly ExposureKey[]): OrderedRecords =>
  inOrder(Buffer.from(packRecords(keys)), keys.length);
const contentsOf = (overrides: Partial<ExportContents> = {}): ExportContents => ({
  start: unixSeconds(1_588_291_200),
  end: unixSeconds(1_588_294_800),
  region: 'US',
  signers: [{ keyId: '310', keyVersion: '1' }],
  keys: listOf([]),
  revisedKeys: listOf([]),
  ...overrides,
});
const bytesOf = (contents: ExportContents): Buffer => Buffer.concat([...encodeExport(contents)]);

/** A record as packed, but with a short key, as only the published vector has. */
function shortRecord(
  key: string,
  [risk, start, period, type, onset]: readonly [number, number, number, number, number],
): Buffer {
  const record = Buffer.alloc(key.length + 8);
  record.write(key, 'latin1');
  record.writeUInt32LE(start, key.length);
  record.set([period, risk, type, onset & 0xff], key.length + 4);
  return record;
}

it('writes the published vector with short keys to the byte', () => {
  const keys = [
    shortRecord('ABC', [8, 18, 0, REPORT_TYPE_CODE.likely, 0]),
    shortRecord('DEF', [1, 118, 1, REPORT_TYPE_CODE.confirmed, -1]),
    shortRecord('GHI', [5, 118, 1, REPORT_TYPE_CODE['user-report'], -1]),
  ];
  const revised = shortRecord('123', [4, 100, 144, REPORT_TYPE_CODE.negative, NO_ONSET]);
  const bin = Buffer.concat([
    ...encodeWithKeysOf(
      3,
      contentsOf({ keys: inOrder(Buffer.concat(keys), 3), revisedKeys: inOrder(revised, 1) }),
    ),
  ]);
  expect(bin).toHaveLength(137);
  expect(createHash('sha256').update(bin).digest('base64')).toBe(
    'ho9AqUPleXoGs4wc5PEUU7MvbToDryEnQ+rJ8Fb1Hvc=',
  );
});

it('takes so many bytes for a key of a whole day as plans of file sizes reckon with, and three more otherwise', () => {
  const bytesWith = (...keys: ExposureKey[]) => bytesOf(contentsOf({ keys: listOf(keys) })).length;
  const started = { start: intervalNumber(2_700_000), onsetDays: -3 };
  const wholeDay = bytesWith(aKey(1, started)) - bytesWith();
  expect(wholeDay).toBe(USUAL_KEY_BYTES);
  expect(bytesWith(aKey(1, { ...started, period: 143 })) - bytesWith()).toBe(wholeDay + 3);
});

const text = fc.string({ unit: 'grapheme' });
const unstated = { start: undefined, reportType: undefined, onsetDays: undefined };

it('says of every key what it was given, as an independent decoder reads it', () => {
  fc.assert(
    fc.property(
      fc.array(anyKey, { maxLength: 40 }),
      fc.array(anyKey, { maxLength: 40 }),
      fc.record({ region: text, keyId: text, keyVersion: text }),
      (keys, revised, { region, keyId, keyVersion }) => {
        const contents = contentsOf({
          region,
          signers: [{ keyId, keyVersion }],
          keys: listOf(keys),
          revisedKeys: listOf(revised),
        });
        const wire = (key: ExposureKey): unknown => ({
          data: Buffer.from(key.data),
          risk: key.risk,
          start: key.start === 0 ? undefined : key.start,
          period: key.period,
          reportType: key.reportType === '' ? undefined : REPORT_TYPE_CODE[key.reportType],
          onsetDays: key.onsetDays,
        });
        expect(decodeExport(bytesOf(contents))).toEqual({
          start: contents.start,
          end: contents.end,
          region: contents.region,
          batchNumber: 1,
          batchSize: 1,
          signers: [{ ...contents.signers[0], algorithm: '1.2.840.10045.4.3.2' }],
          keys: keys.map(wire),
          revisedKeys: revised.map(wire),
        });
      },
    ),
  );
});

it('writes the longest numbers that a record can hold', () => {
  const record = Buffer.alloc(24, 0xff);
  record[23] = 0x81; // -127 days
  const keys = { records: record, order: new Uint32Array([0]) };
  const decoded = decodeExport(bytesOf(contentsOf({ keys })));
  expect(decoded).toMatchObject({ keys: [{ risk: 255, period: 255, onsetDays: -127 }] });
});

it('is read as phones do where a key says nothing but its bytes', () => {
  const bare = lengthField(7, lengthField(1, Buffer.alloc(16, 5)));
  expect(decodeExport(Buffer.concat([bytesOf(contentsOf()), bare]))).toMatchObject({
    keys: [{ ...unstated, data: Buffer.alloc(16, 5), risk: 0, period: 144 }],
  });
});

it('keeps the order it is given and leaves out what is not in it', () => {
  const { records } = listOf([aKey(1), aKey(2), aKey(3)]);
  const decoded = decodeExport(
    bytesOf(contentsOf({ keys: { records, order: new Uint32Array([2, 0]) } })),
  );
  expect(decoded).toMatchObject({
    keys: [{ data: Buffer.alloc(16, 3) }, { data: Buffer.alloc(16, 1) }],
  });
});

it('says that the region is empty, and leaves out empty names of a key', () => {
  const head = bytesOf(contentsOf({ region: '', signers: [{ keyId: '', keyVersion: '' }] }));
  expect(head.subarray(34).toString('hex')).toBe(
    `1a002001280132152a13${Buffer.from('1.2.840.10045.4.3.2').toString('hex')}`,
  );
});

it('writes a large file in pieces of at most 64 KiB, each a buffer of its own', () => {
  const keys = listOf(Array.from({ length: 6000 }, (_, n) => aKey(n % 256)));
  const pieces = [...encodeExport(contentsOf({ keys }))];
  const sizes = pieces.slice(1, -1).map((piece) => piece.length);
  expect(sizes.length).toBeGreaterThan(1);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(65536);
  expect(Math.min(...sizes)).toBeGreaterThan(65536 - 64);
  expect(new Set(pieces.map(({ buffer }) => buffer)).size).toBe(pieces.length);
});

it('fills a piece to the last byte with the longest key, and takes another for one that does not fit', () => {
  const longest = Buffer.alloc(24, 0xff);
  longest[23] = 0x81; // -127 days
  /** The sizes of the pieces when the longest key comes after so many bytes. */
  const sizesAfter = (bytes: number): readonly number[] => {
    // The shortest key takes 22 bytes, and one more with a risk above 127.
    const [count, longer] = [Math.floor(bytes / 22), bytes % 22];
    const before = Array.from({ length: count }, (_, n) =>
      aKey(1, { start: intervalNumber(0), reportType: '', risk: n < longer ? 128 : 0 }),
    );
    const records = Buffer.concat([packRecords(before), longest]);
    const pieces = [...encodeExport(contentsOf({ keys: inOrder(records, count + 1) }))];
    return pieces.slice(1).map(({ length }) => length);
  };
  expect(sizesAfter(65_536 - 38)).toEqual([65_536]);
  expect(sizesAfter(65_536 - 37)).toEqual([65_499, 38]);
});

it('gives the same bytes for the same contents', () => {
  const contents = contentsOf({ keys: listOf([aKey(1), aKey(2)]) });
  expect(bytesOf(contents).equals(bytesOf(contents))).toBe(true);
});
