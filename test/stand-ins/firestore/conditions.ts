import type { Version } from './collection.ts';
import { placeOf } from './document-name.ts';
import { NAME, fieldAt, parseFieldPath } from './field-path.ts';
import { Refusal } from '../grpc/refusal.ts';
import type { FieldFilter, Filter, UnaryFilter } from './requests.ts';
import { NULL, type Value } from './value.ts';
import { textKey, typeRank, valueKey } from './value-key.ts';

/** The comparisons that every filter comes down to. */
export type Operator =
  | 'EQUAL'
  | 'LESS_THAN'
  | 'LESS_THAN_OR_EQUAL'
  | 'GREATER_THAN'
  | 'GREATER_THAN_OR_EQUAL'
  | 'ARRAY_CONTAINS';

/** One comparison of one field. */
export interface Condition {
  readonly field: string;
  readonly operator: Operator;
  readonly value: Value;
}

const MAX_DISJUNCTIONS = 30;

/** Tells whether a condition leaves room for different values, which the query is then ordered by. */
export const isInequality = ({ operator }: Condition): boolean =>
  operator !== 'EQUAL' && operator !== 'ARRAY_CONTAINS';

/** The filter as alternatives, in each of which all conditions hold: "in" and "array-contains-any" stand for several. */
export function alternativesOf(filter: Filter | null): readonly (readonly Condition[])[] {
  const alternatives = filter === null ? [[]] : expand(filter);
  if (alternatives.length > MAX_DISJUNCTIONS)
    throw invalid(`The query has more than ${MAX_DISJUNCTIONS} disjunctions.`);
  for (const conditions of alternatives)
    if (conditions.filter(({ operator }) => operator === 'ARRAY_CONTAINS').length > 1)
      throw invalid('A maximum of 1 ARRAY_CONTAINS filter is allowed per disjunction.');
  return alternatives;
}

function expand(filter: Filter): readonly (readonly Condition[])[] {
  switch (filter.filterType) {
    case 'fieldFilter':
      return expandField(filter.fieldFilter);
    case 'unaryFilter':
      return [[unary(filter.unaryFilter)]];
    case 'compositeFilter': {
      if (filter.compositeFilter.op !== 'AND') throw unsupported(filter.compositeFilter.op);
      const parts = filter.compositeFilter.filters.map(expand);
      return parts.reduce((all, part) => all.flatMap((one) => part.map((two) => [...one, ...two])));
    }
  }
}

function expandField({ field, op, value }: FieldFilter): Condition[][] {
  const { fieldPath } = field;
  if (op === 'IN' || op === 'ARRAY_CONTAINS_ANY') {
    const operator = op === 'IN' ? 'EQUAL' : 'ARRAY_CONTAINS';
    return listed(op, value).map((one) => [{ field: fieldPath, operator, value: one }]);
  }
  if (op === 'NOT_EQUAL' || op === 'NOT_IN' || op === 'OPERATOR_UNSPECIFIED') throw unsupported(op);
  return [[{ field: fieldPath, operator: op, value }]];
}

function listed(operator: string, value: Value): readonly Value[] {
  const values = value.valueType === 'arrayValue' ? value.arrayValue.values : [];
  if (values.length === 0) throw invalid(`'${operator}' requires a non-empty array.`);
  if (values.length > MAX_DISJUNCTIONS)
    throw invalid(`'${operator}' supports up to ${MAX_DISJUNCTIONS} comparison values.`);
  return values;
}

function unary(filter: UnaryFilter): Condition {
  const field = filter.field.fieldPath;
  if (filter.op === 'IS_NULL') return { field, operator: 'EQUAL', value: NULL };
  if (filter.op !== 'IS_NAN') throw unsupported(filter.op);
  return { field, operator: 'EQUAL', value: { valueType: 'doubleValue', doubleValue: NaN } };
}

/** The key of a document's name within its collection. */
export function nameKey(value: Value, collection: string): string {
  const place = value.valueType === 'referenceValue' ? placeOf(value.referenceValue) : undefined;
  if (place?.collection !== collection)
    throw invalid(`${NAME} must be compared with a document of the collection that is searched.`);
  return textKey(place.id);
}

/** Tells whether a document meets a condition other than a search in an array. */
export function meets(version: Version, condition: Condition): boolean {
  const { collection, id } = version.place;
  if (condition.field === NAME)
    return compare(textKey(id), condition.operator, nameKey(condition.value, collection));
  const value = fieldAt(version.fields, parseFieldPath(condition.field));
  if (value === undefined || typeRank(value) !== typeRank(condition.value)) return false;
  return compare(valueKey(value), condition.operator, valueKey(condition.value));
}

function compare(left: string, operator: Operator, right: string): boolean {
  switch (operator) {
    case 'EQUAL':
      return left === right;
    case 'LESS_THAN':
      return left < right;
    case 'LESS_THAN_OR_EQUAL':
      return left <= right;
    case 'GREATER_THAN':
      return left > right;
    case 'GREATER_THAN_OR_EQUAL':
      return left >= right;
    case 'ARRAY_CONTAINS':
      return false; // it is always answered by an index
  }
}

const invalid = (message: string): Refusal => new Refusal('INVALID_ARGUMENT', message);
const unsupported = (operator: string): Refusal =>
  new Refusal('UNIMPLEMENTED', `The stand-in does not search by ${operator}.`);
