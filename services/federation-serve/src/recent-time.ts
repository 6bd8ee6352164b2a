import type { DocumentStore } from '@keyserver/docstore';
import type { Timers, UnixMillis } from '@keyserver/time';

/** How old a reading of store time may be, ms. */
const RECENT = 20;

/**
 * The same store, of whose time one reading serves all who ask within a moment: a call asks several times. A time that is a little
 * old only delays what is served, since windows close later by it.
 */
export function withRecentTime(store: DocumentStore, timers: Timers): DocumentStore {
  let last: { readonly now: Promise<UnixMillis>; readonly at: number } | undefined;
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
      const at = timers.monotonic();
      if (last === undefined || at - last.at > RECENT) last = { now: store.now(), at };
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
