import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StoreFault } from '@keyserver/docstore';
import { type Bloom, bloomFor, bloomOver, probeOf } from './bloom.ts';
import { naming } from './fault.ts';
import { blob, integer, quoted } from './sql.ts';

/** An entry: a value (6 bytes) and the number of the commit that wrote a document holding it (6 bytes), big-endian. */
export const ENTRY_BYTES = 12;

const VALUE_BYTES = 6;

/** The value of the entry at a byte of a chunk. */
export const valueAt = (chunk: Buffer, at: number): number =>
  chunk.readUInt16BE(at) * 2 ** 32 + chunk.readUInt32BE(at + 2);

/** The commit number of the entry at a byte of a chunk. */
export const versionAt = (chunk: Buffer, at: number): number => valueAt(chunk, at + VALUE_BYTES);

/** Entries of one chunk, the unit that is read and written. */
export const CHUNK_ENTRIES = 1024;

const CHUNKS_PER_RUN = 2 ** 24;

// Levels of runs that are not live.
const DEAD = -1;
const UNFINISHED = -2;

const NOTHING = new Uint8Array(0);

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
  private readonly names: { readonly runs: string; readonly chunks: string };
  private readonly runs: string;
  private readonly chunks: string;
  private readonly chunkById: StatementSync;
  private readonly addChunk: StatementSync;
  private readonly deleteChunks: StatementSync;
  private readonly liveRuns: StatementSync;
  private readonly deadRun: StatementSync;

  constructor(db: DatabaseSync, collection: string) {
    this.db = db;
    this.names = { runs: `${collection}#runs`, chunks: `${collection}#chunks` };
    this.runs = quoted(this.names.runs);
    this.chunks = quoted(this.names.chunks);
    this.chunkById = db.prepare(`SELECT entries FROM ${this.chunks} WHERE id = ?`);
    this.addChunk = db.prepare(`INSERT OR REPLACE INTO ${this.chunks} (id, entries) VALUES (?, ?)`);
    this.deleteChunks = db.prepare(`DELETE FROM ${this.chunks} WHERE id IN
      (SELECT id FROM ${this.chunks} WHERE id >= ? AND id < ? LIMIT ?)`);
    this.liveRuns = db.prepare(`SELECT id FROM ${this.runs} WHERE level >= 0 ORDER BY until`);
    this.deadRun = db.prepare(`SELECT id FROM ${this.runs} WHERE level = ${DEAD} LIMIT 1`);
  }

  /** The live runs, oldest first. Runs never change, so those that are known already are not read again. */
  load(known: readonly Run[]): Run[] {
    const byId = new Map(known.map((run) => [run.id, run]));
    return naming(this.names.runs, () => this.liveIds().map((id) => byId.get(id) ?? this.read(id)));
  }

  /** The ids of the live runs, oldest first. */
  liveIds(): number[] {
    return this.liveRuns.all().map((found) => integer(found['id']));
  }

  /** The entries of a chunk; undefined when the run is gone, or at its end. */
  chunk(run: number, n: number): Buffer | undefined {
    return naming(this.names.chunks, () => {
      const found = this.chunkById.get(run * CHUNKS_PER_RUN + n);
      if (found === undefined) return undefined;
      const entries = blob(found['entries']);
      return Buffer.from(entries.buffer, entries.byteOffset, entries.byteLength);
    });
  }

  /** What it means when a chunk of a live run is not there. */
  lostChunk(): StoreFault {
    const details = { object: this.names.chunks };
    return new StoreFault('damaged', 'a run of the array index lost a chunk', { details });
  }

  writeChunk(run: number, n: number, entries: Uint8Array): void {
    this.addChunk.run(run * CHUNKS_PER_RUN + n, entries);
  }

  /** Takes note that a run is being written, so that what is written of it can be found should it never end. */
  begin(run: number): void {
    this.put({ id: run, level: UNFINISHED, entries: 0, until: 0 });
  }

  /** Makes a run live in the place of others. */
  replace(run: Run, replaced: readonly Run[]): void {
    this.drop(replaced);
    this.put(run);
  }

  /** Takes runs out of use; false when there are none. */
  drop(runs: readonly Run[]): boolean {
    for (const { id, entries, until } of runs) this.put({ id, level: DEAD, entries, until });
    return runs.length > 0;
  }

  /** Takes every run out of use, whatever its row says. */
  dropAll(): void {
    this.db.prepare(`UPDATE ${this.runs} SET level = ${DEAD}`).run();
  }

  /** Gives up runs whose writing was never finished. Only who has the right to merge may do so, while it writes none. */
  dropUnfinished(): void {
    this.db.prepare(`UPDATE ${this.runs} SET level = ${DEAD} WHERE level = ${UNFINISHED}`).run();
  }

  /** Deletes some chunks of runs that are out of use; false when there is no such run. */
  sweep(limit: number): boolean {
    const dead = this.deadRun.get()?.['id'];
    if (dead === undefined) return false;
    const first = integer(dead) * CHUNKS_PER_RUN;
    const { changes } = this.deleteChunks.run(first, first + CHUNKS_PER_RUN, limit);
    if (Number(changes) === 0)
      this.db.prepare(`DELETE FROM ${this.runs} WHERE id = ?`).run(integer(dead));
    return true;
  }

  private read(id: number): Run {
    const sql = `SELECT level, entries, until, bloom, fences FROM ${this.runs} WHERE id = ?`;
    const found = this.db.prepare(sql).get(id) ?? {};
    return {
      id,
      level: integer(found['level']),
      entries: integer(found['entries']),
      until: integer(found['until']),
      bloom: bloomOver(blob(found['bloom'])),
      fences: floats(blob(found['fences'])),
    };
  }

  private put(run: Pick<Run, 'id' | 'level' | 'entries' | 'until'> & Partial<Run>): void {
    const { id, level, entries, until, bloom, fences } = run;
    const sql = `INSERT OR REPLACE INTO ${this.runs} (id, level, entries, until, bloom, fences)
      VALUES (?, ?, ?, ?, ?, ?)`;
    this.db.prepare(sql).run(id, level, entries, until, bloom?.bits ?? NOTHING, bytesOf(fences));
  }
}

/** The statements that make the tables of an array index. */
export const runSchema = (collection: string): string[] => [
  `CREATE TABLE IF NOT EXISTS ${quoted(`${collection}#runs`)} (id INTEGER PRIMARY KEY, level INTEGER NOT NULL,
   entries INTEGER NOT NULL, until INTEGER NOT NULL, bloom BLOB NOT NULL, fences BLOB NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS ${quoted(`${collection}#chunks`)} (id INTEGER PRIMARY KEY, entries BLOB NOT NULL)`,
];

/** The statements that remove those tables. */
export const dropRunSchema = (collection: string): string[] =>
  ['runs', 'chunks'].map((part) => `DROP TABLE IF EXISTS ${quoted(`${collection}#${part}`)}`);

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
    this.chunk.writeUIntBE(value, this.filled, VALUE_BYTES);
    this.chunk.writeUIntBE(version, this.filled + VALUE_BYTES, VALUE_BYTES);
    this.added(value);
  }

  /** Adds the entry that stands at `at` in a chunk of another run. */
  copy(from: Buffer, at: number, value: number): void {
    const { chunk, filled } = this;
    for (let n = 0; n < ENTRY_BYTES; n++) chunk[filled + n] = from[at + n] ?? 0;
    this.added(value);
  }

  finish(level: number, until: number): Run {
    this.flush();
    const { id, entries, bloom } = this;
    return { id, level, entries, until, bloom, fences: Float64Array.from(this.fences) };
  }

  private added(value: number): void {
    if (this.filled === 0) this.fences.push(value);
    this.bloom.add(probeOf(value));
    this.filled += ENTRY_BYTES;
    this.entries++;
    if (this.filled === this.chunk.length) this.flush();
  }

  private flush(): void {
    if (this.filled === 0) return;
    this.files.writeChunk(this.id, this.fences.length - 1, this.chunk.subarray(0, this.filled));
    this.filled = 0;
  }
}

const bytesOf = (values: Float64Array = new Float64Array(0)): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

function floats(bytes: Uint8Array): Float64Array {
  const copy = Uint8Array.from(bytes);
  return new Float64Array(copy.buffer);
}
