import type { Collection, DocumentStore } from '../index.ts';
import { arrayIndexContract } from './contract/array-index.ts';
import { deletingContract } from './contract/deleting.ts';
import { counters, passing, people, places } from './contract/documents-of-the-suite.ts';
import { documentsContract } from './contract/documents.ts';
import { queriesContract } from './contract/queries.ts';
import { comparedReads, lockedReads } from './contract/reads-in-transactions.ts';
import { timeContract } from './contract/time.ts';
import { transactionsContract } from './contract/transactions.ts';

/** A document store under test: opens a fresh store, and moves the clock that its store time follows. */
export interface StoreUnderTest {
  open(): Promise<DocumentStore>;
  /** Not given by a store whose time nobody can move; then nothing that depends on it is tested. */
  advance?(ms: number): void;
  /** What a transaction has read is locked until it ends. Without: it is compared at the commit, and the function runs again. */
  readonly locksReads?: boolean;
}

/** The collections of the suite, for a store that must be told its indexes or starts from a used database. */
export const contractCollections: readonly Collection<unknown>[] = [
  people,
  places,
  passing,
  counters,
];

/** The suite that every document store must pass. */
export function documentStoreContract(name: string, tested: StoreUnderTest): void {
  describe(`document store on ${name}`, () => {
    let store: DocumentStore;
    beforeEach(async () => {
      store = await tested.open();
    });
    afterEach(async () => {
      await store.close();
    });
    const current = (): DocumentStore => store;

    describe('documents', () => {
      documentsContract(current);
    });
    describe('queries', () => {
      queriesContract(current);
    });
    describe('array index', () => {
      arrayIndexContract(current);
    });
    describe('transactions', () => {
      transactionsContract(current);
      if (tested.locksReads === true) lockedReads(current);
      else comparedReads(current);
    });
    describe('time', () => {
      timeContract(current, tested.advance?.bind(tested));
    });
    describe('deleting by query', () => {
      deletingContract(current);
    });

    it('answers with a fault after it was closed', async () => {
      const other = await tested.open();
      await other.close();
      await expect(other.get(counters, ['c'])).rejects.toMatchObject({
        name: 'StoreFault',
        code: 'unavailable',
      });
    });
  });
}
