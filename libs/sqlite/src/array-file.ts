import { closeSync, existsSync, openSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Layout } from '@keyserver/docstore';
import type { Random } from '@keyserver/random';
import { arraySchemaOf, fillArray } from './array-index.ts';
import { isUnreadable, naming } from './fault.ts';
import { namesStarts } from './machine-clocks.ts';
import { integer, quoted } from './sql.ts';

const NUMBERS = 2 ** 40;
// An entry has about 33 bytes, so a page that is half as large as usual is half as much to write for each.
const PAGE_BYTES = 2048;
const CACHE_KIB = 16_384;
const MAPPED_BYTES = 2 ** 30;

/** What the file of the array indexes works with. */
export interface ArrayFileSettings {
  /** The database file, or ':memory:'. */
  readonly database: string;
  /** The name of this start of the machine. */
  readonly boot: string;
  readonly random: Random;
  /** Takes the write lock of the database alone. */
  readonly inLock: <T>(work: () => T) => T;
  /** Hears that another process has changed an index, up to the commit `seq`. */
  readonly changedByOther: (seq: number) => void;
}

/** The database names another file of array indexes than the one that is attached; the transaction runs again over that one. */
export class ExchangedArrayFile extends Error {
  override readonly name = 'ExchangedArrayFile';
}

/**
 * The array indexes of a database, in a file of their own, which is never synced: they can be made anew from the documents,
 * and syncing their scattered pages is what an upload would cost most. Every change writes one random number, the stamp, into
 * both files; when the stamps differ, a process was killed between the two, and the indexes are made anew. A crash of the
 * machine may leave anything behind, so with each start of it a new file begins. The database names the file, and no name is
 * used twice, so a process that has an old one open harms nobody and sees in its next transaction that it is out of use.
 */
export class ArrayFile {
  private readonly db: DatabaseSync;
  private readonly of: ArrayFileSettings;
  /** The number of the file that is attached; 0 for none. */
  private attached = 0;
  private hasChanged = false;
  /** The stamp that this process last wrote or saw. */
  private seen = 0;
  private readonly named: StatementSync;
  private compared: StatementSync | undefined;
  private readonly stampDocuments: StatementSync;
  private stampIndex: StatementSync | undefined;

  constructor(db: DatabaseSync, of: ArrayFileSettings) {
    this.db = db;
    this.of = of;
    this.named = db.prepare('SELECT arrays, boot, stamp, seq FROM main."#meta"');
    this.stampDocuments = db.prepare('UPDATE main."#meta" SET stamp = ?');
    this.attach();
  }

  /** Takes note that a document with an array was written or deleted. */
  changed(): void {
    this.hasChanged = true;
  }

  /**
   * Makes index and documents agree; inside the write lock, before anything else. Gives how many entries were made, or undefined
   * when they agreed.
   */
  begin(): number | undefined {
    this.hasChanged = false;
    const { arrays, stamp, seq } = this.named.get() ?? {};
    if (integer(arrays) !== this.attached) throw new ExchangedArrayFile();
    if (integer(stamp) !== this.seen) this.of.changedByOther(integer(seq));
    this.seen = integer(stamp);
    return this.agrees() ? undefined : this.make();
  }

  /** Whether index and documents agree in the snapshot of this transaction. */
  agrees(): boolean {
    if (this.attached === 0) return false;
    this.compared ??= this.db.prepare(
      'SELECT 1 FROM main."#meta" AS d, arrays."#stamp" AS a WHERE d.stamp = a.stamp AND d.arrays = ?',
    );
    const { compared, attached } = this;
    return naming('array index', () => compared.get(attached) !== undefined);
  }

  /** Stamps both files when a document with an array has changed; inside the write lock, after everything else. */
  end(): void {
    if (this.hasChanged) this.stamp();
  }

  /** Gives the file up and begins a new one, outside every transaction. */
  renew(): void {
    this.of.inLock(() => {
      this.beginFile();
    });
    this.attach();
  }

  /** Attaches the file that the database names, outside every transaction; a new one when that is of no use. */
  attach(): void {
    this.detach();
    const number = this.of.inLock(() => {
      const { arrays, boot } = this.named.get() ?? {};
      const known = integer(arrays);
      const isOurs = boot === this.of.boot && known !== 0 && this.isThere(known);
      return isOurs ? known : this.beginFile();
    });
    try {
      this.open(number);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.renew();
    }
  }

  /** Attaches a file and makes it ready. Nothing is attached when that fails, so that it can be tried again. */
  private open(number: number): void {
    const path = this.pathOf(number);
    if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
    this.db.prepare('ATTACH DATABASE ? AS arrays').run(path);
    this.attached = number;
    try {
      this.db.exec(`PRAGMA arrays.page_size = ${PAGE_BYTES}; PRAGMA arrays.journal_mode = WAL;
      PRAGMA arrays.synchronous = ${namesStarts() ? 'OFF' : 'NORMAL'};
      PRAGMA arrays.cache_size = -${CACHE_KIB}; PRAGMA arrays.mmap_size = ${MAPPED_BYTES};
      CREATE TABLE IF NOT EXISTS arrays."#stamp" (only INTEGER PRIMARY KEY CHECK (only = 1), stamp INTEGER NOT NULL);`);
    } catch (error) {
      this.detach();
      throw error;
    }
  }

  private detach(): void {
    if (this.attached === 0) return;
    this.db.exec('DETACH DATABASE arrays');
    this.attached = 0;
  }

  /** Lets the database name a new file; inside the lock. What is left of others goes away. */
  private beginFile(): number {
    const number = 1 + this.of.random.below(NUMBERS);
    this.db
      .prepare('UPDATE main."#meta" SET arrays = ?, boot = ?, stamp = 0')
      .run(number, this.of.boot);
    for (const path of this.filesThere()) rmSync(path, { force: true });
    return number;
  }

  /** Makes the indexes anew from the documents; gives how many entries they have. */
  private make(): number {
    const found = this.db.prepare(
      `SELECT name FROM arrays.sqlite_master WHERE type = 'table' AND name <> '#stamp'`,
    );
    for (const { name } of found.all()) this.db.exec(`DROP TABLE arrays.${quoted(String(name))}`);
    let entries = 0;
    for (const layout of layoutsWithArray(this.db)) {
      for (const statement of arraySchemaOf(layout)) this.db.exec(statement);
      entries += fillArray(this.db, layout);
    }
    this.stamp();
    return entries;
  }

  private stamp(): void {
    const stamp = 1 + this.of.random.below(NUMBERS);
    this.seen = stamp;
    this.stampDocuments.run(stamp);
    this.stampIndex ??= this.db.prepare('INSERT OR REPLACE INTO arrays."#stamp" VALUES (1, ?)');
    this.stampIndex.run(stamp);
  }

  private isThere(number: number): boolean {
    return existsSync(this.pathOf(number));
  }

  private pathOf(number: number): string {
    const { database } = this.of;
    if (database === ':memory:') return database;
    return join(dirname(database), `${PREFIX}${String(number)}.${basename(database)}`);
  }

  private filesThere(): readonly string[] {
    const { database } = this.of;
    if (database === ':memory:') return [];
    const ours = new Set(OWN_FILES.map((ending) => `${basename(database)}${ending}`));
    return readdirSync(dirname(database))
      .filter((name) => ours.has(NUMBERED.exec(name)?.[1] ?? ''))
      .map((name) => join(dirname(database), name));
  }
}

// Otherwise than SQLite names the files that belong to a database.
const PREFIX = 'array-index.';
const NUMBERED = /^array-index\.[0-9]+\.(.+)$/;

// What SQLite keeps of a file: itself and, beside it, what is to be written into it.
const OWN_FILES = ['', '-wal', '-shm', '-journal'];

/** The collections of a database that have an array index. */
export const layoutsWithArray = (db: DatabaseSync): readonly Layout[] =>
  db
    .prepare('SELECT layout FROM main."#layouts" ORDER BY name')
    .all()
    .map(({ layout }) => parseLayout(String(layout)))
    .filter(({ arrayIndex }) => arrayIndex !== undefined);

// eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- written by database.ts, the only one that does
export const parseLayout = (text: string): Layout => JSON.parse(text) as Layout;
