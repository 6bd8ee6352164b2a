import type { Row } from './protocol.ts';

/** A name as an SQL identifier. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** An integer that SQLite gave; anything else is a broken database. */
export function integer(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new Error('the database holds no integer here');
  return value;
}

/** Bytes that SQLite gave; anything else is a broken database. */
export function blob(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Error('the database holds no bytes here');
  return value;
}

/** A row with id, version and body. */
export const rowOf = (found: Record<string, unknown>): Row => ({
  id: String(found['id']),
  version: integer(found['version']),
  body: blob(found['body']),
});
