import {
  KEY_BYTES,
  NO_ONSET,
  RECORD,
  RECORD_BYTES,
  REPORT_TYPE_CODE,
} from '@keyserver/exposure-keys';
import type { UnixSeconds } from '@keyserver/time';
import {
  ASSUMED_PERIOD,
  BATCH_NUMBER,
  BATCH_SIZE,
  EXPORT_HEADER,
  type SignerName,
  fixed64Field,
  lengthField,
  lengthTag,
  signatureInfo,
  varintField,
  varintTag,
  writeVarint,
  zigzag,
} from './wire-format.ts';

/** Packed records and the order in which a file lists them. */
export interface OrderedRecords {
  readonly records: Buffer;
  /** Numbers of records. */
  readonly order: Uint32Array;
}

/** What one export.bin says. */
export interface ExportContents {
  readonly start: UnixSeconds;
  readonly end: UnixSeconds;
  readonly region: string;
  readonly signers: readonly SignerName[];
  readonly keys: OrderedRecords;
  readonly revisedKeys: OrderedRecords;
}

/** Order of keys and encoder, as batches freeze it: an encoder that gives other bytes needs another name. */
export const ENCODER_VERSION = 'metadata-then-key/1';

const CHUNK_BYTES = 64 * 1024;
const KEYS = 7;
const REVISED_KEYS = 8;

/** The bytes of export.bin in pieces of about 64 KiB; the same contents always give the same bytes. */
export function encodeExport(contents: ExportContents): Iterable<Uint8Array> {
  return encodeWithKeysOf(KEY_BYTES, contents);
}

/** Encodes records whose key has `keyBytes` bytes. Published vectors have short keys; nothing else does. */
export function* encodeWithKeysOf(
  keyBytes: number,
  contents: ExportContents,
): Generator<Uint8Array, void, undefined> {
  yield encodeHead(contents);
  yield* encodeKeys(KEYS, contents.keys, keyBytes);
  yield* encodeKeys(REVISED_KEYS, contents.revisedKeys, keyBytes);
}

function encodeHead({ start, end, region, signers }: ExportContents): Uint8Array {
  return Buffer.concat([
    EXPORT_HEADER,
    fixed64Field(1, start),
    fixed64Field(2, end),
    lengthField(3, region),
    varintField(4, BATCH_NUMBER),
    varintField(5, BATCH_SIZE),
    ...signers.map((signer) => signatureInfo(6, signer)),
  ]);
}

/** Each piece is a buffer of its own: whoever reads them may still hold the last ones. */
function* encodeKeys(
  field: number,
  { records, order }: OrderedRecords,
  keyBytes: number,
): Generator<Uint8Array, void, undefined> {
  const writer = { field, records, keyBytes };
  for (let next = 0; next < order.length;) {
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    let at = 0;
    while (next < order.length && at + MAX_KEY_FIELD <= CHUNK_BYTES)
      at = writeKey(chunk, at, writer, order[next++] ?? 0);
    yield chunk.subarray(0, at);
  }
}

/** Packed records, the length of their keys, and the field that they are written as. */
interface KeyField {
  readonly field: number;
  readonly records: Buffer;
  readonly keyBytes: number;
}

/** No key takes more bytes: tag and length, the key with tag and length, and five numbers, start the longest. */
const MAX_KEY_FIELD = 2 + (2 + KEY_BYTES) + (1 + 5) + 4 * (1 + 2);

const METADATA_BYTES = RECORD_BYTES - KEY_BYTES;
const METADATA = {
  start: RECORD.start - KEY_BYTES,
  period: RECORD.period - KEY_BYTES,
  risk: RECORD.risk - KEY_BYTES,
  reportType: RECORD.reportType - KEY_BYTES,
  onsetDays: RECORD.onsetDays - KEY_BYTES,
};

/** Writes record `n` as a TemporaryExposureKey and returns where it ends. Readers see risk 0, but no assumed period. */
function writeKey(out: Buffer, at: number, from: KeyField, n: number): number {
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

/** Byte by byte: calling out of JavaScript costs more than so few bytes. */
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
