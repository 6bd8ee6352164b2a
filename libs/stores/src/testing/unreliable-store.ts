import type { DocumentStore, Transaction } from '@keyserver/docstore';

/** Runs a transaction in its own way. */
type Transact = <T>(decide: (tx: Transaction) => Promise<T>) => Promise<T>;

/** The same store but for how it runs transactions. */
const transacting = (store: DocumentStore, transact: Transact): DocumentStore =>
  Object.assign(Object.create(store) as DocumentStore, { transact });

/** A store that commits every transaction, does not learn of it, and runs the function again. Tests only. */
export const forgetful = (store: DocumentStore): DocumentStore =>
  transacting(store, async (decide) => {
    await store.transact(decide);
    return await store.transact(decide);
  });

/** A store that tells each time that a transaction begins, also when it begins again. Tests only. */
export const counted = (store: DocumentStore, begins: () => void): DocumentStore =>
  transacting(
    store,
    async (decide) =>
      await store.transact(async (tx) => {
        begins();
        return await decide(tx);
      }),
  );

/** A store in which something happens once between the reads of a transaction and its commit. Tests only. */
export function interrupted(store: DocumentStore, happens: () => Promise<void>): DocumentStore {
  let pending = true;
  return transacting(
    store,
    async (decide) =>
      await store.transact(async (tx) => {
        const decided = await decide(tx);
        if (pending) {
          pending = false;
          await happens();
        }
        return decided;
      }),
  );
}
