import type { DatabaseSync } from 'node:sqlite';
import type { Layout } from '@keyserver/docstore';
import { blob, integer, quoted } from './sql.ts';
import { Table, schemaOf } from './table.ts';

/**
 * Brings the table of a collection to a new layout, inside the caller's transaction. New optional fields need nothing;
 * new or other indexes are built from the documents. A layout whose documents cannot be read is refused.
 */
export function migrate(db: DatabaseSync, layout: Layout): void {
  const old = quoted(`${layout.name}#old`);
  const indexes = db.prepare(
    `SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL`,
  );
  for (const found of indexes.all(layout.name))
    db.exec(`DROP INDEX ${quoted(String(found['name']))}`);
  db.exec(`ALTER TABLE ${quoted(layout.name)} RENAME TO ${old}`);
  for (const statement of schemaOf(layout)) db.exec(statement);
  const table = new Table(db, layout); // without its array index, which is made anew
  for (const found of db.prepare(`SELECT id, version, expires, body FROM ${old}`).iterate()) {
    const body = blob(found['body']);
    const document = table.codec.decode(body);
    const indexed = table.indexed.map((field) => sqlValue(table.codec.read(document, field)));
    const expires = found['expires'] === null ? null : integer(found['expires']);
    table.set(
      String(found['id']),
      { body, indexed, array: [], expires },
      integer(found['version']),
    );
  }
  db.exec(`DROP TABLE ${old}`);
  db.prepare('UPDATE "#layouts" SET layout = ? WHERE name = ?').run(
    JSON.stringify(layout),
    layout.name,
  );
}

function sqlValue(value: unknown): number | string {
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  throw new Error('a stored document lacks an indexed field');
}
