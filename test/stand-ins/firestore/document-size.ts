import { Refusal } from '../grpc/refusal.ts';
import { type Fields, type StructuredValue, type Value, isStructured } from './value.ts';

// By the rules of https://firebase.google.com/docs/firestore/storage-size and
// https://firebase.google.com/docs/firestore/quotas#collections_documents_and_fields
const MAX_DOCUMENT_BYTES = 1_048_576;
const MAX_VALUE_BYTES = 1_048_487;

const MAX_DEPTH = 20;
const MAX_FIELD_NAME_BYTES = 1500;

/** The bytes that a text counts. */
export const textSize = (text: string): number => Buffer.byteLength(text) + 1;

/** projects, its id, databases, its id, documents: what is before the first collection. */
const SEGMENTS_OF_ROOT = 5;

/** A name counts its segments from the collection on, and 16 bytes for itself. */
export const nameSize = (name: string): number =>
  name
    .split('/')
    .slice(SEGMENTS_OF_ROOT)
    .reduce((sum, segment) => sum + textSize(segment), 16);

function fieldsSize(fields: Fields, depth: number): number {
  if (depth > MAX_DEPTH) throw invalid('Maps and arrays are nested too deep.');
  return Object.entries(fields).reduce((sum, [name, value]) => {
    if (name === '' || /^__.*__$/s.test(name) || textSize(name) > MAX_FIELD_NAME_BYTES)
      throw invalid(`Field name "${name.slice(0, 100)}" is not valid.`);
    const size = valueSize(value, depth);
    if (size > MAX_VALUE_BYTES)
      throw invalid(`The value of property "${name}" is longer than ${MAX_VALUE_BYTES} bytes.`);
    return sum + textSize(name) + size;
  }, 32);
}

/** The bytes that a stored value counts; a value that cannot be stored is refused. */
export function valueSize(value: Value, depth = 0): number {
  if (isStructured(value)) return structuredSize(value, depth);
  if (value.valueType === 'stringValue') return textSize(value.stringValue);
  if (value.valueType === 'bytesValue') return value.bytesValue.length;
  if (value.valueType === 'referenceValue') return nameSize(value.referenceValue);
  return value.valueType === 'nullValue' || value.valueType === 'booleanValue' ? 1 : 8;
}

function structuredSize(value: StructuredValue, depth: number): number {
  switch (value.valueType) {
    case 'geoPointValue':
      return 16;
    case 'mapValue':
      return fieldsSize(value.mapValue.fields, depth + 1);
    case 'arrayValue':
      return value.arrayValue.values.reduce((sum, element) => {
        if (element.valueType === 'arrayValue')
          throw invalid('Cannot convert an array value in an array value.');
        return sum + valueSize(element, depth + 1);
      }, 0);
    case 'fieldReferenceValue':
    case 'variableReferenceValue':
    case 'functionValue':
    case 'pipelineValue':
    case undefined:
      throw invalid('A value has no type that can be stored.');
  }
}

const invalid = (message: string): Refusal => new Refusal('INVALID_ARGUMENT', message);

/** The bytes that a document counts. */
export const documentSize = (name: string, fields: Fields): number =>
  nameSize(name) + fieldsSize(fields, 0);

/** Refuses a document that is too large, nested too deep, or has a field that cannot be stored. */
export function checkDocument(name: string, fields: Fields): void {
  const size = documentSize(name, fields);
  if (size > MAX_DOCUMENT_BYTES)
    throw invalid(
      `Document '${name}' cannot be written because its size (${size} bytes) exceeds the maximum allowed size of 1,048,576 bytes.`,
    );
}
