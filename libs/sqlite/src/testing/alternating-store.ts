import type { DocumentStore } from '@keyserver/docstore';

/** Two stores over one database as one: every call goes to the other of them. */
export function alternatingStore(one: DocumentStore, other: DocumentStore): DocumentStore {
  let calls = 0;
  const next = (): DocumentStore => (calls++ % 2 === 0 ? one : other);
  return {
    closingDelay: one.closingDelay,
    get: async (from, ids) => await next().get(from, ids),
    pages: (from, query, pageSize) => next().pages(from, query, pageSize),
    transact: async (decide) => await next().transact(decide),
    deleteAll: async (from, query) => await next().deleteAll(from, query),
    now: async () => await next().now(),
    certainTime: async () => await next().certainTime(),
    close: async () => {
      await Promise.all([one.close(), other.close()]);
    },
  };
}
