import type { DatabaseSync } from 'node:sqlite';
import { type Layout, StoreFault } from '@keyserver/docstore';
import { blob, integer, quoted } from './sql.ts';
import { Table, schemaOf, storedCodec } from './table.ts';

/**
 * The number of the form in which this engine keeps its tables, as `PRAGMA user_version` of the file. 0 is a new file, or the
 * first form, which had no number: its array indexes were sorted runs in tables of their own.
 */
const FILE_FORMAT = 2;

/** Makes the tables of the engine in a new file, and brings one of an earlier form to this one; inside the write lock. */
export function prepareFile(db: DatabaseSync): void {
  const format = integer(db.prepare('PRAGMA user_version').get()?.['user_version']);
  if (format > FILE_FORMAT)
    throw new StoreFault(
      'unavailable',
      'the database was written by a later version of the key server, which alone can read it',
    );
  if (format === FILE_FORMAT) return;
  if (hasTable(db, '#meta')) leaveSortedRuns(db);
  db.exec(`CREATE TABLE IF NOT EXISTS "#meta" (${META}); INSERT OR IGNORE INTO "#meta" VALUES (1, 0, 0, 0, 0, '');
    CREATE TABLE IF NOT EXISTS "#layouts" (name TEXT PRIMARY KEY, layout TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS "#clock" (only INTEGER PRIMARY KEY CHECK (only = 1), boot TEXT NOT NULL,
    uptime INTEGER NOT NULL, wall INTEGER NOT NULL);
    INSERT OR IGNORE INTO "#clock" SELECT 1, '', 0, time FROM "#meta";
    CREATE TABLE IF NOT EXISTS "#caution" (only INTEGER PRIMARY KEY CHECK (only = 1), ms INTEGER NOT NULL);
    INSERT OR IGNORE INTO "#caution" VALUES (1, 0);
    PRAGMA user_version = ${FILE_FORMAT}`);
}

const META = `only INTEGER PRIMARY KEY CHECK (only = 1), seq INTEGER NOT NULL, time INTEGER NOT NULL,
  stamp INTEGER NOT NULL, arrays INTEGER NOT NULL, boot TEXT NOT NULL`;

/**
 * From form 1 to 2: the runs go, and the array indexes are made anew when a collection that has one is opened. A program of
 * form 1 cannot open the file any more, as `#meta` is not what it expects.
 */
function leaveSortedRuns(db: DatabaseSync): void {
  const collections = db
    .prepare(`SELECT name FROM "#layouts" WHERE layout ->> '$.arrayIndex' IS NOT NULL`)
    .all()
    .map(({ name }) => String(name));
  for (const name of collections)
    db.exec(`DROP TABLE IF EXISTS ${quoted(`${name}#runs`)}; DROP TABLE IF EXISTS ${quoted(`${name}#chunks`)};
      DROP INDEX IF EXISTS ${quoted(`${name}#version`)}`);
  db.exec(`ALTER TABLE "#meta" RENAME TO "#meta 1"; CREATE TABLE "#meta" (${META});
    INSERT INTO "#meta" SELECT 1, seq, time, 0, 0, '' FROM "#meta 1"; DROP TABLE "#meta 1"`);
}

const hasTable = (db: DatabaseSync, name: string): boolean =>
  db.prepare(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?`).get(name) !==
  undefined;

/**
 * Brings the table of a collection from one layout to another, inside the caller's transaction. Documents are read as they were
 * stored and written anew, without the fields that are no more; indexes are built from them. A layout with a field that they
 * lack is refused, unless it is optional. False when the table may stay as it is, since the grace alone differs.
 */
export function migrate(db: DatabaseSync, from: Layout, layout: Layout): boolean {
  const isRebuilt = !isSameTable(from, layout);
  if (isRebuilt) rebuild(db, from, layout);
  db.prepare('UPDATE "#layouts" SET layout = ? WHERE name = ?').run(
    JSON.stringify(layout),
    layout.name,
  );
  return isRebuilt;
}

const isSameTable = ({ grace: _, ...before }: Layout, { grace: __, ...now }: Layout): boolean =>
  JSON.stringify(before) === JSON.stringify(now);

function rebuild(db: DatabaseSync, from: Layout, layout: Layout): void {
  const old = quoted(`${layout.name}#old`);
  const indexes = db.prepare(
    `SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL`,
  );
  for (const found of indexes.all(layout.name))
    db.exec(`DROP INDEX ${quoted(String(found['name']))}`);
  db.exec(`ALTER TABLE ${quoted(layout.name)} RENAME TO ${old}`);
  for (const statement of schemaOf(layout)) db.exec(statement);
  const table = new Table(db, layout); // without its array index, which is made anew
  const before = storedCodec(from);
  for (const found of db.prepare(`SELECT id, version, expires, body FROM ${old}`).iterate()) {
    const document = before.decode(blob(found['body']));
    refuseUnfit(document, layout);
    const body = table.codec.encode(document);
    const indexed = table.indexed.map((field) => sqlValue(table.codec.read(document, field)));
    const expires = found['expires'] === null ? null : integer(found['expires']);
    table.set(
      String(found['id']),
      { body, indexed, array: [], expires },
      integer(found['version']),
    );
  }
  db.exec(`DROP TABLE ${old}`);
}

function refuseUnfit(document: object, { fields }: Layout): void {
  const lacking = fields.find(({ name, optional }) => !optional && !Object.hasOwn(document, name));
  if (lacking !== undefined) throw new Error(`stored document lacks ${lacking.name}`);
}

function sqlValue(value: unknown): number | string {
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  throw new Error('a stored document lacks an indexed field');
}
