import type { UnixMillis } from '@keyserver/time';
import type { Collection } from './collection.ts';
import type { Found, Query } from './query.ts';

/** Most writes of one transaction (Firestore's limit). */
export const MAX_WRITES = 500;

/** Most bytes of one document (Firestore's limit). */
export const MAX_DOCUMENT_BYTES = 1 << 20;

/**
 * What a transaction function may do: reads first, then writes, which take effect together or not at all: at most 500, and
 * together with their index entries at most 10 MiB.
 */
export interface Transaction {
  /**
   * Store time when this attempt first read. For leases and bookkeeping; for release windows use `floor`. Both are known once
   * a first `get` or `find` has answered, and throw before: the answer tells the time, so that nothing is asked for it alone.
   */
  readonly now: UnixMillis;
  /**
   * Store time rounded down to a multiple of `span` ms. It still holds at the moment that orders this transaction's
   * writes: if that moment lies in the next span, the function runs again. Whatever a window is computed from must
   * come from here, or a key could slip into a window that an export has already read.
   */
  floor(span: number): UnixMillis;
  get<D>(from: Collection<D>, ids: readonly string[]): Promise<readonly (D | undefined)[]>;
  /** All documents of a query that names a limit or is bounded by its nature. */
  find<D>(from: Collection<D>, query: Query<D>): Promise<readonly Found<D>[]>;
  /** Writes a document that must not exist yet. */
  create<D>(into: Collection<D>, id: string, value: D): void;
  /** Writes a document, existing or not. */
  set<D>(into: Collection<D>, id: string, value: D): void;
  delete<D>(from: Collection<D>, id: string): void;
}

/**
 * The document store: a small port modelled on what Firestore promises. Every failure of the store itself is a StoreFault.
 */
export interface DocumentStore {
  get<D>(from: Collection<D>, ids: readonly string[]): Promise<readonly (D | undefined)[]>;
  /** The documents of a query, in pages of at most `pageSize`; no resource is held between pages. */
  pages<D>(
    from: Collection<D>,
    query: Query<D>,
    pageSize?: number,
  ): AsyncIterable<readonly Found<D>[]>;
  /**
   * Runs a serialisable transaction. The function may run more than once and must do nothing but decide: the ids of
   * documents it creates are drawn outside it. Its error is passed on when what it read still holds.
   */
  transact<T>(decide: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Deletes all documents of a query, in bounded steps; returns how many. */
  deleteAll<D>(from: Collection<D>, query: Query<D>): Promise<number>;
  /** Store time. Every transaction that commits later is ordered at or after it. */
  now(): Promise<UnixMillis>;
  /**
   * The time before which documents have certainly expired, for whoever deletes for good; undefined until the clock that
   * store time comes from has been plausible for a while. Never later than store time.
   */
  certainTime(): Promise<UnixMillis | undefined>;
  /**
   * A number that is another one as soon as anybody has committed anything: what was read after it was taken holds as long as it
   * stays. Undefined, or no such function, where that cannot be told for much less than a reading costs.
   */
  changeMark?(): number | undefined;
  /** How long after its end a window may still receive writes, in ms: the longest life of a transaction. */
  readonly closingDelay: number;
  close(): Promise<void>;
}

/**
 * A part of a store outside its database, such as the directory of keys or a bucket. It carries the id of the store, so that
 * a part that vanished, or was exchanged for that of another store, is not taken for it.
 */
export interface StorePart {
  /** What it is recorded under in the database: `keys`, or the name of a bucket behind `bucket:`. */
  readonly name: string;
  /** What people call it, as the beginning of a sentence. */
  readonly described: string;
  /** The id that it carries; undefined when it carries none. */
  readonly readId: () => Promise<string | undefined>;
  readonly writeId: (id: string) => Promise<void>;
}
