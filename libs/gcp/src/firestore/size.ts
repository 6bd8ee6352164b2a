import type { Value, Write } from './wire.ts';

// https://cloud.google.com/firestore/native/docs/storage-size
const NAME_BYTES = 16;
const DOCUMENT_BYTES = 32;
const NUMBER_BYTES = 8;

const textBytes = (text: string): number => Buffer.byteLength(text) + 1;

/** Bytes of one value by Firestore's rules of storage size. */
export function valueBytes(value: Value): number {
  if ('stringValue' in value) return textBytes(value.stringValue);
  if ('bytesValue' in value) return value.bytesValue.length;
  if ('booleanValue' in value) return 1;
  if ('arrayValue' in value)
    return value.arrayValue.values.reduce((sum, item) => sum + valueBytes(item), 0);
  return NUMBER_BYTES;
}

/** Bytes of a document by Firestore's rules of storage size. */
export function documentBytes(
  collection: string,
  id: string,
  fields: Readonly<Record<string, Value>>,
): number {
  let bytes = NAME_BYTES + DOCUMENT_BYTES + textBytes(collection) + textBytes(id);
  for (const [name, value] of Object.entries(fields)) bytes += textBytes(name) + valueBytes(value);
  return bytes;
}

/** Most bytes of one commit. */
export const MAX_COMMIT_BYTES = 10 << 20;

const WRITE_OVERHEAD = 128;

/** About how many bytes a write takes on the way: rather too many than too few. */
export function writeBytes(write: Write): number {
  if (!('update' in write)) return write.delete.length + WRITE_OVERHEAD;
  let bytes = write.update.name.length + WRITE_OVERHEAD;
  for (const [name, value] of Object.entries(write.update.fields))
    bytes += name.length + NUMBER_BYTES + sentBytes(value);
  return bytes;
}

// Each item of an array brings its own type and lengths.
const sentBytes = (value: Value): number =>
  valueBytes(value) +
  ('arrayValue' in value ? value.arrayValue.values.length * NUMBER_BYTES : NUMBER_BYTES);
