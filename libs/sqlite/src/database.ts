import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Layout } from '@keyserver/docstore';
import type { Random } from '@keyserver/random';
import { type ClockReading, type Timers, unixMillis } from '@keyserver/time';
import { ArrayFile, ExchangedArrayFile, parseLayout } from './array-file.ts';
import { ArrayIndex } from './array-index.ts';
import { CommitWitness } from './commit-witness.ts';
import { naming, patiently } from './fault.ts';
import { migrate, prepareFile } from './file-format.ts';
import { integer } from './sql.ts';
import { Table, schemaOf } from './table.ts';

const BUSY_MS = 50;
const SETUP_BUSY_MS = 10_000;
// Pages are read through the map; SQLite walks over all of a large cache at every commit that splits a page.
const CACHE_KIB = 16_384;
const MAPPED_BYTES = 2 ** 30;
const CHECKPOINT_PAGES = 16_000;

/** The one row that orders everything: what every writer reads and advances inside the write lock. */
export interface Meta {
  /** Number of the last commit. */
  readonly seq: number;
  /** The latest store time that anybody was given. */
  readonly time: number;
}

/** What a database is opened with. */
export interface DatabaseSettings {
  /** The name of this start of the machine. */
  readonly boot: string;
  readonly random: Random;
  readonly timers: Pick<Timers, 'monotonic'>;
  /** How much of each file is read through a memory map at most; 1 GiB unless given. */
  readonly mappedBytes?: number | undefined;
  /** Hears that the array indexes were made anew, and how many entries they have. */
  readonly made?: (entries: number) => void;
}

/** One connection to the database file. Every call is synchronous and short. */
export class Database {
  readonly db: DatabaseSync;
  private readonly witness: CommitWitness | undefined;
  /** The commit number that the transaction under way has written. */
  private written: number | undefined;
  private readonly statements;
  private readonly readMeta;
  private readonly saveMeta;
  private readonly readAnchor;
  private readonly saveAnchor;
  private readonly readCaution;
  private readonly saveCaution;

  private readonly file: string;
  private readonly of: DatabaseSettings;
  private arrays: ArrayFile | undefined;
  private readonly indexes: ArrayIndex[] = [];

  constructor(file: string, of: DatabaseSettings) {
    this.file = file;
    this.of = of;
    this.db = new DatabaseSync(file, { timeout: SETUP_BUSY_MS });
    // Several processes may find the same new file. SQLite itself does not wait here for the one that converts it.
    patiently(of.timers, () => {
      this.db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
      PRAGMA cache_size = -${CACHE_KIB}; PRAGMA mmap_size = ${of.mappedBytes ?? MAPPED_BYTES};
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA temp_store = MEMORY;`);
    });
    this.statements = {
      lock: this.db.prepare('BEGIN IMMEDIATE'),
      snapshot: this.db.prepare('BEGIN'),
      commit: this.db.prepare('COMMIT'),
      rollback: this.db.prepare('ROLLBACK'),
      savepoint: this.db.prepare('SAVEPOINT member'),
      release: this.db.prepare('RELEASE member'),
      undo: this.db.prepare('ROLLBACK TO member'),
    };
    this.inLock(() => {
      prepareFile(this.db);
    });
    this.db.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    this.witness = file === ':memory:' ? undefined : new CommitWitness(file);
    this.readMeta = this.db.prepare('SELECT * FROM "#meta"');
    this.saveMeta = this.db.prepare('UPDATE "#meta" SET seq = ?, time = ?');
    this.readAnchor = this.db.prepare('SELECT * FROM "#clock"');
    this.readCaution = this.db.prepare('SELECT ms FROM "#caution"');
    this.saveCaution = this.db.prepare('UPDATE "#caution" SET ms = ?');
    this.saveAnchor = this.db.prepare('UPDATE "#clock" SET boot = ?, uptime = ?, wall = ?');
  }

  meta(): Meta {
    return naming('#meta', () => {
      const found = this.readMeta.get() ?? {};
      return { seq: integer(found['seq']), time: integer(found['time']) };
    });
  }

  setMeta(meta: Meta): void {
    this.written = meta.seq;
    this.saveMeta.run(meta.seq, meta.time);
  }

  /** The newest reading of the machine's clocks that was believed. */
  anchor(): ClockReading {
    const found = this.readAnchor.get() ?? {};
    return {
      boot: String(found['boot']),
      uptime: integer(found['uptime']),
      wall: unixMillis(integer(found['wall'])),
    };
  }

  /** How long, from the anchor on, what expires must stay longer, because time has passed that nothing counted. */
  caution(): number {
    return integer(this.readCaution.get()?.['ms']);
  }

  setAnchor({ boot, uptime, wall }: ClockReading, caution: number): void {
    this.saveAnchor.run(boot, uptime, wall);
    this.saveCaution.run(caution);
  }

  /** Opens a collection, and makes its tables when it is new. Throws when it was made by another version. */
  open(layout: Layout): Table {
    this.db.exec(`PRAGMA busy_timeout = ${SETUP_BUSY_MS}`);
    this.inLock(() => {
      const known = this.db
        .prepare('SELECT layout FROM "#layouts" WHERE name = ?')
        .get(layout.name);
      if (known?.['layout'] === JSON.stringify(layout)) return;
      if (known === undefined) this.create(layout);
      else if (!migrate(this.db, parseLayout(String(known['layout'])), layout)) return;
      // Makes the array indexes anew, where there is one to make.
      if (layout.arrayIndex !== undefined) this.db.exec('UPDATE "#meta" SET stamp = 0');
    });
    const array = layout.arrayIndex === undefined ? undefined : this.openArray(layout);
    this.db.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    return new Table(this.db, layout, array);
  }

  private openArray(layout: Layout): ArrayIndex {
    const arrays = (this.arrays ??= this.attachArrays());
    this.inLock(nothing); // makes the index when it is new
    const index = new ArrayIndex(this.db, layout, () => {
      arrays.changed();
    });
    index.forget(this.meta().seq);
    this.indexes.push(index);
    return index;
  }

  private attachArrays(): ArrayFile {
    const settings = {
      ...{ database: this.file, boot: this.of.boot, random: this.of.random },
      mappedBytes: this.of.mappedBytes ?? MAPPED_BYTES,
      inLock: <T>(work: () => T): T => this.transaction(this.statements.lock, work),
      changedByOther: (seq: number): void => {
        for (const index of this.indexes) index.forget(seq);
      },
    };
    return patiently(this.of.timers, () => new ArrayFile(this.db, settings));
  }

  /** Makes all array indexes anew in a new file. */
  renewArrays(): void {
    this.arrays?.renew();
    this.inLock(nothing);
  }

  /** Runs `work` inside the write lock; all of it is committed, or nothing. Throws SQLITE_BUSY when the lock is taken. */
  inLock<T>(work: () => T): T {
    try {
      return this.lockedOnce(work);
    } catch (error) {
      if (!(error instanceof ExchangedArrayFile)) throw error;
      this.arrays?.attach();
      return this.lockedOnce(work);
    }
  }

  private lockedOnce<T>(work: () => T): T {
    this.written = undefined;
    let made: number | undefined;
    const result = this.transaction(this.statements.lock, () => {
      made = this.arrays?.begin();
      const done = work();
      this.arrays?.end();
      return done;
    });
    this.witness?.committed(this.written);
    if (made !== undefined) this.of.made?.(made);
    return result;
  }

  /** Runs searches by array on one snapshot; undefined when index and documents do not agree there, which passes. */
  inAgreement<T>(search: () => T): T | undefined {
    return this.inSnapshot(() => (this.arrays?.agrees() === true ? search() : undefined));
  }

  /** Runs `work` on one snapshot, without the lock. */
  inSnapshot<T>(work: () => T): T {
    return this.transaction(this.statements.snapshot, work);
  }

  close(): void {
    this.witness?.close();
    this.db.close();
  }

  private create(layout: Layout): void {
    for (const statement of schemaOf(layout)) this.db.exec(statement);
    this.db
      .prepare('INSERT INTO "#layouts" VALUES (?, ?)')
      .run(layout.name, JSON.stringify(layout));
  }

  /** Starts the part of a transaction that `undo` takes back and `release` keeps. */
  savepoint(): void {
    this.statements.savepoint.run();
  }

  release(): void {
    this.statements.release.run();
  }

  undo(): void {
    this.statements.undo.run();
    this.statements.release.run();
  }

  private transaction<T>(begin: StatementSync, work: () => T): T {
    begin.run();
    try {
      const result = work();
      this.statements.commit.run();
      return result;
    } catch (error) {
      if (this.db.isTransaction) this.statements.rollback.run();
      throw error;
    }
  }
}

const nothing = (): void => undefined;
