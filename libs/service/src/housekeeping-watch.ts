import { type HousekeepingTask, type Logger, configuredId } from '@keyserver/log';
import { HealthFault, type HealthProbe } from './health.ts';

/** A piece of a store's housekeeping that fails. */
export interface HousekeepingFailure {
  readonly task: HousekeepingTask;
  /** The collection that it is about; empty for the store as a whole. */
  readonly collection: string;
  /** The database's number for what went wrong; 0 when it has none. */
  readonly code: number;
}

/** What a service does with what it hears of the housekeeping in its store. */
export interface HousekeepingWatch {
  /** Takes all that fails now; what is new is an event, and so is that nothing fails any more. */
  readonly heard: (failures: readonly HousekeepingFailure[]) => void;
  /** Takes that the array indexes were made anew, as an event. */
  readonly arraysMade: (entries: number) => void;
  /** Fails while any of it does. */
  readonly probe: HealthProbe;
}

/** Watches the housekeeping of a store. */
export function housekeepingWatch(log: Logger): HousekeepingWatch {
  let failing: readonly HousekeepingFailure[] = [];
  return {
    heard: (failures) => {
      const fresh = failures.filter((failure) => !failing.some((known) => isSame(known, failure)));
      for (const { task, collection, code } of fresh)
        log.event('housekeeping.failed', {
          task,
          code,
          ...(collection === '' ? {} : { collection: configuredId({ id: collection }) }),
        });
      if (failures.length === 0 && failing.length > 0) log.event('housekeeping.recovered', {});
      failing = failures;
    },
    arraysMade: (entries) => {
      log.event('store.index_made_anew', { entries });
    },
    probe: async () => {
      await Promise.resolve();
      if (failing.length > 0)
        throw new HealthFault('housekeeping_failed', 'housekeeping of the store fails');
    },
  };
}

const isSame = (one: HousekeepingFailure, other: HousekeepingFailure): boolean =>
  one.task === other.task && one.collection === other.collection && one.code === other.code;

/** Ends the process as an error does that nobody catches, so that whoever supervises it starts it again. */
export function crash(fault: Error): void {
  setImmediate(() => {
    throw fault;
  });
}
