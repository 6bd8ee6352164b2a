import type { Change } from './documents.ts';
import { Refusal } from '../grpc/refusal.ts';
import { type Transaction, type Transactions, contention } from './transactions.ts';

/** A commit worked out against the documents as they are, but not done yet. */
export interface Prepared<T> {
  readonly changes: readonly Change[];
  apply(): T;
}

/** Whoever wants to change documents: a transaction, or a write of its own. */
export interface Writer<T> {
  readonly transaction: Transaction | undefined;
  /** Is called anew whenever it may be its turn; a Refusal ends it. */
  readonly prepare: () => Prepared<T>;
  /** Ends the wait when the caller has gone. */
  readonly signal: AbortSignal;
}

interface Waiter {
  readonly transaction: Transaction | undefined;
  blockers: readonly Transaction[];
  patience?: NodeJS.Timeout;
  /** Goes ahead if nobody holds what it changes; tells whether it is through. */
  attempt(): boolean;
  fail(refusal: Refusal): void;
}

/** Pessimistic concurrency: a writer waits for the transactions that have read what it changes. */
export class Locks {
  private readonly transactions: Transactions;
  private readonly waitMs: number;
  private readonly waiting = new Set<Waiter>();
  private settling = false;
  private changed = false;

  constructor(transactions: Transactions, waitMs: number) {
    this.transactions = transactions;
    this.waitMs = waitMs;
  }

  /** Does what the writer wants when nobody else holds it, in the order of arrival. */
  async write<T>(writer: Writer<T>): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const waiter = this.waiterFor(writer, resolve, reject);
      this.waiting.add(waiter);
      this.settle();
      if (!this.waiting.has(waiter)) return;
      waiter.patience = setTimeout(() => {
        waiter.fail(contention());
      }, this.waitMs);
      writer.signal.addEventListener('abort', () => {
        waiter.fail(new Refusal('CANCELLED', 'The caller has gone.'));
      });
    });
  }

  /** Ends a transaction that did not come to its commit. */
  release(transaction: Transaction): void {
    this.transactions.end(transaction);
    this.settle();
  }

  private waiterFor<T>(
    { transaction, prepare }: Writer<T>,
    resolve: (result: T) => void,
    reject: (error: unknown) => void,
  ): Waiter {
    const leave = (aborted: boolean): boolean => {
      this.waiting.delete(waiter);
      clearTimeout(waiter.patience);
      if (transaction !== undefined) this.transactions.end(transaction, aborted);
      return true;
    };
    const waiter: Waiter = {
      transaction,
      blockers: [],
      attempt: () => {
        try {
          const prepared = prepare();
          waiter.blockers = this.transactions.holdersOf(prepared.changes, transaction);
          if (waiter.blockers.length > 0) return false;
          resolve(prepared.apply());
        } catch (refusal) {
          reject(refusal);
        }
        return leave(false);
      },
      fail: (refusal) => {
        if (!this.waiting.has(waiter)) return;
        leave(true);
        reject(refusal);
        this.settle();
      },
    };
    return waiter;
  }

  /** Lets everyone go ahead who can, until nobody can, and breaks the deadlocks on the way. */
  private settle(): void {
    this.changed = true;
    if (this.settling) return;
    this.settling = true;
    while (this.changed) {
      this.changed = false;
      for (const waiter of this.waiting) if (waiter.attempt()) this.changed = true;
      if (!this.changed) this.youngestInDeadlock()?.fail(contention());
    }
    this.settling = false;
  }

  private youngestInDeadlock(): Waiter | undefined {
    const stuck = [...this.waiting].filter((waiter) => this.waitsForItself(waiter));
    return stuck.reduce<Waiter | undefined>(
      (young, waiter) => (seniority(waiter) > seniority(young) ? waiter : young),
      undefined,
    );
  }

  private waitsForItself(waiter: Waiter): boolean {
    const reached = new Set<Transaction>();
    const follow = [...waiter.blockers];
    for (let next = follow.pop(); next !== undefined; next = follow.pop()) {
      if (reached.has(next)) continue;
      reached.add(next);
      const transaction = next;
      const waiters = [...this.waiting].filter((other) => other.transaction === transaction);
      follow.push(...waiters.flatMap(({ blockers }) => blockers));
    }
    return waiter.transaction !== undefined && reached.has(waiter.transaction);
  }
}

const seniority = (waiter: Waiter | undefined): number => waiter?.transaction?.seniority ?? 0;
