import {
  CHUNK_ENTRIES,
  ENTRY_BYTES,
  type Run,
  type RunFiles,
  RunWriter,
  valueAt,
  versionAt,
} from './runs.ts';

const STEP_MS = 6;

/** What a merge is made by: entries of commits before `oldest` are dropped, `newRun` gives the number of the result. */
export interface MergeRules {
  readonly fanIn: number;
  readonly lastLevel: number;
  readonly oldest: number;
  readonly newRun: () => number;
}

/** One source of a merge: a run, read chunk by chunk. */
interface Source {
  readonly run: Run;
  next: number;
  chunk: Buffer;
  at: number;
  value: number;
}

/**
 * Merges several runs into one of the next level, in steps that hold the write lock for a few milliseconds. Until the last
 * step nothing of it is visible; a merge that dies leaves chunks that a later sweep deletes.
 */
export class RunMerge {
  private readonly files: RunFiles;
  private readonly runs: readonly Run[];
  private readonly sources: Source[];
  private readonly writer: RunWriter;
  private readonly oldest: number;
  private lost = false;

  private constructor(files: RunFiles, runs: readonly Run[], of: MergeRules) {
    this.files = files;
    this.runs = runs;
    this.oldest = of.oldest;
    const entries = runs.reduce((sum, run) => sum + run.entries, 0);
    const id = of.newRun();
    files.begin(id);
    this.writer = new RunWriter(files, id, entries);
    this.sources = runs.map((run) => ({ run, next: 0, chunk: Buffer.alloc(0), at: 0, value: -1 }));
    for (const source of this.sources) this.advance(source);
  }

  /**
   * A merge of the oldest `fanIn` neighbours of one level, if there are so many. Oldest first, so that levels never rise
   * towards newer runs: runs between two of a higher level would never find enough neighbours again.
   */
  static plan(files: RunFiles, runs: readonly Run[], rules: MergeRules): RunMerge | undefined {
    for (let at = 0; at + rules.fanIn <= runs.length; at++) {
      const neighbours = runs.slice(at, at + rules.fanIn);
      if ((runs[at]?.level ?? 0) >= rules.lastLevel) continue;
      if (neighbours.every((run) => run.level === runs[at]?.level))
        return new RunMerge(files, neighbours, rules);
    }
    return undefined;
  }

  /** Writes the next chunks, for a few milliseconds. 'live': the merged run has replaced its sources; 'lost': another process was faster. */
  step(): 'working' | 'live' | 'lost' {
    const live = new Set(this.files.liveIds());
    if (!this.runs.every((run) => live.has(run.id))) return 'lost';
    const until = performance.now() + STEP_MS;
    while (performance.now() < until)
      for (let left = CHUNK_ENTRIES; left > 0; left--) {
        const source = this.smallest();
        if (source === undefined) return this.finish();
        if (versionAt(source.chunk, source.at) >= this.oldest)
          this.writer.copy(source.chunk, source.at, source.value);
        source.at += ENTRY_BYTES;
        this.advance(source);
      }
    return this.lost ? 'lost' : 'working';
  }

  private finish(): 'live' | 'lost' {
    const last = this.runs.at(-1);
    if (this.lost || last === undefined) return 'lost';
    this.files.replace(this.writer.finish(last.level + 1, last.until), this.runs);
    return 'live';
  }

  private smallest(): Source | undefined {
    let least: Source | undefined;
    for (const source of this.sources)
      if (source.value >= 0 && (least === undefined || source.value < least.value)) least = source;
    return least;
  }

  /** Makes `value` the one at `at`, -1 at the end of the run. */
  private advance(source: Source): void {
    if (source.at < source.chunk.length) {
      source.value = valueAt(source.chunk, source.at);
      return;
    }
    source.value = -1;
    if (source.next >= source.run.fences.length) return;
    const chunk = this.files.chunk(source.run.id, source.next++);
    if (chunk === undefined) {
      this.lost = true;
      return;
    }
    source.chunk = chunk;
    source.at = 0;
    source.value = valueAt(chunk, 0);
  }
}
