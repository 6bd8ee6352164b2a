import { StoreFault } from '@keyserver/docstore';
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

const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** Whether an error is SQLite's word that a file is no sound database. */
export const isUnreadable = (error: unknown): boolean =>
  [SQLITE_CORRUPT, SQLITE_NOTADB].includes(primaryCode(codeOf(error)));

const PRIMARY_CODE = 0xff;
const SQLITE_BUSY = 5;
const SQLITE_CONSTRAINT = 19;

/** Whether an error is SQLite's word that another connection has the lock. */
export const isBusy = (error: unknown): boolean => primaryCode(codeOf(error)) === SQLITE_BUSY;

/** Whether an error is SQLite's word that a row of this key exists. */
export const isConstraint = (error: unknown): boolean =>
  primaryCode(codeOf(error)) === SQLITE_CONSTRAINT;

/** SQLite's extended result code without what extends it. */
export const primaryCode = (code: number | undefined): number => (code ?? 0) & PRIMARY_CODE;

/** SQLite's result code, of an error of its own or of a fault made of one. */
export function codeOf(error: unknown): number | undefined {
  if (error instanceof StoreFault) return error.details.number;
  // SQLite's errors are told by their code: that they are Errors says nothing, and holds only within one realm.
  const isOfSqlite =
    typeof error === 'object' &&
    error !== null &&
    'errcode' in error &&
    typeof error.errcode === 'number';
  return isOfSqlite ? Number(error.errcode) : undefined;
}
