import type { UnixMillis } from '@keyserver/time';
import type { Consistency, Reading } from './reading.ts';
import type { StoreTime } from './store-time.ts';
import type { ReadMessage } from './wire.ts';

/**
 * The reads of one attempt of a transaction. The first of them begins it on the server, and its answer tells the name of the
 * transaction and store time; nothing is asked for that alone. Others wait until then, or each would begin one of its own.
 * https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1#batchgetdocumentsrequest (new_transaction)
 */
export class Beginning implements Reading {
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
