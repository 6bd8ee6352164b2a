import type { BatchWriteAnswer, CommitAnswer, WriteResult } from './answers.ts';
import type { Documents } from './documents.ts';
import { type FirestoreIndexes } from './index-rules.ts';
import { checkIndexedValues } from './indexed-values.ts';
import type { Locks, Prepared } from './locks.ts';
import { Refusal } from '../grpc/refusal.ts';
import type { BatchWriteRequest, CommitRequest, Write } from './requests.ts';
import { type StoreClock, toTimestamp } from './store-clock.ts';
import type { Transaction, Transactions } from './transactions.ts';
import { checkTransactionSize } from './transaction-size.ts';
import type { Usage } from './usage.ts';
import { effectOf, placeOfWrite } from './writes.ts';

const MAX_WRITES = 500;

interface Parts {
  readonly documents: Documents;
  readonly clock: StoreClock;
  readonly transactions: Transactions;
  readonly locks: Locks;
  readonly indexes: FirestoreIndexes | undefined;
  readonly usage: Usage;
}

/** Commits and batches of writes. */
export class Commits {
  private readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  /** All writes or none; a transaction ends with it, whatever comes of it. */
  async commit(request: CommitRequest, signal: AbortSignal): Promise<CommitAnswer> {
    const { database, writes } = request;
    const transaction = this.transactionOf(request);
    return await this.parts.locks.write({
      transaction,
      signal,
      prepare: () => {
        checkWrites(writes, transaction);
        return this.prepared(database, writes);
      },
    });
  }

  /** Every write by itself, in no particular order, each with its own status. */
  async batchWrite(
    { database, writes }: BatchWriteRequest,
    signal: AbortSignal,
  ): Promise<BatchWriteAnswer> {
    checkWrites(writes, undefined);
    const names = writes.map((write) => placeOfWrite(database, write).name);
    if (new Set(names).size < names.length)
      throw new Refusal('INVALID_ARGUMENT', 'A batch may write each document once only.');
    const each = await Promise.all(
      writes.map(async (write) => await this.writeOne(database, write, signal)),
    );
    return {
      writeResults: each.map(({ result }) => result),
      status: each.map(({ code, message }) => ({ code, message })),
    };
  }

  private async writeOne(
    database: string,
    write: Write,
    signal: AbortSignal,
  ): Promise<{ result: WriteResult; code: number; message: string }> {
    try {
      const { writeResults } = await this.parts.locks.write({
        transaction: undefined,
        signal,
        prepare: () => this.prepared(database, [write]),
      });
      const [result = { transformResults: [] }] = writeResults;
      return { result, code: 0, message: '' };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { result: { transformResults: [] }, code: error.code, message: error.message };
    }
  }

  private transactionOf({ transaction }: CommitRequest): Transaction | undefined {
    return transaction.length === 0 ? undefined : this.parts.transactions.use(transaction);
  }

  private prepared(database: string, writes: readonly Write[]): Prepared<CommitAnswer> {
    const { documents, clock, indexes } = this.parts;
    const at = clock.commit();
    const { changes, results } = effectOf(documents, database, writes, at);
    if (indexes !== undefined)
      for (const { after } of changes) if (after !== undefined) checkIndexedValues(indexes, after);
    checkTransactionSize(changes, indexes);
    return {
      changes,
      apply: () => {
        documents.apply(changes, at);
        const deletes = writes.filter(({ operation }) => operation === 'delete').length;
        this.parts.usage.committed(writes.length - deletes, deletes);
        return { writeResults: results, commitTime: toTimestamp(at) };
      },
    };
  }
}

function checkWrites(writes: readonly Write[], transaction: Transaction | undefined): void {
  if (writes.length > MAX_WRITES)
    throw new Refusal('INVALID_ARGUMENT', `maximum ${MAX_WRITES} writes allowed per request`);
  if (writes.length > 0 && transaction?.readTime !== undefined)
    throw new Refusal('INVALID_ARGUMENT', 'Cannot modify entities in a read-only transaction.');
}
