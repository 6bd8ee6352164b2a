import type { DatabaseSync } from 'node:sqlite';
import { type AnyQuery, MAX_WRITES } from '@keyserver/docstore';
import { type Row, type Version, sameVersions } from './protocol.ts';
import { probeOf } from './bloom.ts';
import { decoded } from './fault.ts';
import { RunMerge } from './run-merge.ts';
import { ENTRY_BYTES, type Run, RunFiles, RunWriter, valueAt, versionAt } from './runs.ts';
import type { Table } from './table.ts';

/** Entries in memory before they become a run, and how many runs of a level are merged into one of the next. */
export interface ArrayIndexSizes {
  readonly hot: number;
  readonly fanIn: number;
  /** Runs of this level are large enough: they are not merged any more, and go as a whole when their documents are gone. */
  readonly lastLevel: number;
}

const SWEEP_CHUNKS = 64;
const SIZES: ArrayIndexSizes = { hot: 16_384, fanIn: 8, lastLevel: 2 };
// More than one commit can write, so that every page ends a whole commit.
const CATCH_UP = 2 * MAX_WRITES;

/**
 * Finds documents by a value of their indexed array. An upload would dirty one random page per value in an ordinary index;
 * here the newest documents (derived from the table, caught up on every read) are indexed in memory, and older ones in
 * sorted runs that are written and merged sequentially. Entries only point: each candidate is read and looked at, so
 * entries of deleted or rewritten documents do no harm and vanish in a later merge.
 */
export class ArrayIndex {
  private readonly table: Table;
  private readonly files: RunFiles;
  private readonly sizes: ArrayIndexSizes;
  private readonly field: string;
  private hot = new Map<number, number | number[]>();
  private hotEntries: { value: number; version: number }[] = [];
  private runs: readonly Run[] = [];
  private epoch = -1;
  private seen = 0;
  private merge: RunMerge | undefined;

  constructor(db: DatabaseSync, table: Table, sizes: ArrayIndexSizes = SIZES) {
    this.table = table;
    this.files = new RunFiles(db, table.layout.name);
    this.sizes = sizes;
    this.field = table.layout.arrayIndex ?? '';
  }

  /** The documents whose array holds any of the values, by id, among those that it has caught up with. */
  find(query: AnyQuery): Row[] {
    const wanted = new Set(query.containsAny?.values ?? []);
    const versions = new Set<number>();
    for (const value of wanted) this.collect(value, versions);
    const rows = [...versions].flatMap((version) => this.table.writtenBy(version));
    const after = query.after?.id ?? '';
    return rows
      .filter((row) => row.id > after && this.arrayOf(row).some((value) => wanted.has(value)))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .slice(0, query.limit);
  }

  /** Whether a query would find now what it found as of an earlier commit. */
  stillFinds(query: AnyQuery, found: readonly Version[], asOf: number): boolean {
    const isNewer = (value: number): boolean => newest(this.hot.get(value)) > asOf;
    // What was written since is in memory, unless it became a run already.
    if (asOf < (this.runs.at(-1)?.until ?? 0) || query.containsAny?.values.some(isNewer) === true)
      return sameVersions(this.find(query), found);
    return found.every(({ id, version }) => this.table.versionOf(id) === version);
  }

  /** Whether there is enough in memory to make a run of it. */
  isFull(): boolean {
    return this.hotEntries.length >= this.sizes.hot;
  }

  /** Turns what is in memory into a run, if there is enough of it; inside the write lock. True when a run was made live. */
  flush(newRun: () => number): boolean {
    if (!this.isFull()) return false;
    this.writeRun(newRun);
    return true;
  }

  /**
   * Makes all runs anew from the documents, with as little in memory as one run; inside the write lock. The last run is
   * written however small it is: another process knows nothing of what came before its own memory.
   */
  rebuild(of: {
    readonly meta: { readonly seq: number; readonly epoch: number };
    readonly newRun: () => number;
  }): number {
    this.files.dropAll();
    this.forget();
    this.hot = new Map();
    this.epoch = of.meta.epoch;
    let entries = 0;
    while (this.seen < of.meta.seq) {
      this.catchUpPage(of.meta.seq);
      const isLast = this.seen >= of.meta.seq;
      if (!this.isFull() && !(isLast && this.hotEntries.length > 0)) continue;
      entries += this.hotEntries.length;
      this.writeRun(of.newRun);
      this.hotEntries = [];
      this.hot = new Map();
    }
    return entries;
  }

  private writeRun(newRun: () => number): void {
    const writer = new RunWriter(this.files, newRun(), this.hotEntries.length);
    this.hotEntries.sort((a, b) => a.value - b.value || a.version - b.version);
    for (const entry of this.hotEntries) writer.add(entry.value, entry.version);
    this.files.replace(writer.finish(0, this.seen), []);
  }

  /**
   * One bounded step of merging or clearing runs; inside the write lock, and only in the process that has the right to
   * merge. 'live' when the set of runs changed.
   */
  mergeStep(newRun: () => number): 'idle' | 'working' | 'live' {
    const oldest = this.table.oldestVersion() ?? this.seen + 1;
    if (this.files.drop(this.runs.filter((run) => run.until < oldest))) return 'live';
    if (this.merge === undefined) this.files.dropUnfinished();
    this.merge ??= RunMerge.plan(this.files, this.runs, {
      ...this.sizes,
      oldest,
      newRun,
    });
    if (this.merge === undefined) return this.files.sweep(SWEEP_CHUNKS) ? 'working' : 'idle';
    const step = this.merge.step();
    if (step === 'working') return 'working';
    this.merge = undefined;
    return step === 'lost' ? 'working' : 'live';
  }

  /** How many runs are still to be merged. */
  get backlog(): number {
    return this.runs.filter((run) => run.level < this.sizes.lastLevel).length;
  }

  /** Gives up a merge in progress: another process has taken over. */
  abandonMerge(): void {
    this.merge = undefined;
  }

  /** Forgets all that is in memory: a commit that it may have seen was rolled back. */
  forget(): void {
    this.merge = undefined;
    this.epoch = -1;
    this.seen = 0;
    this.runs = [];
    this.hotEntries = [];
  }

  /** Takes note of all commits up to now; within a transaction, before anything else. */
  catchUp(meta: { readonly seq: number; readonly epoch: number }): void {
    if (meta.epoch !== this.epoch) this.reload(meta.epoch);
    while (this.seen < meta.seq) this.catchUpPage(meta.seq);
  }

  private catchUpPage(seq: number): void {
    const rows = this.table.writtenAfter(this.seen, CATCH_UP);
    // The last commit may go on behind the page: it is read again as a whole.
    const last = rows.at(-1)?.version ?? this.seen;
    const whole = rows.length < CATCH_UP ? rows : rows.filter((row) => row.version !== last);
    for (const row of whole) this.add(this.arrayOf(row), row.version);
    this.seen = rows.length < CATCH_UP ? seq : (whole.at(-1)?.version ?? this.seen);
  }

  /** Takes note of a document that is being written under this commit number. */
  add(values: readonly number[], version: number): void {
    for (const value of values) this.addOne(value, version);
  }

  /** Every document of the commits up to this one has been added. */
  sawCommit(seq: number): void {
    this.seen = seq;
  }

  private reload(epoch: number): void {
    this.runs = this.files.load(this.runs);
    this.epoch = epoch;
    const until = this.runs.at(-1)?.until ?? 0;
    const left = this.hotEntries.filter((entry) => entry.version > until);
    this.hot = new Map();
    this.hotEntries = [];
    this.seen = Math.max(this.seen, until);
    for (const entry of left) this.addOne(entry.value, entry.version);
  }

  private addOne(value: number, version: number): void {
    this.hotEntries.push({ value, version });
    const known = this.hot.get(value);
    if (known === undefined) this.hot.set(value, version);
    else if (typeof known === 'number') this.hot.set(value, [known, version]);
    else known.push(version);
  }

  private collect(value: number, into: Set<number>): void {
    const hot = this.hot.get(value);
    for (const version of typeof hot === 'number' ? [hot] : (hot ?? [])) into.add(version);
    const probe = probeOf(value);
    for (const run of this.runs) if (run.bloom.mayHold(probe)) this.searchRun(run, value, into);
  }

  private searchRun(run: Run, value: number, into: Set<number>): void {
    for (let n = firstChunk(run.fences, value); n < run.fences.length; n++) {
      const chunk = this.files.chunk(run.id, n);
      if (chunk === undefined) throw this.files.lostChunk();
      for (let at = lowerBound(chunk, value); at < chunk.length; at += ENTRY_BYTES) {
        if (valueAt(chunk, at) !== value) return;
        into.add(versionAt(chunk, at));
      }
    }
  }

  private arrayOf(row: Row): readonly number[] {
    const { codec } = this.table;
    const value = codec.read(decoded(this.table, row.body), this.field);
    return Array.isArray(value) ? value.map(Number) : [];
  }
}

const newest = (known: number | number[] | undefined): number =>
  (typeof known === 'number' ? known : known?.at(-1)) ?? 0;

/** The chunk in which a value would begin: the last one whose first value is smaller, or the first. */
function firstChunk(fences: Float64Array, value: number): number {
  let low = 0;
  let high = fences.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((fences[middle] ?? Infinity) < value) low = middle + 1;
    else high = middle;
  }
  return Math.max(low - 1, 0);
}

/** The byte at which the first entry with at least this value stands in a chunk. */
function lowerBound(chunk: Buffer, value: number): number {
  let low = 0;
  let high = chunk.length / ENTRY_BYTES;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (valueAt(chunk, middle * ENTRY_BYTES) < value) low = middle + 1;
    else high = middle;
  }
  return low * ENTRY_BYTES;
}
