import { intervalNumber } from '@keyserver/time';
import { type ExposureKey, KEY_BYTES, REPORT_TYPE_CODE, type ReportType } from './key.ts';

/**
 * A packed record: key (16 bytes), start (u32), period (u8), risk (u8), report type code (u8), onset days (i8), all
 * little-endian. It is the form in which keys are stored, sorted and encoded: no object per key.
 */
export const RECORD_BYTES = 24;

export const RECORD = { start: 16, period: 20, risk: 21, reportType: 22, onsetDays: 23 } as const;

/** The onset byte of a key without days since onset. */
export const NO_ONSET = -128;

const TYPE_OF_CODE = new Map<number, ReportType>([
  [REPORT_TYPE_CODE[''], ''],
  [REPORT_TYPE_CODE.confirmed, 'confirmed'],
  [REPORT_TYPE_CODE.likely, 'likely'],
  [REPORT_TYPE_CODE['user-report'], 'user-report'],
  [REPORT_TYPE_CODE.negative, 'negative'],
]);

/** Packs keys in the order given. */
export function packRecords(keys: readonly ExposureKey[]): Uint8Array {
  const packed = Buffer.alloc(keys.length * RECORD_BYTES);
  keys.forEach((key, n) => {
    const at = n * RECORD_BYTES;
    packed.set(key.data, at);
    packed.writeUInt32LE(key.start, at + RECORD.start);
    packed.writeUInt8(key.period, at + RECORD.period);
    packed.writeUInt8(key.risk, at + RECORD.risk);
    packed.writeUInt8(REPORT_TYPE_CODE[key.reportType], at + RECORD.reportType);
    packed.writeInt8(key.onsetDays ?? NO_ONSET, at + RECORD.onsetDays);
  });
  return packed;
}

/** Unpacks all records; `data` of each key is a view into `packed`. Throws a RangeError on a broken length or code. */
export function unpackRecords(packed: Uint8Array): ExposureKey[] {
  if (packed.length % RECORD_BYTES !== 0) throw new RangeError('packed records of a broken length');
  const view = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  return Array.from({ length: packed.length / RECORD_BYTES }, (_, n) =>
    unpackAt(view, n * RECORD_BYTES),
  );
}

/**
 * The record of one key among packed records that are sorted by key; undefined when it is not there. No other record is
 * unpacked: how long it takes must not tell how many keys lie beside it.
 */
export function findRecord(sorted: Uint8Array, key: Uint8Array): ExposureKey | undefined {
  const packed = Buffer.from(sorted.buffer, sorted.byteOffset, sorted.byteLength);
  let low = 0;
  let high = Math.floor(packed.length / RECORD_BYTES);
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = middle * RECORD_BYTES;
    const order = packed.compare(key, 0, KEY_BYTES, at, at + KEY_BYTES);
    if (order === 0) return unpackAt(packed, at);
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return undefined;
}

function unpackAt(packed: Buffer, at: number): ExposureKey {
  const reportType = TYPE_OF_CODE.get(packed.readUInt8(at + RECORD.reportType));
  if (reportType === undefined) throw new RangeError('packed record with an unknown report type');
  const onset = packed.readInt8(at + RECORD.onsetDays);
  return {
    data: packed.subarray(at, at + KEY_BYTES),
    start: intervalNumber(packed.readUInt32LE(at + RECORD.start)),
    period: packed.readUInt8(at + RECORD.period),
    risk: packed.readUInt8(at + RECORD.risk),
    reportType,
    onsetDays: onset === NO_ONSET ? undefined : onset,
  };
}
