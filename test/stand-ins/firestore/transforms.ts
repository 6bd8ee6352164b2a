import { fieldAt, parseFieldPath, withField } from './field-path.ts';
import { Refusal } from '../grpc/refusal.ts';
import type { FieldTransform } from './requests.ts';
import { type Micros, toTimestamp } from './store-clock.ts';
import { type ArrayValue, type Fields, NULL, type Value } from './value.ts';
import { valueKey } from './value-key.ts';

const MAX_INT64 = 2n ** 63n - 1n;

/** Computes the changes that a write leaves to the server; the results are in the order of the transforms. */
export function transformed(
  fields: Fields,
  transforms: readonly FieldTransform[],
  at: Micros,
): { fields: Fields; results: readonly Value[] } {
  const results: Value[] = [];
  const changed = transforms.reduce((before, transform) => {
    const path = parseFieldPath(transform.fieldPath);
    const { value, result } = transformOne(fieldAt(before, path), transform, at);
    results.push(result);
    return withField(before, path, value);
  }, fields);
  return { fields: changed, results };
}

function transformOne(
  old: Value | undefined,
  transform: FieldTransform,
  at: Micros,
): { value: Value; result: Value } {
  const { increment, appendMissingElements, removeAllFromArray } = transform;
  if (transform.transformType === 'setToServerValue') {
    const wholeMillis = at - (at % 1000);
    const value: Value = { valueType: 'timestampValue', timestampValue: toTimestamp(wholeMillis) };
    return { value, result: value };
  }
  if (increment !== undefined) {
    const value = sum(old, increment);
    return { value, result: value };
  }
  if (appendMissingElements !== undefined)
    return { value: union(elementsOf(old), appendMissingElements), result: NULL };
  if (removeAllFromArray !== undefined)
    return { value: difference(elementsOf(old), removeAllFromArray), result: NULL };
  throw new Refusal('UNIMPLEMENTED', 'The stand-in does not know this transform.');
}

/** Integers saturate, as the cloud's do; a double on either side makes the sum a double. */
function sum(old: Value | undefined, by: Value): Value {
  const given = numberOf(by);
  const before = numberOf(old);
  if (given === undefined) throw new Refusal('INVALID_ARGUMENT', 'An increment must be a number.');
  if (before === undefined) return by;
  if (typeof before === 'number' || typeof given === 'number')
    return { valueType: 'doubleValue', doubleValue: Number(before) + Number(given) };
  const exact = before + given;
  const bounded = exact > MAX_INT64 ? MAX_INT64 : exact < -MAX_INT64 - 1n ? -MAX_INT64 - 1n : exact;
  return { valueType: 'integerValue', integerValue: String(bounded) };
}

function numberOf(value: Value | undefined): bigint | number | undefined {
  if (value?.valueType === 'integerValue') return BigInt(value.integerValue);
  return value?.valueType === 'doubleValue' ? value.doubleValue : undefined;
}

const elementsOf = (value: Value | undefined): readonly Value[] =>
  value?.valueType === 'arrayValue' ? value.arrayValue.values : [];

const arrayOf = (values: readonly Value[]): Value => ({
  valueType: 'arrayValue',
  arrayValue: { values },
});

function union(old: readonly Value[], added: ArrayValue): Value {
  const known = new Set(old.map(valueKey));
  const fresh = new Map(added.values.map((value) => [valueKey(value), value]));
  return arrayOf([...old, ...[...fresh].filter(([key]) => !known.has(key)).map(([, v]) => v)]);
}

function difference(old: readonly Value[], removed: ArrayValue): Value {
  const gone = new Set(removed.values.map(valueKey));
  return arrayOf(old.filter((value) => !gone.has(valueKey(value))));
}
