import type { Collection, Layout } from './collection.ts';
import type { FieldKind } from './field.ts';

/**
 * Most bytes that one transaction changes (Firestore's limit). Documents count with their index entries, and deleted ones as
 * well. https://firebase.google.com/docs/firestore/manage-data/transactions#transaction_failure
 */
export const MAX_TRANSACTION_BYTES = 10 << 20;

/** Most index entries of one document (Firestore's limit). https://firebase.google.com/docs/firestore/quotas#indexes */
export const MAX_INDEX_ENTRIES = 40_000;

/** What a document takes: by itself, and in its indexes. */
export interface StorageSize {
  readonly document: number;
  readonly entries: number;
  readonly entryBytes: number;
}

/** The bytes of each item of a field: one for a plain value, as many as a list has; undefined where it is absent. */
type SizeOfField = (name: string) => readonly number[] | undefined;

// The constants of https://firebase.google.com/docs/firestore/storage-size
const NAME_BYTES = 16;
const DOCUMENT_BYTES = 32;
const ENTRY_BYTES = 32;
const NUMBER_BYTES = 8;

const textBytes = (text: string): number => Buffer.byteLength(text) + 1;

const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);

/**
 * The size of a document by Firestore's rules, in whichever store it lies: what is written to one must fit into the other. An
 * index entry counts the names of the document and of its parent, which is the root here, and the values that it lists.
 */
export function storageSize(layout: Layout, id: string, sizeOf: SizeOfField): StorageSize {
  const name = NAME_BYTES + textBytes(layout.name) + textBytes(id);
  // Asked for once, since a size may take the encoding of a value.
  const sizes = new Map(layout.fields.map(({ name: field }) => [field, sizeOf(field)]));
  const bytesOf = (field: string): number => sum(sizes.get(field) ?? []);
  const fields = layout.fields.filter((field) => sizes.get(field.name) !== undefined);
  const entry = name + NAME_BYTES + ENTRY_BYTES;
  // A single-field entry counts the name of its field, a composite one does not.
  const listed = layout.indexes.map(
    (index) => sum(index.map(bytesOf)) + (index.length === 1 ? textBytes(index.join('')) : 0),
  );
  const searched = layout.arrayIndex === undefined ? [] : (sizes.get(layout.arrayIndex) ?? []);
  const searchedName = layout.arrayIndex === undefined ? 0 : textBytes(layout.arrayIndex);
  const entries = [...listed, ...searched.map((item) => item + searchedName)];
  return {
    document:
      name +
      DOCUMENT_BYTES +
      sum(fields.map((field) => textBytes(field.name) + bytesOf(field.name))),
    entries: entries.length,
    entryBytes: entries.length * entry + sum(entries),
  };
}

/** What a document that is to be written will take. */
export function writtenSize<D>(
  { layout, codec }: Collection<D>,
  id: string,
  value: D,
): StorageSize {
  const kinds = new Map(layout.fields.map(({ name, kind }) => [name, kind]));
  return storageSize(layout, id, (name) => {
    const kind = kinds.get(name);
    return kind === undefined ? undefined : itemSizes(kind, codec.read(value, name));
  });
}

/** The bytes that writing a document adds to a transaction. */
export function writtenBytes<D>(into: Collection<D>, id: string, value: D): number {
  const { document, entryBytes } = writtenSize(into, id, value);
  return document + entryBytes;
}

function itemSizes(kind: FieldKind, value: unknown): readonly number[] | undefined {
  if (value === undefined) return undefined;
  if (kind === 'json') return [textBytes(JSON.stringify(value))];
  if (Array.isArray(value)) return value.map(plainSize);
  return [plainSize(value)];
}

function plainSize(value: unknown): number {
  if (typeof value === 'string') return textBytes(value);
  if (value instanceof Uint8Array) return value.length;
  return typeof value === 'boolean' ? 1 : NUMBER_BYTES;
}
