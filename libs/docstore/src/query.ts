import type { Layout } from './collection.ts';

/** A document and its id. */
export interface Found<D> {
  readonly id: string;
  readonly value: D;
}

export type Comparable = number | string | boolean;

/** Where a query goes on: strictly after this document. `value` is its value of the ordering field, if there is one. */
export interface Cursor {
  readonly id: string;
  readonly value?: Comparable;
}

/**
 * A query: equalities, then at most one ordering field with an optional range on it; results come in the order of that
 * field, then of the document id. Or the documents whose array-indexed field contains any of at most 30 values, by id.
 */
export interface Query<D> {
  readonly where?: Partial<Readonly<Record<keyof D & string, Comparable>>>;
  readonly order?: {
    readonly by: keyof D & string;
    /** Smallest value, inclusive. */
    readonly from?: Comparable;
    /** Largest value, exclusive. */
    readonly until?: Comparable;
  };
  readonly containsAny?: { readonly field: keyof D & string; readonly values: readonly number[] };
  readonly after?: Cursor;
  /** At most so many documents in all. */
  readonly limit?: number;
}

/** A query of any collection, as a store sees it. */
export type AnyQuery = Query<Readonly<Record<string, unknown>>>;

/** Most values of one `containsAny` (Firestore's limit). */
export const MAX_CONTAINS_ANY = 30;

/**
 * The declared index that serves a query: its field names, [] for a walk by id, or 'array'.
 * Throws a RangeError where Firestore would refuse the query.
 */
export function indexFor(layout: Layout, query: AnyQuery): readonly string[] | 'array' {
  const { where, order, containsAny } = parts(query);
  if (containsAny !== undefined) {
    const fits =
      containsAny.field === layout.arrayIndex && where.length === 0 && order === undefined;
    if (!fits || containsAny.values.length > MAX_CONTAINS_ANY) throw refuse(layout, query);
    return 'array';
  }
  const wanted = order === undefined ? where : [...where, order.by];
  if (wanted.length === 0) return [];
  const found = layout.indexes.find((index) => serves(index, where, order?.by));
  if (found === undefined) throw refuse(layout, query);
  return found;
}

function parts(query: AnyQuery): {
  where: string[];
  order: { by: string } | undefined;
  containsAny: { field: string; values: readonly number[] } | undefined;
} {
  const where = Object.entries(query.where ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  );
  return { where, order: query.order, containsAny: query.containsAny };
}

function serves(
  index: readonly string[],
  where: readonly string[],
  by: string | undefined,
): boolean {
  const equal = by === undefined ? index : index.slice(0, -1);
  if (by !== undefined && index.at(-1) !== by) return false;
  return equal.length === where.length && equal.every((name) => where.includes(name));
}

function refuse(layout: Layout, query: AnyQuery): RangeError {
  const { where, order, containsAny } = parts(query);
  const shape = [...where, ...(order === undefined ? [] : [order.by])].join(', ');
  return new RangeError(
    containsAny === undefined
      ? `${layout.name} declares no index (${shape})`
      : `${layout.name} cannot be searched by ${containsAny.field} in this way`,
  );
}
