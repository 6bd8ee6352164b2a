import type { Version } from './collection.ts';
import { collectionId } from './document-name.ts';
import { nameSize, textSize, valueSize } from './document-size.ts';
import { type FirestoreIndexes, singleFieldModes } from './index-rules.ts';
import { fieldAt, parseFieldPath } from './field-path.ts';
import type { Fields, Value } from './value.ts';
import { valueKey } from './value-key.ts';

// https://firebase.google.com/docs/firestore/storage-size#index-entry-size
const ENTRY_BYTES = 32;

/** What an index lists of a document: a name for the entry, so that two versions can be compared, and its size. */
export type IndexEntries = ReadonlyMap<string, number>;

/** All entries that the indexes of a database have of a document. */
export function indexEntries(declared: FirestoreIndexes, version: Version): IndexEntries {
  const { place, fields } = version;
  const collection = collectionId(place.collection);
  const entries = new Map<string, number>();
  const around = nameSize(place.name) + parentSize(place.name) + ENTRY_BYTES;
  for (const { field, value } of leavesOf(fields, ''))
    for (const mode of singleFieldModes(declared, collection, field))
      for (const item of mode === 'CONTAINS' ? elementsOf(value) : [value])
        entries.set(
          `${mode} ${field} ${nameOf(item)}`,
          around + textSize(field) + listedSize(item),
        );
  for (const index of declared.indexes.filter((one) => one.collection === collection)) {
    const names = index.fields.map(({ field }) => field);
    const values = names.flatMap((field) => fieldAt(fields, parseFieldPath(field)) ?? []);
    if (values.length < names.length) continue;
    const size = values.reduce((sum, value) => sum + listedSize(value), around);
    entries.set(`${names.join()} ${values.map(nameOf).join()}`, size);
  }
  return entries;
}

/** What is longer is cut off in the index. https://firebase.google.com/docs/firestore/quotas#indexes */
const MAX_LISTED_BYTES = 1500;
const listedSize = (value: Value): number => Math.min(valueSize(value), MAX_LISTED_BYTES);

/** Equal for values that an index cannot tell apart. */
function nameOf(value: Value): string {
  if (value.valueType === 'integerValue') return value.integerValue;
  if (value.valueType !== 'bytesValue') return valueKey(value);
  const bytesValue = value.bytesValue.subarray(0, MAX_LISTED_BYTES);
  return valueKey({ valueType: 'bytesValue', bytesValue });
}

const elementsOf = (value: Value): readonly Value[] =>
  value.valueType === 'arrayValue' ? value.arrayValue.values : [];

/** The fields that can have an index. Maps are indexed by the fields within them. */
export function leavesOf(
  fields: Fields,
  prefix: string,
): readonly { field: string; value: Value }[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    value.valueType === 'mapValue'
      ? leavesOf(value.mapValue.fields, `${prefix}${name}.`)
      : [{ field: prefix + name, value }],
  );
}

/** The parent of a document in a collection of the root is the root, whose name has no parts. */
const parentSize = (name: string): number => nameSize(name.split('/').slice(0, -2).join('/'));
