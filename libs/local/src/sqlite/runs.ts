import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type Bloom, bloomFor, bloomOver } from './bloom.ts';
import { blob, integer, quoted } from './sql.ts';

/** An entry: a value (6 bytes) and the number of the commit that wrote a document holding it (6 bytes), big-endian. */
export const ENTRY_BYTES = 12;

/** Entries of one chunk, the unit that is read and written. */
export const CHUNK_ENTRIES = 1024;

const CHUNKS_PER_RUN = 2 ** 24;

/** A sorted run of entries, immutable once it is live, covering the commits up to `until`. */
export interface Run {
  readonly id: number;
  readonly level: number;
  readonly entries: number;
  readonly until: number;
  readonly bloom: Bloom;
  /** The first value of each chunk. */
  readonly fences: Float64Array;
}

/** The runs of one array index, in the database. */
export class RunFiles {
  private readonly db: DatabaseSync;
  private readonly runs: string;
  private readonly chunks: string;
  private readonly chunkById: StatementSync;
  private readonly addChunk: StatementSync;

  constructor(db: DatabaseSync, collection: string) {
    this.db = db;
    this.runs = quoted(`${collection}#runs`);
    this.chunks = quoted(`${collection}#chunks`);
    this.chunkById = db.prepare(`SELECT entries FROM ${this.chunks} WHERE id = ?`);
    this.addChunk = db.prepare(`INSERT OR REPLACE INTO ${this.chunks} (id, entries) VALUES (?, ?)`);
  }

  /** The live runs, oldest first. */
  load(): Run[] {
    const sql = `SELECT id, level, entries, until, bloom, fences FROM ${this.runs} ORDER BY until`;
    return this.db
      .prepare(sql)
      .all()
      .map((found) => ({
        id: integer(found['id']),
        level: integer(found['level']),
        entries: integer(found['entries']),
        until: integer(found['until']),
        bloom: bloomOver(blob(found['bloom'])),
        fences: floats(blob(found['fences'])),
      }));
  }

  /** The ids of the live runs. */
  liveIds(): number[] {
    return this.db
      .prepare(`SELECT id FROM ${this.runs}`)
      .all()
      .map((found) => integer(found['id']));
  }

  /** The entries of a chunk; undefined when the run is gone, or at its end. */
  chunk(run: number, n: number): Buffer | undefined {
    const found = this.chunkById.get(run * CHUNKS_PER_RUN + n);
    if (found === undefined) return undefined;
    const entries = blob(found['entries']);
    return Buffer.from(entries.buffer, entries.byteOffset, entries.byteLength);
  }

  writeChunk(run: number, n: number, entries: Uint8Array): void {
    this.addChunk.run(run * CHUNKS_PER_RUN + n, entries);
  }

  /** Makes a run live in the place of others. */
  replace(run: Run, replaced: readonly Run[]): void {
    const fences = new Uint8Array(run.fences.buffer, run.fences.byteOffset, run.fences.byteLength);
    this.drop(replaced);
    this.db
      .prepare(
        `INSERT INTO ${this.runs} (id, level, entries, until, bloom, fences) VALUES (?, ?, ?, ?, ?, ?)`,
      )
      .run(run.id, run.level, run.entries, run.until, run.bloom.bits, fences);
  }

  /** Takes runs out of use; false when there are none. */
  drop(runs: readonly Run[]): boolean {
    for (const run of runs) this.db.prepare(`DELETE FROM ${this.runs} WHERE id = ?`).run(run.id);
    return runs.length > 0;
  }

  /** Deletes some chunks of runs that are not live; false when none is left. Never while a merge is being written. */
  sweep(limit: number): boolean {
    const sql = `DELETE FROM ${this.chunks} WHERE id IN (SELECT id FROM ${this.chunks}
      WHERE id / ${CHUNKS_PER_RUN} NOT IN (SELECT id FROM ${this.runs}) LIMIT ?)`;
    return Number(this.db.prepare(sql).run(limit).changes) > 0;
  }
}

/** The statements that make the tables of an array index. */
export const runSchema = (collection: string): string[] => [
  `CREATE TABLE IF NOT EXISTS ${quoted(`${collection}#runs`)} (id INTEGER PRIMARY KEY, level INTEGER NOT NULL,
   entries INTEGER NOT NULL, until INTEGER NOT NULL, bloom BLOB NOT NULL, fences BLOB NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS ${quoted(`${collection}#chunks`)} (id INTEGER PRIMARY KEY, entries BLOB NOT NULL)`,
];

/** Writes entries that come in order as the chunks of a new run. */
export class RunWriter {
  readonly id: number;
  private readonly files: RunFiles;
  private readonly bloom: Bloom;
  private readonly fences: number[] = [];
  private chunk = Buffer.alloc(CHUNK_ENTRIES * ENTRY_BYTES);
  private filled = 0;
  private entries = 0;

  constructor(files: RunFiles, id: number, expected: number) {
    this.files = files;
    this.id = id;
    this.bloom = bloomFor(expected);
  }

  add(value: number, version: number): void {
    if (this.filled === 0) this.fences.push(value);
    this.chunk.writeUIntBE(value, this.filled, 6);
    this.chunk.writeUIntBE(version, this.filled + 6, 6);
    this.bloom.add(value);
    this.filled += ENTRY_BYTES;
    this.entries++;
    if (this.filled === this.chunk.length) this.flush();
  }

  finish(level: number, until: number): Run {
    this.flush();
    const { id, entries, bloom } = this;
    return { id, level, entries, until, bloom, fences: Float64Array.from(this.fences) };
  }

  private flush(): void {
    if (this.filled === 0) return;
    this.files.writeChunk(this.id, this.fences.length - 1, this.chunk.subarray(0, this.filled));
    this.filled = 0;
  }
}

function floats(bytes: Uint8Array): Float64Array {
  const copy = Uint8Array.from(bytes);
  return new Float64Array(copy.buffer);
}
