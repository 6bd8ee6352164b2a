/** A point in time as it travels: whole seconds in decimal, and the nanoseconds within. */
export interface Timestamp {
  readonly seconds: string;
  readonly nanos: number;
}

/** A field's value; int64 is a decimal string, because a JavaScript number holds 53 bits only. */
export type Value =
  | { readonly valueType: 'nullValue'; readonly nullValue: 'NULL_VALUE' }
  | { readonly valueType: 'booleanValue'; readonly booleanValue: boolean }
  | { readonly valueType: 'integerValue'; readonly integerValue: string }
  | { readonly valueType: 'doubleValue'; readonly doubleValue: number }
  | { readonly valueType: 'timestampValue'; readonly timestampValue: Timestamp }
  | { readonly valueType: 'stringValue'; readonly stringValue: string }
  | { readonly valueType: 'bytesValue'; readonly bytesValue: Uint8Array }
  | { readonly valueType: 'referenceValue'; readonly referenceValue: string }
  | StructuredValue;

/** A value that has parts, or that cannot be stored at all. */
export type StructuredValue =
  | {
      readonly valueType: 'geoPointValue';
      readonly geoPointValue: { readonly latitude: number; readonly longitude: number };
    }
  | { readonly valueType: 'arrayValue'; readonly arrayValue: ArrayValue }
  | { readonly valueType: 'mapValue'; readonly mapValue: { readonly fields: Fields } }
  | UnstorableValue;

/** What only query pipelines may say, and a value that names no type at all. */
interface UnstorableValue {
  readonly valueType:
    | 'fieldReferenceValue'
    | 'variableReferenceValue'
    | 'functionValue'
    | 'pipelineValue'
    | undefined;
}

/** The elements of an array. */
export interface ArrayValue {
  readonly values: readonly Value[];
}

/** The fields of a document or of a map. */
export type Fields = Readonly<Record<string, Value>>;

/** The null value. */
export const NULL: Value = { valueType: 'nullValue', nullValue: 'NULL_VALUE' };

const PLAIN = new Set<Value['valueType']>([
  'nullValue',
  'booleanValue',
  'integerValue',
  'doubleValue',
  'timestampValue',
  'stringValue',
  'bytesValue',
  'referenceValue',
]);

/** Tells whether a value has parts, or cannot be stored at all. */
export const isStructured = (value: Value): value is StructuredValue => !PLAIN.has(value.valueType);
