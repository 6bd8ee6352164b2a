import type { Version } from './collection.ts';
import { collectionId } from './document-name.ts';
import { valueSize } from './document-size.ts';
import { leavesOf } from './index-entries.ts';
import { type FirestoreIndexes, singleFieldModes } from './index-rules.ts';
import { Refusal } from '../grpc/refusal.ts';
import type { Value } from './value.ts';

const MAX_INDEXED_BYTES = 1500;

/**
 * Refuses a document with an indexed value over 1,500 bytes. The cloud would cut it off in the index, and a query by it
 * could answer wrongly ever after; a test had better hear of it.
 */
export function checkIndexedValues(declared: FirestoreIndexes, version: Version): void {
  const collection = collectionId(version.place.collection);
  for (const { field, value } of leavesOf(version.fields, ''))
    if (itemsOf(value).some(isTooLong) && isIndexed(declared, collection, field))
      throw new Refusal(
        'INVALID_ARGUMENT',
        `The value of property "${field}" is longer than ${MAX_INDEXED_BYTES} bytes.`,
      );
}

const itemsOf = (value: Value): readonly Value[] =>
  value.valueType === 'arrayValue' ? value.arrayValue.values : [value];

const isTooLong = (value: Value): boolean =>
  value.valueType === 'stringValue'
    ? Buffer.byteLength(value.stringValue) > MAX_INDEXED_BYTES
    : valueSize(value) > MAX_INDEXED_BYTES;

const isIndexed = (declared: FirestoreIndexes, collection: string, field: string): boolean =>
  singleFieldModes(declared, collection, field).length > 0 ||
  declared.indexes.some(
    (index) => index.collection === collection && index.fields.some((one) => one.field === field),
  );
