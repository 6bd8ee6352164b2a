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

/** A read that takes locks in a transaction, or one that takes none. */
export interface Reader<T> {
  readonly transaction: Transaction | undefined;
  /** Whether a change would touch what the read would lock now. */
  readonly locks: (change: Change) => boolean;
  readonly answer: () => T;
}

interface Waiter {
  readonly transaction: Transaction | undefined;
  /** The lower, the older. */
  readonly seniority: number;
  /** What it waits to change; nothing for a reader. */
  changes: readonly Change[];
  blockers: readonly Transaction[];
  patience?: NodeJS.Timeout;
  /** Goes ahead if nobody stands in its way; tells whether it is through. */
  attempt(): boolean;
  fail(refusal: Refusal): void;
}

type Settle<T> = (result: T) => void;

/**
 * Pessimistic concurrency: a writer waits for the transactions that have read what it changes, and transactions begun later wait
 * to read it until that is done. Of those who wait for each other the older one wins.
 * https://firebase.google.com/docs/firestore/transaction-data-contention
 */
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

  /** Does what the writer wants when nobody else holds it. */
  async write<T>(writer: Writer<T>): Promise<T> {
    return await this.wait(writer.signal, (resolve, reject) =>
      this.writerAsWaiter(writer, resolve, reject),
    );
  }

  /** Answers a read when no older writer waits for what it would lock. */
  async read<T>(reader: Reader<T>, signal: AbortSignal): Promise<T> {
    const { transaction } = reader;
    if (transaction === undefined) return reader.answer();
    return await this.wait(signal, (resolve, reject) =>
      this.readerAsWaiter({ ...reader, transaction }, resolve, reject),
    );
  }

  private async wait<T>(
    signal: AbortSignal,
    waiterFor: (resolve: Settle<T>, reject: Settle<unknown>) => Waiter,
  ): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const waiter = waiterFor(resolve, reject);
      this.waiting.add(waiter);
      this.settle();
      if (!this.waiting.has(waiter)) return;
      waiter.patience = setTimeout(() => {
        waiter.fail(contention());
      }, this.waitMs);
      signal.addEventListener('abort', () => {
        waiter.fail(new Refusal('CANCELLED', 'The caller has gone.'));
      });
    });
  }

  /** Ends a transaction that did not come to its commit. */
  release(transaction: Transaction): void {
    this.transactions.end(transaction);
    this.settle();
  }

  private writerAsWaiter<T>(
    { transaction, prepare }: Writer<T>,
    resolve: Settle<T>,
    reject: Settle<unknown>,
  ): Waiter {
    const seniority = transaction?.seniority ?? this.transactions.arrival();
    const waiter: Waiter = {
      ...{ transaction, seniority, changes: [], blockers: [] },
      attempt: () => {
        try {
          const prepared = prepare();
          waiter.changes = prepared.changes;
          waiter.blockers = this.transactions.holdersOf(prepared.changes, transaction);
          if (waiter.blockers.length > 0) return false;
          resolve(prepared.apply());
        } catch (refusal) {
          reject(refusal);
        }
        this.leave(waiter, { ends: true, aborted: false });
        return true;
      },
      fail: (refusal) => {
        this.giveUp(waiter, refusal, reject);
      },
    };
    return waiter;
  }

  private readerAsWaiter<T>(
    { transaction, locks, answer }: Reader<T> & { readonly transaction: Transaction },
    resolve: Settle<T>,
    reject: Settle<unknown>,
  ): Waiter {
    const { seniority } = transaction;
    const waiter: Waiter = {
      ...{ transaction, seniority, changes: [], blockers: [] },
      attempt: () => {
        try {
          const ahead = this.olderThan(seniority).filter(({ changes }) => changes.some(locks));
          waiter.blockers = ahead.flatMap(whoHolds);
          if (ahead.length > 0) return false;
          resolve(answer());
        } catch (refusal) {
          reject(refusal);
        }
        this.leave(waiter, { ends: false });
        return true;
      },
      fail: (refusal) => {
        this.giveUp(waiter, refusal, reject);
      },
    };
    return waiter;
  }

  private olderThan(seniority: number): readonly Waiter[] {
    return [...this.waiting].filter((waiter) => waiter.seniority < seniority);
  }

  private leave(
    waiter: Waiter,
    how: { readonly ends: true; readonly aborted: boolean } | { readonly ends: false },
  ): void {
    this.waiting.delete(waiter);
    clearTimeout(waiter.patience);
    if (how.ends && waiter.transaction !== undefined)
      this.transactions.end(waiter.transaction, how.aborted);
  }

  private giveUp(waiter: Waiter, refusal: Refusal, reject: Settle<unknown>): void {
    if (!this.waiting.has(waiter)) return;
    this.leave(waiter, { ends: true, aborted: true });
    reject(refusal);
    this.settle();
  }

  /** Lets everyone go ahead who can, until nobody can, and breaks the deadlocks on the way. */
  private settle(): void {
    this.changed = true;
    if (this.settling) return;
    this.settling = true;
    while (this.changed) {
      this.changed = false;
      for (const waiter of this.inOrder()) if (waiter.attempt()) this.changed = true;
      if (!this.changed) this.youngestInDeadlock()?.fail(contention());
    }
    this.settling = false;
  }

  private inOrder(): readonly Waiter[] {
    return [...this.waiting].sort((a, b) => a.seniority - b.seniority);
  }

  private youngestInDeadlock(): Waiter | undefined {
    const stuck = [...this.waiting].filter((waiter) => this.waitsForItself(waiter));
    return stuck.reduce<Waiter | undefined>(
      (young, waiter) => (waiter.seniority > (young?.seniority ?? 0) ? waiter : young),
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

/** Whom someone waits for who waits for a writer: its own transaction, and those that it waits for itself. */
const whoHolds = ({ transaction, blockers }: Waiter): readonly Transaction[] =>
  transaction === undefined ? blockers : [transaction, ...blockers];
