import {
  KEY_BYTES,
  NO_ONSET,
  RECORD,
  RECORD_BYTES,
  REPORT_TYPE_CODE,
} from '@keyserver/exposure-keys';
import { lengthTag, varintTag, writeVarint, zigzag } from './wire-writer.ts';

/** Packed records, the length of their keys, and the field that they are written as. */
export interface KeyField {
  readonly field: number;
  readonly records: Buffer;
  readonly keyBytes: number;
}

/** No key takes more bytes: tag and length, the key with tag and length, and five numbers, start the longest. */
export const MAX_KEY_FIELD = 2 + (2 + KEY_BYTES) + (1 + 5) + 4 * (1 + 2);

/** The period that phones assume when a file does not name one. */
export const ASSUMED_PERIOD = 144;
const METADATA_BYTES = RECORD_BYTES - KEY_BYTES;
const METADATA = {
  start: RECORD.start - KEY_BYTES,
  period: RECORD.period - KEY_BYTES,
  risk: RECORD.risk - KEY_BYTES,
  reportType: RECORD.reportType - KEY_BYTES,
  onsetDays: RECORD.onsetDays - KEY_BYTES,
};

/** Writes record `n` as a TemporaryExposureKey and returns where it ends. Readers see risk 0, but no assumed period. */
export function writeKey(out: Buffer, at: number, from: KeyField, n: number): number {
  const key = n * (from.keyBytes + METADATA_BYTES);
  const content = at + 2;
  out[content] = lengthTag(1);
  out[content + 1] = from.keyBytes;
  copyKey(out, content + 2, from, key);
  const end = writeMetadata(out, content + 2 + from.keyBytes, from.records, key + from.keyBytes);
  out[at] = lengthTag(from.field);
  out[at + 1] = end - content; // always below 128, so one byte
  return end;
}

/** Byte by byte: calling out of the engine costs more than so few bytes. */
function copyKey(out: Buffer, to: number, { records, keyBytes }: KeyField, from: number): void {
  for (let n = 0; n < keyBytes; n++) out[to + n] = records[from + n] ?? 0;
}

function writeMetadata(out: Buffer, at: number, records: Buffer, from: number): number {
  const start = records.readUInt32LE(from + METADATA.start);
  const period = records.readUInt8(from + METADATA.period);
  const reportType = records.readUInt8(from + METADATA.reportType);
  const onset = records.readInt8(from + METADATA.onsetDays);
  let end = writeNumber(out, at, 2, records.readUInt8(from + METADATA.risk));
  if (start !== 0) end = writeNumber(out, end, 3, start);
  if (period !== ASSUMED_PERIOD) end = writeNumber(out, end, 4, period);
  if (reportType !== REPORT_TYPE_CODE['']) end = writeNumber(out, end, 5, reportType);
  return onset === NO_ONSET ? end : writeNumber(out, end, 6, zigzag(onset));
}

function writeNumber(out: Buffer, at: number, field: number, value: number): number {
  out[at] = varintTag(field);
  return writeVarint(out, at + 1, value);
}
