import type { Random } from '@keyserver/random';
import { systemRandom } from '@keyserver/random';
import type { Clock } from '@keyserver/time';
import { type Database, type Meta, type OpenCollection } from './database.ts';
import { isBusy } from './sql.ts';

const SWEEP_DOCUMENTS = 500;
const REST_FACTOR = 9;
const REST_FACTOR_BEHIND = 1;
const MANY_RUNS = 24;
const MERGER_SILENT_AFTER_MS = 60_000;
const IDS = 2 ** 40;

/**
 * Keeps the database in shape in small steps: runs of the array indexes are made and merged, expired documents are
 * deleted. It does nothing that a reader depends on, and a step that finds the lock taken is simply left for later.
 */
export class Housekeeper {
  private readonly database: Database;
  private readonly collections: ReadonlyMap<number, OpenCollection>;
  private readonly clock: Clock;
  private readonly random: Random = systemRandom;
  private readonly self: number;
  private readonly timer: NodeJS.Timeout;
  private readonly positions = new Map<OpenCollection, string>();
  private nextMerge: NodeJS.Timeout | undefined;

  constructor(
    database: Database,
    collections: ReadonlyMap<number, OpenCollection>,
    of: { readonly clock: Clock; readonly housekeepingEvery: number },
  ) {
    this.database = database;
    this.collections = collections;
    this.clock = of.clock;
    this.self = 1 + this.random.below(IDS);
    this.timer = setInterval(() => {
      this.afterCommit();
      this.mergeAfter(0);
      this.sweepExpired();
    }, of.housekeepingEvery).unref();
  }

  /** A random pause below `maxMs`. */
  jitter(maxMs: number): number {
    return this.random.below(maxMs);
  }

  /** Makes a run of what an array index has in memory, when it is enough. */
  afterCommit(): void {
    for (const { array } of this.collections.values()) {
      if (array?.isFull() !== true) continue;
      this.quietly((meta) => {
        array.catchUp(meta);
        return array.flush(this.newRun) ? 'live' : 'idle';
      });
      this.mergeAfter(0);
    }
  }

  stop(): void {
    clearInterval(this.timer);
    clearTimeout(this.nextMerge);
  }

  /** Goes on merging, and rests between two steps, so that whoever commits waits for merges a part of the time only. */
  private mergeAfter(pauseMs: number): void {
    this.nextMerge ??= setTimeout(() => {
      this.nextMerge = undefined;
      const started = performance.now();
      if (this.mergeOnce()) this.mergeAfter(this.restFactor() * (performance.now() - started));
    }, pauseMs).unref();
  }

  /** Merges that fall behind make every search dearer, so they get a larger share then. */
  private restFactor(): number {
    const backlogs = [...this.collections.values()].map(({ array }) => array?.backlog ?? 0);
    return Math.max(...backlogs) < MANY_RUNS ? REST_FACTOR : REST_FACTOR_BEHIND;
  }

  /** One step for each array index; false when there is nothing left to do. */
  private mergeOnce(): boolean {
    let working = false;
    for (const { array } of this.collections.values()) {
      if (array === undefined) continue;
      const done = this.quietly((meta) => {
        // Another process may have swept away what a merge of ours had written.
        if (meta.merger !== this.self) array.abandonMerge();
        if (!this.mayMerge(meta)) return 'idle';
        array.catchUp(meta);
        const step = array.mergeStep(this.newRun);
        if (step !== 'idle')
          this.database.setMeta({
            ...this.database.meta(),
            merger: this.self,
            mergedAt: this.clock.now(),
          });
        return step;
      });
      working ||= done !== 'idle';
    }
    return working;
  }

  private mayMerge(meta: Meta): boolean {
    return (
      meta.merger === this.self ||
      Math.abs(this.clock.now() - meta.mergedAt) > MERGER_SILENT_AFTER_MS
    );
  }

  private readonly newRun = (): number => {
    const meta = this.database.meta();
    this.database.setMeta({ ...meta, nextRun: meta.nextRun + 1 });
    return meta.nextRun;
  };

  private sweepExpired(): void {
    for (const open of this.collections.values()) {
      if (open.table.layout.expiry === undefined) continue;
      this.quietly((meta) => {
        const now = Math.min(meta.time, this.clock.now());
        const next = open.table.sweep(this.positions.get(open) ?? '', SWEEP_DOCUMENTS, now);
        this.positions.set(open, next ?? '');
        return 'idle';
      });
    }
  }

  /** One step inside the lock; a new epoch when it made runs live. A taken lock, or any fault, leaves it for later. */
  private quietly(step: (meta: Meta) => 'idle' | 'working' | 'live'): 'idle' | 'working' | 'live' {
    try {
      return this.database.inLock(() => {
        const done = step(this.database.meta());
        const meta = this.database.meta();
        if (done === 'live') this.database.setMeta({ ...meta, epoch: meta.epoch + 1 });
        return done;
      });
    } catch (error) {
      if (isBusy(error)) return 'idle'; // nothing was begun
      for (const { array } of this.collections.values()) array?.forget();
      return 'idle';
    }
  }
}
