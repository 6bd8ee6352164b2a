import { type Condition, isInequality, nameKey } from './conditions.ts';
import { NAME } from './field-path.ts';
import type { IndexPart } from './index-shape.ts';
import { Refusal } from '../grpc/refusal.ts';
import type { Cursor, StructuredQuery } from './requests.ts';
import type { Bounds } from './sorted-entries.ts';
import type { Value } from './value.ts';
import { after, inverted, textKey, typeRank, valueKey } from './value-key.ts';

/** One step of a query's order. */
export interface Order {
  readonly field: string;
  readonly descending: boolean;
}

/** The whole order of a query; the last step is always by name, and an index is read downwards if that one descends. */
export interface QueryOrder {
  readonly collection: string;
  readonly first: Order;
  readonly steps: readonly Order[];
  readonly downwards: boolean;
}

const byText = (a: string, b: string): number => (textKey(a) < textKey(b) ? -1 : 1);

/** The order that a query asks for, completed as Firestore completes it: by the compared fields, then by name. */
export function orderOf(
  collection: string,
  query: StructuredQuery,
  conditions: readonly Condition[],
): QueryOrder {
  const asked = query.orderBy.map(({ field, direction }) => ({
    field: field.fieldPath,
    descending: direction === 'DESCENDING',
  }));
  const descending = asked.at(-1)?.descending ?? false;
  const compared = conditions.filter(isInequality).map(({ field }) => field);
  const implied = [...new Set(compared)].sort(byText);
  const missing = [...implied.filter((field) => field !== NAME), NAME].filter(
    (field) => !asked.some((order) => order.field === field),
  );
  const all = [...asked, ...missing.map((field) => ({ field, descending }))];
  const steps = all.slice(0, all.findIndex(({ field }) => field === NAME) + 1);
  const [first = { field: NAME, descending }] = steps;
  return { collection, first, steps, downwards: steps.at(-1)?.descending ?? false };
}

const isFlipped = (order: QueryOrder, step: Order): boolean =>
  step.field !== NAME && step.descending !== order.downwards;

/** The parts of an index that lie in this order when it is read in the order's direction. */
export const orderedParts = (order: QueryOrder): readonly IndexPart[] =>
  order.steps
    .filter(({ field }) => field !== NAME)
    .map((step) => ({
      field: step.field,
      mode: isFlipped(order, step) ? 'DESCENDING' : 'ASCENDING',
    }));

function stepKey(order: QueryOrder, step: Order, value: Value): string {
  if (step.field === NAME) return nameKey(value, order.collection);
  return isFlipped(order, step) ? inverted(valueKey(value)) : valueKey(value);
}

function cursorKey(order: QueryOrder, cursor: Cursor): string {
  const keys = cursor.values.map((value, at) => {
    const step = order.steps[at];
    if (step === undefined)
      throw new Refusal('INVALID_ARGUMENT', 'A cursor has more values than the query has orders.');
    return stepKey(order, step, value);
  });
  return keys.join('');
}

/** The part of the order that the cursors leave. */
export function cursorBounds(order: QueryOrder, query: StructuredQuery): Bounds {
  const edge = (cursor: Cursor | null): string | undefined => {
    if (cursor === null) return undefined;
    const key = cursorKey(order, cursor);
    return cursor.before === order.downwards ? after(key) : key;
  };
  const [start, end] = [edge(query.startAt), edge(query.endAt)];
  const [low = '', high = after('')] = order.downwards ? [end, start] : [start, end];
  return { low, high };
}

/** The part of the order that a condition on its first field leaves: values of the same type only. */
export function conditionBounds(order: QueryOrder, condition: Condition): Bounds {
  const key = stepKey(order, order.first, condition.value);
  const flipped = isFlipped(order, order.first);
  const rank = order.first.field === NAME ? '' : typeRank(condition.value);
  const type = flipped ? inverted(rank) : rank;
  if (condition.operator === 'EQUAL') return { low: key, high: after(key) };
  const keepsKey = condition.operator.endsWith('_OR_EQUAL');
  const isUpper = condition.operator.startsWith('LESS_THAN') !== flipped;
  return isUpper
    ? { low: type, high: keepsKey ? after(key) : key }
    : { low: keepsKey ? key : after(key), high: after(type) };
}
