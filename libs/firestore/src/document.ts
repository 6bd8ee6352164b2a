import {
  type Collection,
  type Found,
  type Layout,
  MAX_DOCUMENT_BYTES,
  MAX_INDEX_ENTRIES,
  StoreFault,
} from '@keyserver/docstore';
import { sizeOf, valueBytes } from './size.ts';
import { nativeOf, storedKind, valueOf } from './value.ts';
import { type StoredDocument, type Value, idOf } from './wire.ts';

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
    const stored = valueOf(storedKind(layout, column), given);
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

/** The value of one queried field as it is sent. */
export function queriedValue(layout: Layout, name: string, value: unknown): Value {
  const column = layout.fields.find((field) => field.name === name);
  const sent = column === undefined ? undefined : valueOf(storedKind(layout, column), value);
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
      return field === undefined || kind === undefined ? undefined : nativeOf(kind, field);
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
