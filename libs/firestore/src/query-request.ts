import type { AnyQuery, Cursor, Layout } from '@keyserver/docstore';
import { queriedValue } from './document.ts';
import type { Names, Value } from './wire.ts';

type Operator = 'EQUAL' | 'GREATER_THAN_OR_EQUAL' | 'LESS_THAN' | 'ARRAY_CONTAINS_ANY';
interface FieldName {
  readonly fieldPath: string;
}
interface Filter {
  readonly fieldFilter: { readonly field: FieldName; readonly op: Operator; readonly value: Value };
}

/** A query in the words of Firestore's protocol. */
export interface StructuredQuery {
  readonly from: { readonly collectionId: string }[];
  readonly where?: { readonly compositeFilter: { readonly op: 'AND'; readonly filters: Filter[] } };
  readonly orderBy: { readonly field: FieldName; readonly direction: 'ASCENDING' }[];
  readonly startAt?: { readonly values: Value[]; readonly before: false };
  readonly limit?: { readonly value: number };
  readonly select?: { readonly fields: FieldName[] };
}

const ID = '__name__';

/** Translates a query. `fields` are all that is wanted of each document; undefined for all. */
export function structuredQuery(
  names: Names,
  layout: Layout,
  query: AnyQuery,
  fields: readonly string[] | undefined,
): StructuredQuery {
  const filters = filtersOf(layout, query);
  const order = query.order === undefined ? [ID] : [query.order.by, ID];
  return {
    from: [{ collectionId: layout.name }],
    ...(filters.length === 0 ? {} : { where: { compositeFilter: { op: 'AND', filters } } }),
    orderBy: order.map((fieldPath) => ({ field: { fieldPath }, direction: 'ASCENDING' })),
    ...(query.after === undefined ? {} : { startAt: startAt(names, layout, query, query.after) }),
    ...(query.limit === undefined ? {} : { limit: { value: query.limit } }),
    ...(fields === undefined ? {} : { select: { fields: selected(fields, query) } }),
  };
}

function filtersOf(layout: Layout, query: AnyQuery): Filter[] {
  const filter = (name: string, op: Operator, value: unknown): Filter[] =>
    value === undefined
      ? []
      : [
          {
            fieldFilter: {
              field: { fieldPath: name },
              op,
              value: queriedValue(layout, name, value),
            },
          },
        ];
  const { where, order, containsAny } = query;
  return [
    ...Object.entries(where ?? {}).flatMap(([name, value]) => filter(name, 'EQUAL', value)),
    ...(order === undefined ? [] : filter(order.by, 'GREATER_THAN_OR_EQUAL', order.from)),
    ...(order === undefined ? [] : filter(order.by, 'LESS_THAN', order.until)),
    ...(containsAny === undefined
      ? []
      : filter(containsAny.field, 'ARRAY_CONTAINS_ANY', containsAny.values)),
  ];
}

function startAt(
  names: Names,
  layout: Layout,
  query: AnyQuery,
  after: Cursor,
): { values: Value[]; before: false } {
  const id = { referenceValue: names.of(layout.name, after.id) };
  const values =
    query.order === undefined ? [id] : [queriedValue(layout, query.order.by, after.value), id];
  return { values, before: false };
}

// A page's cursor needs the ordering field, wanted or not; a document without any field still has its name.
function selected(fields: readonly string[], query: AnyQuery): FieldName[] {
  const wanted = new Set([...fields, ...(query.order === undefined ? [] : [query.order.by])]);
  return wanted.size === 0 ? [{ fieldPath: ID }] : [...wanted].map((fieldPath) => ({ fieldPath }));
}
