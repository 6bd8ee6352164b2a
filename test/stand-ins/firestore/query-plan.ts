import { type Condition, alternativesOf } from './conditions.ts';
import { collectionBelow } from './document-name.ts';
import { NAME } from './field-path.ts';
import { type IndexPart, type IndexShape, indexShape } from './index-shape.ts';
import {
  type QueryOrder,
  conditionBounds,
  cursorBounds,
  orderOf,
  orderedParts,
} from './query-order.ts';
import { Refusal } from '../grpc/refusal.ts';
import type { StructuredQuery } from './requests.ts';
import type { Bounds } from './sorted-entries.ts';
import { valueKey } from './value-key.ts';

/** One run over an index: which, where, and what else must hold of a document. */
export interface Scan {
  readonly shape: IndexShape;
  /** What all keys of the run begin with; what follows is the place in the query's order. */
  readonly prefix: string;
  readonly bounds: Bounds;
  readonly rest: readonly Condition[];
}

/** How a query will be answered. */
export interface QueryPlan {
  readonly collection: string;
  readonly order: QueryOrder;
  readonly alternatives: readonly (readonly Condition[])[];
  readonly scans: readonly Scan[];
  readonly offset: number;
  readonly limit: number;
}

/** Plans a query below a document or the root. */
export function planOf(parent: string, query: StructuredQuery): QueryPlan {
  const collection = collectionOf(parent, query);
  const alternatives = alternativesOf(query.where);
  const order = orderOf(collection, query, alternatives.flat());
  const limit = query.limit?.value ?? Infinity;
  if (query.offset < 0 || limit < 0)
    throw new Refusal('INVALID_ARGUMENT', 'The offset and the limit must not be negative.');
  return {
    collection,
    order,
    alternatives,
    scans: alternatives.map((conditions) => scanOf(order, query, conditions)),
    offset: query.offset,
    limit,
  };
}

function collectionOf(parent: string, query: StructuredQuery): string {
  const [from, ...others] = query.from;
  if (from === undefined || others.length > 0)
    throw new Refusal('INVALID_ARGUMENT', 'A query needs exactly one collection.');
  if (from.allDescendants || query.findNearest !== null)
    throw new Refusal('UNIMPLEMENTED', 'The stand-in searches one collection, by value.');
  return collectionBelow(parent, from.collectionId);
}

const isSearch = ({ operator }: Condition): boolean => operator === 'ARRAY_CONTAINS';

/** The conditions that one value of an index answers: the array search, and an equality for each field. */
function fixedBy(conditions: readonly Condition[]): readonly Condition[] {
  const equalities = conditions.filter(
    ({ operator, field }) => operator === 'EQUAL' && field !== NAME,
  );
  const byField = new Map(equalities.map((condition) => [condition.field, condition]));
  return [...conditions.filter(isSearch), ...byField.values()];
}

const fixedPart = (condition: Condition): IndexPart => ({
  field: condition.field,
  mode: isSearch(condition) ? 'CONTAINS' : 'ASCENDING',
});

function scanOf(order: QueryOrder, query: StructuredQuery, conditions: readonly Condition[]): Scan {
  const fixed = fixedBy(conditions);
  const others = conditions.filter((condition) => !fixed.includes(condition));
  const ranged = others.filter(({ field }) => field === order.first.field);
  const prefix = fixed.map(({ value }) => valueKey(value)).join('');
  const bounds = ranged.map((condition) => conditionBounds(order, condition));
  return {
    shape: indexShape([...fixed.map(fixedPart), ...orderedParts(order)]),
    prefix,
    bounds: common([cursorBounds(order, query), ...bounds], prefix),
    rest: others.filter((condition) => !ranged.includes(condition)),
  };
}

/** The part that lies within all bounds, behind a prefix. */
const common = (all: readonly Bounds[], prefix: string): Bounds => ({
  low: prefix + all.map(({ low }) => low).reduce((a, b) => (a > b ? a : b)),
  high: prefix + all.map(({ high }) => high).reduce((a, b) => (a < b ? a : b)),
});
