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

const WORD_BYTES = 4;

/** How a key ends, in whole words of which the last may have zeros behind the content. */
export interface Tail {
  readonly words: DataView;
  /** Bytes of content. */
  readonly length: number;
}

/** How many bytes have to be free for a key, given its tail: what it takes at most, and what is written behind it. */
export const mostKeyBytes = ({ words }: Tail): number => HEAD_BYTES + words.byteLength;

/** The end of an ExposureKey, which is the same for all keys of a group: traveler, the regions shown, and who verified. */
export function tailOf(group: Omit<KeyGroup, 'isLocal'>): Tail {
  const { regions, traveler, authorityName } = group;
  const content = Buffer.concat([
    traveler ? Buffer.from([TAG.traveler, 1]) : Buffer.alloc(0),
    ...regions.map((region) => textField(TAG.regions, region)),
    authorityName === '' ? Buffer.alloc(0) : textField(AUTHORITY_NAME, authorityName),
  ]);
  const { length } = content;
  const words = new Uint8Array(Math.ceil(length / WORD_BYTES) * WORD_BYTES);
  words.set(content);
  return { words: new DataView(words.buffer), length };
}

function textField(tag: number, text: string): Buffer {
  const content = Buffer.from(text);
  const head = Buffer.alloc(2 * VARINT_BYTES);
  return Buffer.concat([
    head.subarray(0, writeVarint(head, writeVarint(head, 0, tag), content.length)),
    content,
  ]);
}

/** Bytes as a view, which writes words and pairs of bytes wherever they begin. */
export const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

/**
 * Writes packed records of one list as fields of the message around them, `tag` being the byte before each. Calling out of
 * JavaScript costs more than so few bytes, and a word costs no more than a byte.
 */
export class KeyWriter {
  private readonly records: DataView;
  private readonly tag: number;

  constructor(records: Uint8Array, tag: number) {
    this.records = viewOf(records);
    this.tag = tag;
  }

  /** Writes the record at `from`, and returns where it ends. `mostKeyBytes` must be free. */
  write(out: DataView, at: number, from: number, tail: Tail): number {
    const content = at + 2;
    this.copyKey(out, content, from);
    const behind = this.writeMetadata(out, content + 2 + KEY_BYTES, from);
    copyTail(out, behind, tail);
    const end = behind + tail.length;
    const length = end - content;
    if (length >= ONE_BYTE) return moveForLength(out, { at, end }, this.tag);
    writePair(out, at, this.tag, length);
    return end;
  }

  private copyKey(out: DataView, at: number, from: number): void {
    writePair(out, at, TAG.exposureKey, KEY_BYTES);
    for (let n = 0; n < KEY_BYTES; n += WORD_BYTES)
      out.setUint32(at + 2 + n, this.records.getUint32(from + n));
  }

  private writeMetadata(out: DataView, at: number, from: number): number {
    const { records } = this;
    const start = records.getUint32(from + RECORD.start, true);
    const onset = records.getInt8(from + RECORD.onsetDays);
    let end = writeNumber(out, at, TAG.transmissionRisk, records.getUint8(from + RECORD.risk));
    end = writeNumber(out, end, TAG.intervalNumber, start);
    end = writeNumber(out, end, TAG.intervalCount, records.getUint8(from + RECORD.period));
    end = writeNumber(out, end, TAG.reportType, records.getUint8(from + RECORD.reportType));
    if (onset === NO_ONSET) return end;
    end = writeNumber(out, end, TAG.daysSinceOnsetOfSymptoms, zigzag(onset));
    return writeNumber(out, end, TAG.hasSymptomOnset, 1);
  }
}

/** Whole words, so zeros may follow; whatever is written next goes over them. */
function copyTail(out: DataView, at: number, { words }: Tail): void {
  const { byteLength } = words;
  for (let n = 0; n < byteLength; n += WORD_BYTES) out.setUint32(at + n, words.getUint32(n));
}

const writePair = (out: DataView, at: number, first: number, second: number): void => {
  out.setUint16(at, (first << 8) | second);
};

function writeNumber(out: DataView, at: number, tag: number, value: number): number {
  if (value === 0) return at;
  if (value < ONE_BYTE) {
    writePair(out, at, tag, value);
    return at + 2;
  }
  out.setUint8(at, tag);
  let [end, rest] = [at + 1, value];
  for (; rest >= ONE_BYTE; rest >>>= 7) out.setUint8(end++, (rest & 0x7f) | ONE_BYTE);
  out.setUint8(end++, rest);
  return end;
}

/** Makes room for a length of several bytes before the content of a long key; returns where the key ends then. */
function moveForLength(
  out: DataView,
  { at, end }: { readonly at: number; readonly end: number },
  tag: number,
): number {
  const bytes = new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
  const content = at + 2;
  const lengthBytes = writeVarint(LENGTH, 0, end - content);
  bytes.copyWithin(at + 1 + lengthBytes, content, end);
  bytes[at] = tag;
  for (let n = 0; n < lengthBytes; n++) bytes[at + 1 + n] = LENGTH[n] ?? 0;
  return end + lengthBytes - 1;
}

const LENGTH = new Uint8Array(VARINT_BYTES);
