import type { DocumentStore } from '@keyserver/docstore';
import type { Clock, Timers, UnixMillis } from '@keyserver/time';

/** How old a reading of store time may be, ms. */
const RECENT = 200;

/** What tells how old a reading is. */
interface Since {
  readonly timers: Pick<Timers, 'monotonic'>;
  readonly clock: Clock;
}

/**
 * The same store, of whose time one reading serves all who ask within a moment: a call asks several times, and on one machine each reading is a
 * commit, after which nothing else is remembered either. A time that is a little old only delays what is served, since windows close later
 * by it. Where the clock was set meanwhile, to whichever side, it is read anew.
 */
export function withRecentTime(store: DocumentStore, { timers, clock }: Since): DocumentStore {
  let last: { readonly now: Promise<UnixMillis>; readonly at: readonly number[] } | undefined;
  const readings = (): readonly number[] => [timers.monotonic(), clock.now()];
  return {
    closingDelay: store.closingDelay,
    changeMark: () => store.changeMark?.(),
    get: async (from, ids) => await store.get(from, ids),
    pages: (from, query, pageSize) => store.pages(from, query, pageSize),
    transact: async (decide) => await store.transact(decide),
    deleteAll: async (from, query) => await store.deleteAll(from, query),
    certainTime: async () => await store.certainTime(),
    close: async () => {
      await store.close();
    },
    now: async () => {
      const at = readings();
      if (last === undefined || !isRecent(at, last.at)) last = { now: store.now(), at };
      const { now } = last;
      try {
        return await now;
      } catch (fault) {
        if (last.now === now) last = undefined; // a fault is nobody else's answer
        throw fault;
      }
    },
  };
}

const isRecent = (at: readonly number[], before: readonly number[]): boolean =>
  at.every((reading, n) => Math.abs(reading - (before[n] ?? 0)) <= RECENT);
