import type { Fields, Value } from './value.ts';

/** The fields as they are stored: a time keeps its microseconds, and what is finer is dropped. */
export const storable = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, storableValue(value)]));

function storableValue(value: Value): Value {
  if (value.valueType === 'mapValue')
    return { ...value, mapValue: { fields: storable(value.mapValue.fields) } };
  if (value.valueType === 'arrayValue')
    return { ...value, arrayValue: { values: value.arrayValue.values.map(storableValue) } };
  if (value.valueType !== 'timestampValue') return value;
  const { seconds, nanos } = value.timestampValue;
  return { ...value, timestampValue: { seconds, nanos: nanos - (nanos % 1000) } };
}
