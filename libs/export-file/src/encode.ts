import { KEY_BYTES } from '@keyserver/exposure-keys';
import type { UnixSeconds } from '@keyserver/time';
import { MAX_KEY_FIELD, writeKey } from './encode-key.ts';
import { BATCH_NUMBER, BATCH_SIZE, type SignerName, signatureInfo } from './signer-name.ts';
import { fixed64Field, lengthField, varintField } from './wire-writer.ts';

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

/** The first 16 bytes of every export.bin. */
export const EXPORT_HEADER = Buffer.from('EK Export v1    ', 'latin1');

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
