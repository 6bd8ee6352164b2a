const MORE = 0x80;
const LENGTH_DELIMITED = 2;
const VARINT = 0;

/** The byte before a field that holds a varint; field numbers up to 15 only. */
export const varintTag = (field: number): number => (field << 3) | VARINT;

/** The byte before a field that holds bytes, text or a message; field numbers up to 15 only. */
export const lengthTag = (field: number): number => (field << 3) | LENGTH_DELIMITED;

/** Writes a number from 0 to 2^32 - 1 as a varint and returns where it ends. */
export function writeVarint(out: Uint8Array, at: number, value: number): number {
  let rest = value;
  let end = at;
  while (rest >= MORE) {
    out[end++] = (rest % MORE) | MORE;
    rest = Math.floor(rest / MORE);
  }
  out[end++] = rest;
  return end;
}

/** A small signed number as sint32 carries it: 0, -1, 1, -2, … become 0, 1, 2, 3, … */
export const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

/** A varint field. */
export function varintField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(6);
  bytes[0] = varintTag(field);
  return bytes.subarray(0, writeVarint(bytes, 1, value));
}

/** A fixed64 field. */
export function fixed64Field(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(9);
  bytes[0] = (field << 3) | 1;
  bytes.writeBigUInt64LE(BigInt(value), 1);
  return bytes;
}

/** A field of bytes, text in UTF-8, or a message given in pieces. */
export function lengthField(field: number, ...pieces: readonly (Uint8Array | string)[]): Buffer {
  const content = Buffer.concat(
    pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)),
  );
  const head = new Uint8Array(6);
  head[0] = lengthTag(field);
  return Buffer.concat([head.subarray(0, writeVarint(head, 1, content.length)), content]);
}
