import { writeVarint, zigzag } from '@keyserver/export-file';
import { KEY_BYTES, NO_ONSET, RECORD } from '@keyserver/exposure-keys';
import type { KeyGroup } from './reading.ts';

/** The fields of an ExposureKey on the wire, as proto/federation.proto numbers them: field and wire type in one byte. */
const TAG = {
  ...{ exposureKey: 0x0a, transmissionRisk: 0x10, intervalNumber: 0x18, intervalCount: 0x20 },
  ...{ reportType: 0x28, daysSinceOnsetOfSymptoms: 0x30, hasSymptomOnset: 0x38 },
  ...{ traveler: 0x40, regions: 0x4a },
} as const;
/** Field 100 and its wire type, which take two bytes. */
const AUTHORITY_NAME = (100 << 3) | 2;
const VARINT_BYTES = 5;
const ONE_BYTE = 0x80;

/** No key without its tail takes more bytes: tag, length, the key with both, and six numbers, of which the start is the longest. */
const HEAD_BYTES = 1 + VARINT_BYTES + (2 + KEY_BYTES) + (1 + VARINT_BYTES) + 4 * (1 + 2) + 2;

/** How many bytes a key takes at most, given its tail. */
export const mostKeyBytes = (tail: Uint8Array): number => HEAD_BYTES + tail.length;

/** The end of an ExposureKey, which is the same for all keys of a group: traveler, the regions shown, and who verified. */
export function tailOf(group: Omit<KeyGroup, 'isLocal'>): Buffer {
  const { regions, traveler, authorityName } = group;
  return Buffer.concat([
    traveler ? Buffer.from([TAG.traveler, 1]) : Buffer.alloc(0),
    ...regions.map((region) => textField(TAG.regions, region)),
    authorityName === '' ? Buffer.alloc(0) : textField(AUTHORITY_NAME, authorityName),
  ]);
}

function textField(tag: number, text: string): Buffer {
  const content = Buffer.from(text);
  const head = Buffer.alloc(2 * VARINT_BYTES);
  return Buffer.concat([
    head.subarray(0, writeVarint(head, writeVarint(head, 0, tag), content.length)),
    content,
  ]);
}

/**
 * Writes the packed record at `from` as a field of the message around it, `tag` being the byte before, and returns where it
 * ends. Numbers that are zero are left out, as proto3 has it. Onset on the day itself is 0 with `hasSymptomOnset`.
 */
export function writeKey(
  out: Buffer,
  at: number,
  {
    tag,
    records,
    from,
    tail,
  }: {
    readonly tag: number;
    readonly records: Buffer;
    readonly from: number;
    readonly tail: Uint8Array;
  },
): number {
  out[at] = tag;
  const content = at + 2;
  let end = writeMetadata(out, writeKeyBytes(out, content, records, from), records, from);
  const tailBytes = tail.length; // an iterator would cost more than the rest of the key
  for (let n = 0; n < tailBytes; n++) out[end++] = tail[n] ?? 0;
  const length = end - content;
  if (length < ONE_BYTE) {
    out[at + 1] = length;
    return end;
  }
  const lengthBytes = writeVarint(LENGTH, 0, length);
  out.copyWithin(at + 1 + lengthBytes, content, end);
  for (let n = 0; n < lengthBytes; n++) out[at + 1 + n] = LENGTH[n] ?? 0;
  return end + lengthBytes - 1;
}

const LENGTH = new Uint8Array(VARINT_BYTES);

/** Byte by byte: calling out of JavaScript costs more than so few bytes. */
function writeKeyBytes(out: Buffer, at: number, records: Buffer, from: number): number {
  out[at] = TAG.exposureKey;
  out[at + 1] = KEY_BYTES;
  for (let n = 0; n < KEY_BYTES; n++) out[at + 2 + n] = records[from + n] ?? 0;
  return at + 2 + KEY_BYTES;
}

function writeMetadata(out: Buffer, at: number, records: Buffer, from: number): number {
  const onset = records.readInt8(from + RECORD.onsetDays);
  let end = writeNumber(out, at, TAG.transmissionRisk, records[from + RECORD.risk] ?? 0);
  end = writeNumber(out, end, TAG.intervalNumber, records.readUInt32LE(from + RECORD.start));
  end = writeNumber(out, end, TAG.intervalCount, records[from + RECORD.period] ?? 0);
  end = writeNumber(out, end, TAG.reportType, records[from + RECORD.reportType] ?? 0);
  if (onset === NO_ONSET) return end;
  end = writeNumber(out, end, TAG.daysSinceOnsetOfSymptoms, zigzag(onset));
  return writeNumber(out, end, TAG.hasSymptomOnset, 1);
}

function writeNumber(out: Buffer, at: number, tag: number, value: number): number {
  if (value === 0) return at;
  out[at] = tag;
  return writeVarint(out, at + 1, value);
}
