import type { Random } from '@keyserver/random';
import type { Clock, Timers } from '@keyserver/time';
import { layoutsWithArray } from './array-file.ts';
import { compareArray } from './array-index.ts';
import { Database, type DatabaseSettings } from './database.ts';
import { isUnreadable } from './fault.ts';
import { clocksOf } from './machine-clocks.ts';

/** The machine that a database is opened on. */
interface Machine {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Pick<Timers, 'monotonic'>;
}

/** Makes the array indexes of a database anew from its documents, in a new file; gives how many entries they have. */
export function rebuildArrayIndexes(file: string, machine: Machine): number {
  let entries = 0;
  const made = (count: number): void => {
    entries = count;
  };
  withArrays(file, { ...settingsFor(machine), made }, (database) => {
    database.renewArrays();
  });
  return entries;
}

/** What the array indexes of a database lack, and what they have too much, in entries; both are 0 in a sound one. */
export interface ArrayCheck {
  readonly missing: number;
  readonly stray: number;
}

/**
 * Compares every entry of the array indexes with the documents. Nothing is changed but an index that is known to be out of use,
 * which is made anew beforehand; 'unreadable' when the file of an index is damaged.
 */
export function checkArrayIndexes(file: string, machine: Machine): ArrayCheck | 'unreadable' {
  try {
    return compareAll(file, settingsFor(machine));
  } catch (error) {
    if (isUnreadable(error)) return 'unreadable';
    throw error;
  }
}

const settingsFor = ({ clock, random, timers }: Machine): DatabaseSettings => ({
  boot: clocksOf(clock)().boot,
  random,
  timers,
});

const compareAll = (file: string, settings: DatabaseSettings): ArrayCheck =>
  withArrays(file, settings, (database) =>
    database.inSnapshot(() => {
      const found = layoutsWithArray(database.db).map((layout) =>
        compareArray(database.db, layout),
      );
      return {
        missing: found.reduce((sum, { missing }) => sum + missing, 0),
        stray: found.reduce((sum, { stray }) => sum + stray, 0),
      };
    }),
  );

function withArrays<T>(file: string, of: DatabaseSettings, work: (database: Database) => T): T {
  const database = new Database(file, of);
  try {
    for (const layout of layoutsWithArray(database.db)) database.open(layout);
    return work(database);
  } finally {
    database.close();
  }
}
