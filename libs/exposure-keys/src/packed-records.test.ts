import { intervalNumber } from '@keyserver/time';
import fc from 'fast-check';
import type { ExposureKey, ReportType } from './key.ts';
import {
  NO_ONSET,
  RECORD,
  RECORD_BYTES,
  findRecord,
  packRecords,
  unpackRecords,
} from './packed-records.ts';

const aKey: ExposureKey = {
  data: new Uint8Array(16).fill(0xab),
  start: intervalNumber(2_700_000),
  period: 144,
  risk: 2,
  reportType: 'confirmed',
  onsetDays: -3,
};

const anyKey = fc.record<ExposureKey>({
  data: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  start: fc.integer({ min: 0, max: 2 ** 32 - 1 }).map(intervalNumber),
  period: fc.integer({ min: 1, max: 144 }),
  risk: fc.integer({ min: 0, max: 8 }),
  reportType: fc.constantFrom<ReportType>('', 'confirmed', 'likely', 'user-report', 'negative'),
  onsetDays: fc.option(fc.integer({ min: -127, max: 127 }), { nil: undefined }),
});

const plain = (key: ExposureKey) => ({ ...key, data: [...key.data] });

describe('packed records', () => {
  it('gives back every list of keys in its order', () => {
    fc.assert(
      fc.property(fc.array(anyKey), (keys) => {
        expect(unpackRecords(packRecords(keys)).map(plain)).toEqual(keys.map(plain));
      }),
    );
  });

  it('lays a record out as documented', () => {
    expect(Buffer.from(packRecords([aKey])).toString('hex')).toBe(
      `${'ab'.repeat(16)}e032290090020` + '1fd',
    );
  });

  it('marks a key without onset by a number that no onset has', () => {
    const packed = Buffer.from(packRecords([{ ...aKey, onsetDays: undefined }]));
    expect(packed.readInt8(RECORD.onsetDays)).toBe(NO_ONSET);
  });

  it('unpacks records that lie in the middle of other bytes', () => {
    const around = Buffer.concat([Buffer.alloc(7, 1), packRecords([aKey]), Buffer.alloc(3, 1)]);
    const unpacked = unpackRecords(around.subarray(7, 7 + RECORD_BYTES));
    expect(unpacked.map(plain)).toEqual([plain(aKey)]);
  });

  it('refuses a broken length', () => {
    expect(() => unpackRecords(new Uint8Array(RECORD_BYTES + 1))).toThrow(RangeError);
  });

  it.each([4, 6, 255])('refuses the unknown report type %d', (code) => {
    const packed = packRecords([aKey]);
    packed[RECORD.reportType] = code;
    expect(() => unpackRecords(packed)).toThrow(RangeError);
  });
});

describe('a key among sorted records', () => {
  const keyOf = (n: number): ExposureKey => {
    const data = new Uint8Array(16).fill(7);
    data[15] = n;
    return { ...aKey, data, risk: n % 8 };
  };
  const sorted = (...numbers: readonly number[]) => packRecords(numbers.map(keyOf));

  it('is found with its own record wherever it lies, and no other key is', () => {
    const numbers = fc.uniqueArray(fc.nat({ max: 40 }), { maxLength: 20 });
    fc.assert(
      fc.property(numbers, fc.nat({ max: 40 }), (some, n) => {
        const found = findRecord(sorted(...some.sort((a, b) => a - b)), keyOf(n).data);
        expect(found && plain(found)).toEqual(some.includes(n) ? plain(keyOf(n)) : undefined);
      }),
    );
  });

  it('is found in records that lie in the middle of other bytes', () => {
    const around = Buffer.concat([keyOf(1).data, sorted(2, 3), keyOf(4).data]);
    const records = around.subarray(16, 16 + 2 * RECORD_BYTES);
    expect([1, 2, 3, 4].map((n) => findRecord(records, keyOf(n).data)?.risk)).toEqual([
      ...[undefined, 2, 3, undefined],
    ]);
  });

  it('is not found among no records', () => {
    expect(findRecord(new Uint8Array(0), aKey.data)).toBeUndefined();
  });

  it('is found beside a record that nothing can be made of', () => {
    const records = sorted(1, 2);
    records[RECORD.reportType] = 255;
    expect(findRecord(records, keyOf(2).data)).toMatchObject({ risk: 2 });
    expect(() => findRecord(records, keyOf(1).data)).toThrow(RangeError);
  });
});
