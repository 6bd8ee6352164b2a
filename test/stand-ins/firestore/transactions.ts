import type { Change } from './documents.ts';
import { Refusal } from '../grpc/refusal.ts';
import type { TransactionOptions } from './requests.ts';
import { disturbs } from './run-query.ts';
import type { Scan } from './query-plan.ts';
import { type Micros, type StoreClock, fromTimestamp } from './store-clock.ts';

const MAX_AGE: Micros = 270_000_000;
const MAX_IDLE: Micros = 60_000_000;

/** A transaction, and what it has read: nobody else may change that before it ends. */
export interface Transaction {
  readonly token: Uint8Array;
  /** The lower, the older; a retry keeps the place of its first try. */
  readonly seniority: number;
  /** The moment that a read-only transaction sees; undefined if it may write. */
  readonly readTime: Micros | undefined;
  readonly begun: Micros;
  used: Micros;
  readonly names: Set<string>;
  readonly scans: { readonly collection: string; readonly seen: Scan }[];
}

interface Ended {
  readonly seniority: number;
  readonly aborted: boolean;
}

/** The answer to whoever lost against another transaction. */
export const contention = (): Refusal =>
  new Refusal('ABORTED', 'Too much contention on these documents. Please try again.');

/** What reads have seen of the documents. */
export type Seen = Pick<Transaction, 'names' | 'scans'>;

/** Whether a change touches what was seen. */
export const touches = ({ names, scans }: Seen, change: Change): boolean =>
  names.has(change.place.name) ||
  scans.some(({ collection, seen }) => disturbs(change, collection, seen));

const hex = (token: Uint8Array): string => Buffer.from(token).toString('hex');

/** All transactions that were begun, with Firestore's bounds on their lives. */
export class Transactions {
  private readonly clock: StoreClock;
  private readonly live = new Map<string, Transaction>();
  private readonly ended = new Map<string, Ended>();
  private begun = 0;

  constructor(clock: StoreClock) {
    this.clock = clock;
  }

  /** The place in the order of age of a writer without a transaction. */
  arrival(): number {
    this.begun += 1;
    return this.begun;
  }

  begin(options: TransactionOptions | null): Transaction {
    this.begun += 1;
    const token = Buffer.from(`transaction ${this.begun}`);
    const now = this.clock.read();
    const seniority = this.seniorityOf(options?.readWrite?.retryTransaction) ?? this.begun;
    const readTime = options?.mode === 'readOnly' ? readTimeOf(options, now) : undefined;
    const transaction = {
      ...{ token, seniority, readTime, begun: now, used: now },
      ...{ names: new Set<string>(), scans: [] },
    };
    this.live.set(hex(token), transaction);
    return transaction;
  }

  /** The transaction of a request, which keeps it alive. */
  use(token: Uint8Array): Transaction {
    const now = this.clock.read();
    this.endExpired(now);
    const transaction = this.live.get(hex(token));
    if (transaction !== undefined) {
      transaction.used = now;
      return transaction;
    }
    if (this.ended.get(hex(token))?.aborted === true) throw contention();
    throw new Refusal(
      'INVALID_ARGUMENT',
      'The referenced transaction has expired or is no longer valid.',
    );
  }

  end(transaction: Transaction, aborted = false): void {
    const { token, seniority } = transaction;
    if (this.live.delete(hex(token))) this.ended.set(hex(token), { seniority, aborted });
  }

  endAll(): void {
    for (const transaction of this.live.values()) this.end(transaction);
  }

  /** The other transactions that have read what the changes touch. */
  holdersOf(changes: readonly Change[], self: Transaction | undefined): readonly Transaction[] {
    this.endExpired(this.clock.read());
    return [...this.live.values()].filter(
      (other) => other !== self && changes.some((change) => touches(other, change)),
    );
  }

  private seniorityOf(token: Uint8Array | undefined): number | undefined {
    const first = token === undefined ? '' : hex(token);
    return this.live.get(first)?.seniority ?? this.ended.get(first)?.seniority;
  }

  private endExpired(now: Micros): void {
    for (const transaction of this.live.values())
      if (now - transaction.begun > MAX_AGE || now - transaction.used > MAX_IDLE)
        this.end(transaction);
  }
}

const readTimeOf = (options: TransactionOptions, now: Micros): Micros =>
  options.readOnly?.readTime === undefined ? now : fromTimestamp(options.readOnly.readTime);
