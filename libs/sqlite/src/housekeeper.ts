import { type Cancel, type Timers, every } from '@keyserver/time';
import type { Database } from './database.ts';
import { codeOf, isBusy } from './fault.ts';
import type { HousekeepingFault, HousekeepingTask } from './protocol.ts';
import type { StoreTime } from './store-time.ts';
import { Sweeper } from './sweeper.ts';

/** What a housekeeper works with, besides the database. */
export interface HousekeeperSettings {
  readonly time: StoreTime;
  readonly timers: Timers;
  /** Pause between two steps, ms. */
  readonly every: number;
  /** Whether it deletes what has expired, or keeps watch over the clock alone. */
  readonly sweeps: boolean;
  /** Hears what fails, all of it, whenever that changes. */
  readonly report: (faults: readonly HousekeepingFault[]) => void;
}

/**
 * What the store does for itself, in small steps: it keeps watch over the clock, and deletes expired documents where it is
 * told to. It does nothing that a reader depends on. A step that finds the lock taken is left for
 * later; any other fault is reported until the step succeeds.
 */
export class Housekeeper {
  private readonly database: Database;
  private readonly time: StoreTime;
  private readonly sweeper: Sweeper;
  private readonly faults: HousekeepingFaults;
  private readonly cancel: Cancel;
  private readonly sweeps: boolean;

  constructor(database: Database, of: HousekeeperSettings) {
    this.database = database;
    this.time = of.time;
    this.sweeps = of.sweeps;
    this.sweeper = new Sweeper(database);
    this.faults = new HousekeepingFaults(of.report);
    this.cancel = every(
      of.timers,
      of.every,
      () => {
        this.step();
      },
      { unref: true },
    );
  }

  stop(): void {
    this.cancel();
  }

  private step(): void {
    this.attempt('time', '', () => {
      this.time.watch();
    });
    if (this.sweeps) this.sweepExpired();
  }

  private sweepExpired(): void {
    this.attempt('sweep', '', () => {
      const now = this.time.certainTime(this.database.meta());
      if (now === undefined) return;
      for (const name of this.sweeper.expiring())
        this.attempt('sweep', name, () => {
          this.sweeper.step(name, now);
        });
    });
  }

  private attempt(task: HousekeepingTask, collection: string, work: () => void): void {
    try {
      work();
      this.faults.succeeded(task, collection);
    } catch (error) {
      if (!isBusy(error)) this.faults.failed(task, collection, error); // busy: nothing was begun
    }
  }
}

/** Knows which pieces of housekeeping fail, and tells it when that changes. */
class HousekeepingFaults {
  private readonly failing = new Map<string, HousekeepingFault>();
  private readonly report: (faults: readonly HousekeepingFault[]) => void;

  constructor(report: (faults: readonly HousekeepingFault[]) => void) {
    this.report = report;
  }

  failed(task: HousekeepingTask, collection: string, error: unknown): void {
    const key = `${task} ${collection}`;
    const code = codeOf(error) ?? 0;
    if (this.failing.get(key)?.code === code) return;
    this.failing.set(key, { task, collection, code });
    this.report([...this.failing.values()]);
  }

  succeeded(task: HousekeepingTask, collection: string): void {
    if (this.failing.delete(`${task} ${collection}`)) this.report([...this.failing.values()]);
  }
}
