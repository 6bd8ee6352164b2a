import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type Layout, codecOf } from '@keyserver/docstore';
import { naming } from './fault.ts';
import { blob, integer, quoted } from './sql.ts';

// Some thousand uploads: a transaction takes far less time than they do.
const REMEMBERED = 50_000;

/** The table of a collection's array index. */
const nameOf = (layout: Layout): string => `arrays.${quoted(layout.name)}`;

/**
 * Finds documents by a value of their indexed array: a table of values and document ids, which changes in the same
 * transaction as the document. Of a deleted document no entry remains.
 */
export class ArrayIndex {
  private readonly insert: StatementSync;
  private readonly removeOne: StatementSync;
  private readonly removeAll: StatementSync;
  private readonly valuesOf: (body: Uint8Array) => readonly number[];
  private readonly changed: () => void;
  private readonly name: string;
  private readonly db: DatabaseSync;
  private readonly searches = new Map<number, StatementSync>();
  /** Values that this process has added, and the newest commit of each, since the commit `knownSince`. */
  private readonly added = new Map<number, number>();
  private knownSince = Infinity;

  /** `changed` is told of every change. */
  constructor(db: DatabaseSync, layout: Layout, changed: () => void) {
    const name = nameOf(layout);
    this.db = db;
    this.name = name;
    this.insert = db.prepare(`INSERT OR IGNORE INTO ${name} (value, id) VALUES (?, ?)`);
    this.removeOne = db.prepare(`DELETE FROM ${name} WHERE value = ? AND id = ?`);
    this.removeAll = db.prepare(`DELETE FROM ${name} WHERE id = ?`);
    this.valuesOf = arrayReader(layout);
    this.changed = changed;
  }

  /** The ids of the documents whose array holds any of the values, in no order. */
  find(values: readonly number[]): readonly string[] {
    const known = this.searches.get(values.length);
    const search =
      known ??
      this.db.prepare(
        `SELECT DISTINCT id FROM ${this.name} WHERE value IN (${values.map(() => '?').join(', ')})`,
      );
    if (known === undefined) this.searches.set(values.length, search);
    return naming('array index', () => search.all(...values).map(({ id }) => String(id)));
  }

  /** Whether a commit after `asOf` may have added one of the values; true as well when that is not known. */
  mayHaveAdded(values: readonly number[], asOf: number): boolean {
    return asOf < this.knownSince || values.some((value) => (this.added.get(value) ?? 0) > asOf);
  }

  /** Another process has changed the index up to the commit `seq`: what it has added is not known. */
  forget(seq: number): void {
    this.added.clear();
    this.knownSince = seq;
  }

  add(id: string, values: readonly number[], version: number): void {
    this.changed();
    if (this.added.size > REMEMBERED) this.forget(version);
    for (const value of values) {
      this.insert.run(value, id);
      this.added.set(value, version);
    }
  }

  /** Takes a document out of the index. One that cannot be read is looked for in all entries, so that it can go all the same. */
  remove(id: string, body: Uint8Array): void {
    this.changed();
    try {
      for (const value of this.valuesOf(body)) this.removeOne.run(value, id);
    } catch {
      this.removeAll.run(id);
    }
  }
}

/** The statements that make the table of an array index. */
export const arraySchemaOf = (layout: Layout): readonly string[] => [
  `CREATE TABLE ${nameOf(layout)} (value INTEGER NOT NULL, id TEXT NOT NULL, PRIMARY KEY (value, id)) WITHOUT ROWID`,
];

/** Fills a new array index from the documents, in the order of its values; gives how many entries it has. */
export function fillArray(db: DatabaseSync, layout: Layout): number {
  const entries = entriesOf(db, layout);
  const { changes } = db.prepare(`INSERT INTO ${nameOf(layout)} ${entries} ORDER BY 1, 2`).run();
  return Number(changes);
}

/** How many entries of an array index lack, and how many of them no document has; on one snapshot. */
export function compareArray(
  db: DatabaseSync,
  layout: Layout,
): { readonly missing: number; readonly stray: number } {
  const [wanted, there] = [entriesOf(db, layout), `SELECT value, id FROM ${nameOf(layout)}`];
  const count = (one: string, other: string): number =>
    integer(db.prepare(`SELECT count(*) AS n FROM (${one} EXCEPT ${other})`).get()?.['n']);
  return { missing: count(wanted, there), stray: count(there, wanted) };
}

/** The entries that the documents of a collection should have, each once, as a statement. */
function entriesOf(db: DatabaseSync, layout: Layout): string {
  const read = arrayReader(layout);
  const name = quoted(`values of ${layout.name}`);
  db.function(`values of ${layout.name}`, { deterministic: true }, (body) =>
    JSON.stringify(read(blob(body))),
  );
  return `SELECT DISTINCT v.value, d.id FROM main.${quoted(layout.name)} AS d, json_each(${name}(d.body)) AS v`;
}

/** Reads the indexed array of a stored document. */
function arrayReader(layout: Layout): (body: Uint8Array) => readonly number[] {
  const field = layout.arrayIndex ?? '';
  const fields = layout.fields.map((each) => [each.name, { ...each, parse: asStored }] as const);
  const codec = codecOf(Object.fromEntries(fields)).only([field]);
  return (body) => {
    const value = codec.read(codec.decode(body), field);
    return Array.isArray(value) ? value.map(Number) : [];
  };
}

const asStored = (value: unknown): unknown => value;
