import { type UnixMillis, floorTo } from '@keyserver/time';
import {
  type Collection,
  type Found,
  MAX_TRANSACTION_BYTES,
  MAX_WRITES,
  type Query,
  StoreFault,
  type Transaction,
  indexFor,
} from '@keyserver/docstore';
import type { Consistency, Reading, ReadMessage, Write } from './wire.ts';
import type { StoreTime } from './database.ts';
import type { Connection } from './connection.ts';
import { fieldsOf, sizeOf, writeBytes } from './document.ts';
import { CallFault, readFault } from './failure.ts';
import { findAll, getAll } from './reads.ts';

/**
 * The reads of one attempt of a transaction. The first of them begins it on the server, and its answer tells the name of the
 * transaction and store time; nothing is asked for that alone. Others wait until then, or each would begin one of its own.
 * https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1#batchgetdocumentsrequest (new_transaction)
 */
class Beginning implements Reading {
  readonly locks = true;
  /** The name of the transaction on the server, once it is known. */
  transaction: Uint8Array | undefined;
  private readonly time: StoreTime;
  private readonly before: Uint8Array | undefined;
  private began: Promise<void> | undefined;
  private readTime = 0;
  private storeTime: UnixMillis | undefined;

  constructor(of: { readonly time: StoreTime; readonly before: Uint8Array | undefined }) {
    this.time = of.time;
    this.before = of.before;
  }

  /** Store time at the first read. */
  get now(): UnixMillis {
    if (this.storeTime === undefined)
      throw new TypeError('a transaction knows the time only after its first read');
    return this.storeTime;
  }

  /** Whether anything was read, successfully or not. */
  get hasRead(): boolean {
    return this.began !== undefined;
  }

  consistency(): Consistency {
    const { transaction, before } = this;
    if (transaction !== undefined) return { transaction };
    // The place of the attempt before it: the older of two transactions that want the same wins.
    return {
      newTransaction: { readWrite: before === undefined ? {} : { retryTransaction: before } },
    };
  }

  heard({ transaction, readTime = 0 }: ReadMessage): void {
    this.transaction ??= transaction;
    this.readTime = Math.max(this.readTime, readTime);
  }

  /** Does a read of this transaction in its turn. */
  async read<T>(read: (reading: Reading) => Promise<T>): Promise<T> {
    if (this.began !== undefined) {
      await this.began;
      return await read(this);
    }
    const first = this.begin(read);
    this.began = first.then(ignoreResult);
    this.began.catch(ignoreResult);
    return await first;
  }

  private async begin<T>(read: (reading: Reading) => Promise<T>): Promise<T> {
    const asked = this.time.asked();
    const result = await read(this);
    // What asks for nothing makes no call.
    if (this.transaction === undefined) await this.time.ask(this);
    if (this.transaction === undefined) throw new Error('Firestore began no transaction');
    this.storeTime = this.time.told(asked, this.readTime);
    return result;
  }
}

const ignoreResult = (): void => undefined;

/** A call that failed, and what it is to callers unless it is tried again. */
export interface FailedCall {
  readonly failure: CallFault;
  readonly fault: StoreFault;
}

/** One attempt of a transaction: every read takes locks that Firestore holds until the attempt ends; writes are gathered. */
export class Attempt implements Transaction {
  readonly writes: Write[] = [];
  readonly beginning: Beginning;
  /** The first read of this attempt that failed, whatever the function made of it. */
  failed: FailedCall | undefined;
  /** Why this attempt must not commit, whatever the function made of it: a wrong clock, or an unreadable document. */
  barred: { readonly error: unknown } | undefined;
  private readonly connection: Connection;
  private sentBytes = 0;
  private changedBytes = 0;

  constructor(of: {
    readonly connection: Connection;
    readonly time: StoreTime;
    /** The transaction of the attempt before this one. */
    readonly before: Uint8Array | undefined;
  }) {
    this.connection = of.connection;
    this.beginning = new Beginning(of);
  }

  get now(): UnixMillis {
    return this.beginning.now;
  }

  // Need not hold at the commit: closingDelay covers the longest life of a transaction.
  floor(span: number): UnixMillis {
    return floorTo(this.now, span);
  }

  async get<D>(from: Collection<D>, ids: readonly string[]): Promise<readonly (D | undefined)[]> {
    return await this.reading(
      from,
      async (reading) => await getAll(this.connection, from, { ids, reading }),
    );
  }

  async find<D>(from: Collection<D>, query: Query<D>): Promise<readonly Found<D>[]> {
    indexFor(from.layout, query);
    return await this.reading(
      from,
      async (reading) => await findAll(this.connection, from, { query, reading }),
    );
  }

  create<D>(into: Collection<D>, id: string, value: D): void {
    this.put(into, id, value, { currentDocument: { exists: false } });
  }

  set<D>(into: Collection<D>, id: string, value: D): void {
    this.put(into, id, value, {});
  }

  delete<D>(from: Collection<D>, id: string): void {
    this.write({ delete: this.connection.names.of(from.layout.name, id) });
  }

  private put<D>(
    into: Collection<D>,
    id: string,
    value: D,
    when: { readonly currentDocument?: { readonly exists: boolean } },
  ): void {
    const name = this.connection.names.of(into.layout.name, id);
    const fields = fieldsOf(into, id, value);
    const { document, entryBytes } = sizeOf(into.layout, id, fields);
    this.changedBytes += document + entryBytes;
    this.write({ update: { name, fields }, ...when });
  }

  private async reading<D, T>(
    from: Collection<D>,
    read: (reading: Reading) => Promise<T>,
  ): Promise<T> {
    if (this.writes.length > 0)
      throw new StoreFault('refused', 'a transaction reads before it writes');
    try {
      return await this.beginning.read(read);
    } catch (error) {
      if (!(error instanceof CallFault)) {
        this.barred ??= { error };
        throw error;
      }
      const fault = readFault(error, from.layout.name);
      this.failed ??= { failure: error, fault };
      throw fault;
    }
  }

  private write(write: Write): void {
    this.writes.push(write);
    this.sentBytes += writeBytes(write);
    if (this.writes.length > MAX_WRITES)
      throw new StoreFault('refused', 'a transaction has more than 500 writes');
    if (Math.max(this.sentBytes, this.changedBytes) > MAX_TRANSACTION_BYTES)
      throw new StoreFault('refused', 'a transaction writes more than 10 MiB');
  }
}
