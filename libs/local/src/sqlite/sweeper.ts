import type { StatementSync } from 'node:sqlite';
import { DAY } from '@keyserver/time';
import type { Database } from './database.ts';
import { quoted } from './sql.ts';

const DOCUMENTS = 500;

/**
 * How long after its expiry a document stays. No clock that is believed without asking anybody is wrong by so much, and an
 * export that is late has not covered everything at the time of its expiry.
 */
export const SWEEP_GRACE = 7 * DAY;

/**
 * Deletes expired documents of every collection that the store has, also of those that this process never opens, in small
 * steps. The lock is taken only when there is something to delete.
 */
export class Sweeper {
  private readonly database: Database;
  private readonly positions = new Map<string, string>();
  private readonly searches = new Map<string, StatementSync>();

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

  /** Looks at the next documents of a collection and deletes those that expired long enough before `now`. */
  step(collection: string, now: number): void {
    const before = now - SWEEP_GRACE;
    const seen = this.searchOf(collection).all(this.positions.get(collection) ?? '', DOCUMENTS);
    const expired = seen.filter(({ expires }) => typeof expires === 'number' && expires <= before);
    if (expired.length > 0)
      this.delete(
        collection,
        expired.map(({ id }) => String(id)),
        before,
      );
    const isEnd = seen.length < DOCUMENTS;
    this.positions.set(collection, isEnd ? '' : String(seen.at(-1)?.['id']));
  }

  // Another process may have written a document anew since it was seen.
  private delete(collection: string, ids: readonly string[], before: number): void {
    const sql = `DELETE FROM ${quoted(collection)} WHERE id = ? AND expires <= ?`;
    this.database.inLock(() => {
      const remove = this.database.db.prepare(sql);
      for (const id of ids) remove.run(id, before);
    });
  }

  private searchOf(collection: string): StatementSync {
    const known = this.searches.get(collection);
    if (known !== undefined) return known;
    const sql = `SELECT id, expires FROM ${quoted(collection)} WHERE id > ? ORDER BY id LIMIT ?`;
    const search = this.database.db.prepare(sql);
    this.searches.set(collection, search);
    return search;
  }
}
