/** How files name a signing key: verification_key_id and verification_key_version. */
export interface SignerName {
  readonly keyId: string;
  readonly keyVersion: string;
}

/** The only algorithm of these files, ECDSA on P-256 over SHA-256, as an object identifier. */
export const SIGNATURE_ALGORITHM = '1.2.840.10045.4.3.2';

/** The first 16 bytes of every export.bin. */
export const EXPORT_HEADER = Buffer.from('EK Export v1    ', 'latin1');

/** The period that phones assume when a file does not name one. */
export const ASSUMED_PERIOD = 144;

/** Each file is a batch of its own for phones, since some know no other: number 1 of 1. */
export const BATCH_NUMBER = 1;
export const BATCH_SIZE = 1;

/** The SignatureInfo of a signer, as field `field` of the message around it; the same bytes in both entries. */
export function signatureInfo(field: number, { keyVersion, keyId }: SignerName): Uint8Array {
  return lengthField(
    field,
    keyVersion === '' ? '' : lengthField(3, keyVersion),
    keyId === '' ? '' : lengthField(4, keyId),
    lengthField(5, SIGNATURE_ALGORITHM),
  );
}

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
