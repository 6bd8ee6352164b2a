import { type AnyQuery, type Comparable, StoreFault } from '@keyserver/docstore';
import type { Row } from './protocol.ts';

/** A name as an SQL identifier. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** An integer that SQLite gave; anything else is a broken database. */
export function integer(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new StoreFault('damaged', 'the database holds no integer here');
  return value;
}

/** Bytes that SQLite gave; anything else is a broken database. */
export function blob(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array))
    throw new StoreFault('damaged', 'the database holds no bytes here');
  return value;
}

/** What a statement gives whose rows are whole documents; as arrays, which cost half of what objects do. */
export const ROW_COLUMNS = 'id, version, body';

/** A row of a statement that gives arrays. */
export function arrayOf(found: unknown): readonly unknown[] {
  if (!Array.isArray(found)) throw new StoreFault('damaged', 'the database gives no array here');
  return found;
}

/** A row of a statement with ROW_COLUMNS that gives arrays. */
export function rowOf(found: unknown): Row {
  const [id, version, body] = arrayOf(found);
  if (typeof id !== 'string') throw new StoreFault('damaged', 'the database holds no text here');
  return { id, version: integer(version), body: blob(body) };
}

/** What SQLite takes as a parameter. */
export type SqlValue = number | string | null | Uint8Array;

/** The column of an indexed field. */
export const column = (field: string): string => quoted(`f_${field}`);

interface Condition {
  readonly sql: string;
  readonly values: readonly Comparable[];
}

/** A query's equalities, range and cursor as a WHERE clause with its parameters; of a search by array, the ids that it found. */
export function conditionsOf(
  query: AnyQuery,
  ids?: readonly string[],
): { where: string; values: SqlValue[] } {
  const found =
    ids === undefined
      ? []
      : [{ sql: 'id IN (SELECT value FROM json_each(?))', values: [JSON.stringify(ids)] }];
  const conditions = [...found, ...equalities(query), ...range(query), ...cursor(query)];
  if (conditions.length === 0) return { where: '', values: [] };
  return {
    where: ` WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`,
    values: conditions.flatMap(({ values }) => values.map(sqlValue)),
  };
}

const equalities = ({ where }: AnyQuery): Condition[] =>
  Object.entries(where ?? {}).flatMap(([field, value]) =>
    value === undefined ? [] : [{ sql: `${column(field)} = ?`, values: [value] }],
  );

// A cursor is a document of its query, so it implies the smallest value. SQLite would begin there if it were told of both,
// and walk again over all that earlier pages gave.
function range({ order, after }: AnyQuery): Condition[] {
  if (order === undefined) return [];
  const by = column(order.by);
  const begins = order.from !== undefined && after === undefined;
  return [
    ...(begins ? [{ sql: `${by} >= ?`, values: [order.from] }] : []),
    ...(order.until === undefined ? [] : [{ sql: `${by} < ?`, values: [order.until] }]),
  ];
}

function cursor({ order, after }: AnyQuery): Condition[] {
  if (after === undefined) return [];
  if (order === undefined) return [{ sql: 'id > ?', values: [after.id] }];
  if (after.value === undefined) throw new TypeError('a cursor of an ordered query has a value');
  return [{ sql: `(${column(order.by)}, id) > (?, ?)`, values: [after.value, after.id] }];
}

const sqlValue = (value: Comparable): SqlValue =>
  typeof value === 'boolean' ? Number(value) : value;
