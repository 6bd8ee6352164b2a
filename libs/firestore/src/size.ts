import { type Layout, type StorageSize, storageSize } from '@keyserver/docstore';
import { nativeOf } from './value.ts';
import { type StoredDocument, type Value, type Write, idOf } from './wire.ts';

// https://firebase.google.com/docs/firestore/storage-size
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

/** What a document takes by Firestore's rules, with its index entries. */
export const sizeOf = (
  layout: Layout,
  id: string,
  fields: Readonly<Record<string, Value>>,
): StorageSize =>
  storageSize(layout, id, (name) => {
    const value = fields[name];
    if (value === undefined) return undefined;
    return 'arrayValue' in value ? value.arrayValue.values.map(valueBytes) : [valueBytes(value)];
  });

/** The bytes that deleting a document adds to a transaction, whether or not it is what its collection declares. */
export function deletedBytes(layout: Layout, stored: StoredDocument): number {
  const { document, entryBytes } = storageSize(layout, idOf(stored), (name) => {
    const value: unknown = Reflect.get(stored.fields, name);
    return value === undefined ? undefined : storedSizes(value);
  });
  return document + entryBytes;
}

function storedSizes(value: unknown): readonly number[] {
  const items = nativeOf('texts', value);
  if (Array.isArray(items)) return items.map(plainSize);
  const blob = nativeOf('bytes', value);
  return [plainSize(blob ?? nativeOf('text', value))];
}

function plainSize(value: unknown): number {
  if (typeof value === 'string') return textBytes(value);
  return value instanceof Uint8Array ? value.length : NUMBER_BYTES;
}

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
