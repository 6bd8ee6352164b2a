import type { StatementSync } from 'node:sqlite';
import { column } from './sql.ts';
import type { Database } from './database.ts';
import { type HeldBack, LONGEST_HOLD } from './hold-back.ts';
import { parseLayout } from './array-file.ts';
import { quoted } from './sql.ts';
import type { Table } from './table.ts';

const DOCUMENTS = 500;

/**
 * Deletes expired documents of every collection that the store has, also of those that this process never opens, in small
 * steps. The lock is taken only when there is something to delete.
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
  step(collection: string, now: number, held: readonly HeldBack[]): void {
    const deadline = deadlineOf(collection, now, held);
    const from = this.positions.get(collection) ?? '';
    const seen = this.searchOf(collection, deadline).all(...deadline.values, from, DOCUMENTS);
    const expired = seen.filter(({ expired }) => expired === 1).map(({ id }) => String(id));
    if (expired.length > 0) this.delete(collection, expired, deadline);
    const isEnd = seen.length < DOCUMENTS;
    this.positions.set(collection, isEnd ? '' : String(seen.at(-1)?.['id']));
  }

  // Another process may have written a document anew since it was seen.
  private delete(collection: string, ids: readonly string[], { sql, values }: Deadline): void {
    const table = this.tableOf(collection);
    this.database.inLock(() => {
      const expired = this.database.db.prepare(
        `SELECT 1 FROM ${quoted(collection)} WHERE expires <= ${sql} AND id = ?`,
      );
      for (const id of ids) if (expired.get(...values, id) !== undefined) table.delete(id);
    });
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

  private searchOf(collection: string, deadline: Deadline): StatementSync {
    const sql = `SELECT id, expires <= ${deadline.sql} AS expired FROM ${quoted(collection)}
      WHERE id > ? ORDER BY id LIMIT ?`;
    const search = this.searches.get(sql) ?? this.database.db.prepare(sql);
    this.searches.set(sql, search);
    return search;
  }
}

/** The expiry up to which a document goes, as an expression over its row. */
interface Deadline {
  readonly sql: string;
  readonly values: readonly number[];
}

function deadlineOf(collection: string, now: number, held: readonly HeldBack[]): Deadline {
  const ours = held.find((each) => each.collection === collection);
  if (ours === undefined) return { sql: '?', values: [now] };
  const sql = `CASE WHEN ${column(ours.field)} >= ? THEN ? ELSE ? END`;
  return { sql, values: [ours.from, now - LONGEST_HOLD, now] };
}
