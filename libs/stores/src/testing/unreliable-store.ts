import type { DocumentStore, Transaction } from '@keyserver/docstore';

/** Runs a transaction in its own way over another store. */
type Transact = <T>(decide: (tx: Transaction) => Promise<T>, through: DocumentStore) => Promise<T>;

const transacting = (store: DocumentStore, transact: Transact): DocumentStore => ({
  get: async (from, ids) => await store.get(from, ids),
  pages: (from, query, size) => store.pages(from, query, size),
  transact: async (decide) => await transact(decide, store),
  deleteAll: async (from, query) => await store.deleteAll(from, query),
  now: async () => await store.now(),
  closingDelay: store.closingDelay,
  close: async () => {
    await store.close();
  },
});

/** A store that commits every transaction, never hears of it, and runs the function again. Tests only. */
export const forgetful = (store: DocumentStore): DocumentStore =>
  transacting(store, async (decide, through) => {
    await through.transact(decide);
    return await through.transact(decide);
  });

/** A store in which something happens once between the reads of a transaction and its commit. Tests only. */
export function interrupted(store: DocumentStore, happens: () => Promise<void>): DocumentStore {
  let pending = true;
  return transacting(
    store,
    async (decide, through) =>
      await through.transact(async (tx) => {
        const decided = await decide(tx);
        if (pending) {
          pending = false;
          await happens();
        }
        return decided;
      }),
  );
}
