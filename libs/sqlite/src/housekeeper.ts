import { type Random, systemRandom } from '@keyserver/random';
import type { Database, Meta, OpenCollection } from './database.ts';
import type { HeldBack } from './held-back.ts';
import type { HousekeepingFault, HousekeepingTask } from './housekeeping-fault.ts';
import { HousekeepingFaults } from './housekeeping-faults.ts';
import { MergeTurn } from './merge-turn.ts';
import { isBusy } from './sql.ts';
import type { StoreTime } from './store-time.ts';
import { Sweeper } from './sweeper.ts';

const REST_FACTOR = 9;
const REST_FACTOR_BEHIND = 1;
const MANY_RUNS = 24;

/** What a housekeeper works with, besides the database. */
export interface HousekeeperSettings {
  readonly time: StoreTime;
  /** Pause between two steps, ms. */
  readonly every: number;
  /** Hears what fails, all of it, whenever that changes. */
  readonly report: (faults: readonly HousekeepingFault[]) => void;
}

/**
 * Keeps the database in shape in small steps: runs of the array indexes are made and merged, expired documents are
 * deleted by a process that is told what to hold back. It does nothing that a reader depends on. A step that finds the lock
 * taken is left for later; any other fault is reported until the step succeeds.
 */
export class Housekeeper {
  private readonly database: Database;
  private readonly collections: ReadonlyMap<number, OpenCollection>;
  private readonly time: StoreTime;
  private readonly random: Random = systemRandom;
  private readonly turn: MergeTurn;
  private readonly sweeper: Sweeper;
  private readonly faults: HousekeepingFaults;
  private readonly timer: NodeJS.Timeout;
  private nextMerge: NodeJS.Timeout | undefined;
  private held: readonly HeldBack[] | 'not_told' | 'unknown' = 'not_told';

  constructor(
    database: Database,
    collections: ReadonlyMap<number, OpenCollection>,
    of: HousekeeperSettings,
  ) {
    this.database = database;
    this.collections = collections;
    this.time = of.time;
    this.turn = new MergeTurn(database, this.random);
    this.sweeper = new Sweeper(database);
    this.faults = new HousekeepingFaults(of.report);
    this.timer = setInterval(() => {
      this.attempt('time', '', () => {
        this.time.watch();
      });
      this.afterCommit();
      this.mergeAfter(0);
      this.sweepExpired();
    }, of.every).unref();
  }

  /** A random pause below `maxMs`. */
  jitter(maxMs: number): number {
    return this.random.below(maxMs);
  }

  /** Makes a run of what an array index has in memory, when it is enough. */
  afterCommit(): void {
    for (const { table, array } of this.collections.values()) {
      if (array?.isFull() !== true) continue;
      this.onIndexes('runs', table.layout.name, (meta) => {
        array.catchUp(meta);
        return array.flush(this.newRun) ? 'live' : 'idle';
      });
      this.mergeAfter(0);
    }
  }

  /** Takes what the sweep must hold back; 'unknown' when it could not be found out. */
  holdBack(held: readonly HeldBack[] | 'unknown'): void {
    this.held = held;
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
    for (const { table, array } of this.collections.values()) {
      if (array === undefined) continue;
      const done = this.onIndexes('merge', table.layout.name, (meta) => {
        // Another process may have swept away what a merge of ours had written.
        if (!this.turn.isOurs(meta)) array.abandonMerge();
        if (!this.turn.mayTake(meta)) return 'idle';
        array.catchUp(meta);
        const step = array.mergeStep(this.newRun);
        if (step !== 'idle') this.turn.take();
        return step;
      });
      working ||= done !== 'idle';
    }
    return working;
  }

  private readonly newRun = (): number => {
    const meta = this.database.meta();
    this.database.setMeta({ ...meta, nextRun: meta.nextRun + 1 });
    return meta.nextRun;
  };

  private sweepExpired(): void {
    const { held } = this;
    if (held === 'not_told') return;
    this.attempt('sweep', '', () => {
      if (held === 'unknown') throw new Error('what the sweep must hold back is not known');
      const now = this.time.certainTime(this.database.meta());
      if (now === undefined) return;
      for (const name of this.sweeper.expiring())
        this.attempt('sweep', name, () => {
          this.sweeper.step(name, now, held);
        });
    });
  }

  /** One step on an array index inside the lock; a new epoch when it made runs live. */
  private onIndexes(
    task: HousekeepingTask,
    collection: string,
    step: (meta: Meta) => 'idle' | 'working' | 'live',
  ): 'idle' | 'working' | 'live' {
    let done: 'idle' | 'working' | 'live' = 'idle';
    const ended = this.attempt(task, collection, () => {
      done = this.database.inLock(() => {
        const result = step(this.database.meta());
        const meta = this.database.meta();
        if (result === 'live') this.database.setMeta({ ...meta, epoch: meta.epoch + 1 });
        return result;
      });
    });
    // What an index noted of a step that was rolled back does not hold.
    if (ended === 'failed') for (const { array } of this.collections.values()) array?.forget();
    return done;
  }

  private attempt(
    task: HousekeepingTask,
    collection: string,
    work: () => void,
  ): 'done' | 'busy' | 'failed' {
    try {
      work();
      this.faults.succeeded(task, collection);
      return 'done';
    } catch (error) {
      if (isBusy(error)) return 'busy'; // nothing was begun
      this.faults.failed(task, collection, error);
      return 'failed';
    }
  }
}
