import type { Condition } from './conditions.ts';
import { collectionId } from './document-name.ts';
import { NAME } from './field-path.ts';
import type { IndexMode } from './index-shape.ts';
import type { QueryPlan } from './query-plan.ts';
import type { Order } from './query-order.ts';
import { Refusal } from '../grpc/refusal.ts';

/** The declared indexes, as terraform/firestore-indexes.json lists them. */
export interface FirestoreIndexes {
  readonly indexes: readonly {
    readonly collection: string;
    readonly fields: readonly IndexedField[];
  }[];
  /** The single-field indexes where they differ from the cloud's own; "*" is every field without an entry. */
  readonly fields: readonly {
    readonly collection: string;
    readonly field: string;
    readonly indexes: readonly Omit<IndexedField, 'field'>[];
  }[];
}

interface IndexedField {
  readonly field: string;
  readonly order?: string;
  readonly arrayConfig?: string;
}

interface Part {
  readonly field: string;
  readonly mode: IndexMode;
}

const AUTOMATIC: readonly IndexMode[] = ['ASCENDING', 'DESCENDING', 'CONTAINS'];

const modeOf = ({ order, arrayConfig }: Omit<IndexedField, 'field'>): IndexMode =>
  arrayConfig !== undefined ? 'CONTAINS' : order === 'DESCENDING' ? 'DESCENDING' : 'ASCENDING';

/** How a field of a collection is indexed by itself: by its own entry, its map's, the collection's, or the cloud's. */
export function singleFieldModes(
  declared: FirestoreIndexes,
  collection: string,
  field: string,
): readonly IndexMode[] {
  const entry = declared.fields.find((one) => one.collection === collection && one.field === field);
  if (entry !== undefined) return entry.indexes.map(modeOf);
  if (field === '*') return AUTOMATIC;
  const dot = field.lastIndexOf('.');
  return singleFieldModes(declared, collection, dot < 0 ? '*' : field.slice(0, dot));
}

/** Refuses a query that the declared indexes cannot answer, in the words of the cloud. */
export function checkIndexed(declared: FirestoreIndexes, plan: QueryPlan): void {
  const collection = collectionId(plan.collection);
  for (const conditions of plan.alternatives) {
    const fixed = fixedParts(conditions);
    const orders = plan.order.steps.filter(
      ({ field }) => !fixed.some((part) => part.field === field && part.mode === 'ASCENDING'),
    );
    if (!isServed(indexesOf(declared, collection, fixed, orders), fixed, orders))
      throw new Refusal(
        'FAILED_PRECONDITION',
        `The query requires an index: ${collection} by ${described(fixed, orders)}.`,
      );
  }
}

const fixedParts = (conditions: readonly Condition[]): readonly Part[] =>
  conditions
    .filter(({ field }) => field !== NAME)
    .filter(({ operator }) => operator === 'EQUAL' || operator === 'ARRAY_CONTAINS')
    .map(({ field, operator }) => ({
      field,
      mode: operator === 'EQUAL' ? 'ASCENDING' : 'CONTAINS',
    }));

function indexesOf(
  declared: FirestoreIndexes,
  collection: string,
  fixed: readonly Part[],
  orders: readonly Order[],
): readonly (readonly Part[])[] {
  const composite = declared.indexes
    .filter((index) => index.collection === collection)
    .map(({ fields }) => fields.map((one) => ({ field: one.field, mode: modeOf(one) })));
  const fields = new Set([...fixed, ...orders].map(({ field }) => field));
  fields.delete(NAME);
  const single = [...fields].flatMap((field) =>
    singleFieldModes(declared, collection, field).map((mode) => [{ field, mode }]),
  );
  return [...composite, ...single].map(named);
}

/** Every index ends with the document's name, in the direction of its last field. */
function named(parts: readonly Part[]): readonly Part[] {
  const last = parts.at(-1);
  if (last === undefined || last.field === NAME) return parts;
  return [...parts, { field: NAME, mode: last.mode === 'DESCENDING' ? 'DESCENDING' : 'ASCENDING' }];
}

/** A query is served by indexes that all end in its order, and whose beginnings together hold its equalities. */
function isServed(
  indexes: readonly (readonly Part[])[],
  fixed: readonly Part[],
  orders: readonly Order[],
): boolean {
  const usable = indexes.map((parts) => ({
    start: parts.slice(0, -orders.length),
    end: parts.slice(-orders.length),
  }));
  const starts = usable
    .filter(
      ({ start, end }) => isInOrder(end, orders) && start.every((part) => isAmong(part, fixed)),
    )
    .map(({ start }) => start);
  if (fixed.length === 0)
    return starts.some((start) => start.length === 0) || isByNameUpwards(orders);
  return fixed.every((part) => starts.some((start) => isAmong(part, start)));
}

const isByNameUpwards = ([first]: readonly Order[]): boolean =>
  first?.field === NAME && !first.descending;

/** An index may be read either way. */
function isInOrder(parts: readonly Part[], orders: readonly Order[]): boolean {
  const fits = (backwards: boolean): boolean =>
    parts.length === orders.length &&
    parts.every(({ field, mode }, at) => {
      const order = orders[at];
      const descending = order?.descending !== backwards;
      return field === order?.field && mode === (descending ? 'DESCENDING' : 'ASCENDING');
    });
  return fits(false) || fits(true);
}

const isAmong = (part: Part, others: readonly Part[]): boolean =>
  others.some(
    (other) =>
      other.field === part.field && (other.mode === 'CONTAINS') === (part.mode === 'CONTAINS'),
  );

const described = (fixed: readonly Part[], orders: readonly Order[]): string =>
  [
    ...fixed.map(({ field, mode }) => `${field} ${mode}`),
    ...orders.map(({ field, descending }) => `${field} ${descending ? 'DESCENDING' : 'ASCENDING'}`),
  ].join(', ');
