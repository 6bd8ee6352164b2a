import type { StatementSync } from 'node:sqlite';
import type { Database } from './database.ts';
import { parseLayout } from './array-file.ts';
import { integer, quoted } from './sql.ts';
import type { Table } from './table.ts';

const DOCUMENTS = 500;

/**
 * Deletes expired documents of every collection that the store has, also of those that this process never opens, in small
 * steps; those with a grace when that has passed too. The lock is taken only when there is something to delete.
 */
export class Sweeper {
  private readonly database: Database;
  private readonly positions = new Map<string, string>();
  private readonly searches = new Map<string, StatementSync>();
  private readonly tables = new Map<string, Table>();

  constructor(database: Database) {
    this.database = database;
  }

  /** The names of the collections whose documents expire. */
  expiring(): readonly string[] {
    const sql = `SELECT name FROM "#layouts" WHERE layout ->> '$.expiry' IS NOT NULL ORDER BY name`;
    return this.database.db
      .prepare(sql)
      .all()
      .map(({ name }) => String(name));
  }

  /** Looks at the next documents of a collection and deletes those that may go at the time `now`. */
  step(collection: string, now: number): void {
    const deadline = now - this.graceOf(collection);
    const from = this.positions.get(collection) ?? '';
    const seen = this.searchOf(collection).all(deadline, from, DOCUMENTS);
    const expired = seen.filter(({ expired }) => expired === 1).map(({ id }) => String(id));
    if (expired.length > 0) this.delete(collection, expired, deadline);
    const isEnd = seen.length < DOCUMENTS;
    this.positions.set(collection, isEnd ? '' : String(seen.at(-1)?.['id']));
  }

  // Another process may have written a document anew since it was seen.
  private delete(collection: string, ids: readonly string[], deadline: number): void {
    const table = this.tableOf(collection);
    this.database.inLock(() => {
      const expired = this.database.db.prepare(
        `SELECT 1 FROM ${quoted(collection)} WHERE expires <= ? AND id = ?`,
      );
      for (const id of ids) if (expired.get(deadline, id) !== undefined) table.delete(id);
    });
  }

  private graceOf(collection: string): number {
    const sql = `SELECT layout ->> '$.grace' AS grace FROM "#layouts" WHERE name = ?`;
    return integer(this.database.db.prepare(sql).get(collection)?.['grace'] ?? 0);
  }

  private tableOf(collection: string): Table {
    const known = this.tables.get(collection);
    if (known !== undefined) return known;
    const sql = 'SELECT layout FROM "#layouts" WHERE name = ?';
    const stored = this.database.db.prepare(sql).get(collection)?.['layout'];
    const table = this.database.open(parseLayout(String(stored)));
    this.tables.set(collection, table);
    return table;
  }

  private searchOf(collection: string): StatementSync {
    const sql = `SELECT id, expires <= ? AS expired FROM ${quoted(collection)}
      WHERE id > ? ORDER BY id LIMIT ?`;
    const search = this.searches.get(sql) ?? this.database.db.prepare(sql);
    this.searches.set(sql, search);
    return search;
  }
}
