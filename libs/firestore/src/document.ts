import {
  type Collection,
  type Found,
  type Layout,
  MAX_DOCUMENT_BYTES,
  MAX_INDEX_ENTRIES,
  StoreFault,
  type StorageSize,
  storageSize,
} from '@keyserver/docstore';
import { nativeOf, storedKind, valueOf } from './value.ts';
import { type StoredDocument, type Value, idOf, type Write } from './wire.ts';

/** A longer value is cut off in its index, and a query over it would miss documents. */
const MAX_INDEXED_BYTES = 1500;

/** The fields of a document as they are sent. Refuses what Firestore would, before anything is sent. */
export function fieldsOf<D>(into: Collection<D>, id: string, value: D): Record<string, Value> {
  const { layout, codec } = into;
  if (into.only !== undefined) throw new TypeError('a part of a document cannot be stored');
  const indexed = new Set(layout.indexes.flat());
  const fields: Record<string, Value> = {};
  for (const column of layout.fields) {
    const given = codec.read(value, column.name);
    if (given === undefined && column.optional) continue;
    const stored = valueOf(storedKind(layout, column), moved(given, graceOf(layout, column.name)));
    if (stored === undefined) throw new TypeError(`${column.name} is not a valid ${column.kind}`);
    if (indexed.has(column.name) && valueBytes(stored) > MAX_INDEXED_BYTES)
      throw new StoreFault('refused', `${layout.name}.${column.name} is too long for its index`);
    fields[column.name] = stored;
  }
  const { document, entries } = sizeOf(layout, id, fields);
  if (document > MAX_DOCUMENT_BYTES)
    throw new StoreFault('refused', `a document of ${layout.name} is over 1 MiB`);
  if (entries > MAX_INDEX_ENTRIES)
    throw new StoreFault('refused', `a document of ${layout.name} has over 40,000 index entries`);
  return fields;
}

/** Firestore deletes by the expiry as it is stored, so a grace is stored in it, and taken out again by every reader. */
const graceOf = ({ expiry, grace = 0 }: Layout, name: string): number =>
  name === expiry ? grace : 0;

const moved = (value: unknown, by: number): unknown =>
  by !== 0 && typeof value === 'number' ? value + by : value;

/** The value of one queried field as it is sent. */
export function queriedValue(layout: Layout, name: string, value: unknown): Value {
  const column = layout.fields.find((field) => field.name === name);
  const sent =
    column === undefined
      ? undefined
      : valueOf(storedKind(layout, column), moved(value, graceOf(layout, name)));
  if (sent === undefined) throw new TypeError(`${layout.name}.${name} cannot have such a value`);
  return sent;
}

/** A stored document as its collection's type. One that does not fit is a fault that names the field, never what it holds. */
export function valueFrom<D>(from: Collection<D>, stored: StoredDocument): D {
  const { layout } = from;
  const kinds = new Map(layout.fields.map((column) => [column.name, storedKind(layout, column)]));
  try {
    return from.codec.assemble((name) => {
      const field: unknown = Reflect.get(stored.fields, name);
      const kind = kinds.get(name);
      if (field === undefined || kind === undefined) return undefined;
      return moved(nativeOf(kind, field), -graceOf(layout, name));
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : 'it does not fit';
    throw new StoreFault('damaged', `a stored document of ${layout.name} cannot be read: ${why}`, {
      cause: error,
      details: { object: layout.name },
    });
  }
}

/** A found document with its id, the last part of its name. */
export const foundFrom = <D>(from: Collection<D>, stored: StoredDocument): Found<D> => ({
  id: idOf(stored),
  value: valueFrom(from, stored),
});

// https://firebase.google.com/docs/firestore/storage-size
const NUMBER_BYTES = 8;

const textBytes = (text: string): number => Buffer.byteLength(text) + 1;

/** Bytes of one value by Firestore's rules of storage size. */
function valueBytes(value: Value): number {
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
