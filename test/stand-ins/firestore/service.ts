import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { Commits } from './commits.ts';
import type { Documents } from './documents.ts';
import type { FirestoreIndexes } from './index-rules.ts';
import { listCollectionIds, listDocuments } from './listing.ts';
import { Locks } from './locks.ts';
import { Reads } from './reads.ts';
import type {
  BatchGetRequest,
  BatchWriteRequest,
  BeginRequest,
  CommitRequest,
  ListCollectionIdsRequest,
  ListDocumentsRequest,
  RollbackRequest,
  RunQueryRequest,
} from './requests.ts';
import { type Surroundings, streaming, unary } from './serve-call.ts';
import type { StoreClock } from './store-clock.ts';
import type { Transactions } from './transactions.ts';
import type { Usage } from './usage.ts';

/** What the methods work on. */
export interface Store {
  readonly documents: Documents;
  readonly clock: StoreClock;
  readonly indexes: FirestoreIndexes | undefined;
  readonly lockWaitMs: number;
  readonly usage: Usage;
  readonly transactions: Transactions;
}

/** The methods of google.firestore.v1.Firestore that a client of documents, queries and transactions calls. */
export function firestoreService(store: Store, around: Surroundings): UntypedServiceImplementation {
  const { documents, transactions } = store;
  const locks = new Locks(transactions, store.lockWaitMs);
  const reads = new Reads(store);
  const commits = new Commits({ ...store, locks });
  /** Nobody can end a transaction whose name was lost with the answer; it goes with the connection. */
  const endUnheard = (messages: readonly { readonly transaction?: Uint8Array }[]): void => {
    for (const { transaction } of messages)
      if (transaction !== undefined) locks.release(transactions.use(transaction));
  };
  return {
    BatchGetDocuments: streaming(
      around,
      'BatchGetDocuments',
      async (request: BatchGetRequest, signal) => await locks.read(reads.batchGet(request), signal),
      endUnheard,
    ),
    RunQuery: streaming(
      around,
      'RunQuery',
      async (request: RunQueryRequest, signal) => await locks.read(reads.runQuery(request), signal),
      endUnheard,
    ),
    RunAggregationQuery: streaming(around, 'RunAggregationQuery', reads.aggregate.bind(reads)),
    BeginTransaction: unary(around, 'BeginTransaction', ({ options }: BeginRequest) => ({
      transaction: transactions.begin(options).token,
    })),
    Commit: unary(
      around,
      'Commit',
      async (request: CommitRequest, signal) => await commits.commit(request, signal),
    ),
    BatchWrite: unary(
      around,
      'BatchWrite',
      async (request: BatchWriteRequest, signal) => await commits.batchWrite(request, signal),
    ),
    Rollback: unary(around, 'Rollback', ({ transaction }: RollbackRequest) => {
      locks.release(transactions.use(transaction));
      return {};
    }),
    ListDocuments: unary(around, 'ListDocuments', (request: ListDocumentsRequest) =>
      listDocuments(documents, request),
    ),
    ListCollectionIds: unary(around, 'ListCollectionIds', (request: ListCollectionIdsRequest) =>
      listCollectionIds(documents, request),
    ),
  };
}
