import { StoreFault } from '@keyserver/docstore';
import { floorTo, unixMillis } from '@keyserver/time';
import type { Database } from './database.ts';
import { faultResponse } from './fault.ts';
import { TOLERANCE } from './machine-clocks.ts';
import type {
  ReadSet,
  Response,
  ResponseMessage,
  TimeMending,
  TransactionRecord,
  Write,
} from './protocol.ts';
import type { StoreTime } from './store-time.ts';
import type { Table } from './table.ts';

/** A transaction of a group, with the number of its request. */
type Member = TransactionRecord & { readonly id: number };

/** Commits transactions in groups, under one lock and with one sync. Each is compared with what it read, under a savepoint of its own. */
export class Committer {
  private readonly database: Database;
  private readonly collections: ReadonlyMap<number, Table>;
  private readonly time: StoreTime;

  constructor(database: Database, collections: ReadonlyMap<number, Table>, time: StoreTime) {
    this.database = database;
    this.collections = collections;
    this.time = time;
  }

  /** The responses to all members, and the store time of the commit. Throws SQLITE_BUSY when the lock is taken. */
  commit(members: readonly Member[]): {
    readonly responses: readonly ResponseMessage[];
    readonly time: number;
  } {
    return this.database.inLock(() => {
      const meta = this.database.meta();
      const taken = this.time.take(meta);
      // What a transaction was told while the clock jumped for a moment must not become store time. It runs again.
      const isPlausible = ({ reads }: Member): boolean => reads.now - taken <= TOLERANCE;
      const time = Math.max(taken, ...members.filter(isPlausible).map(({ reads }) => reads.now));
      let seq = meta.seq;
      const responses = members.map((member) => {
        const { id, reads, writes } = member;
        if (!isPlausible(member) || !this.holds(reads, time)) return { id, response: stale };
        return { id, response: writes.length === 0 ? committed : this.apply(writes, ++seq) };
      });
      this.database.setMeta({ ...meta, seq, time });
      return { responses, time };
    });
  }

  /** Commits what an operator does to mend store time, at the time that the machine shows. */
  mend(
    as: TimeMending,
    { reads, writes }: TransactionRecord,
  ): { readonly response: Response; readonly time: number } {
    return this.database.inLock(() => {
      const meta = this.database.meta();
      if (!this.holds(reads, reads.now)) return { response: stale, time: meta.time };
      const response = this.apply(writes, meta.seq + 1);
      if (response.kind !== 'committed') return { response, time: meta.time };
      const time = this.time.mend(as, meta);
      this.database.setMeta({ ...meta, seq: meta.seq + 1, time });
      return { response, time };
    });
  }

  /** Store time, taken inside the lock: every later commit is ordered at or after it. */
  now(): number {
    return this.database.inLock(() => {
      const meta = this.database.meta();
      const time = this.time.take(meta);
      this.database.setMeta({ ...meta, time });
      return time;
    });
  }

  private holds(reads: ReadSet, time: number): boolean {
    return (
      reads.floors.every(({ span, value }) => floorTo(unixMillis(time), span) === value) &&
      reads.documents.every(({ collection, ids, versions }) => {
        const table = this.at(collection);
        return ids.every((id, n) => table.versionOf(id) === versions[n]);
      }) &&
      reads.queries.every(({ collection, query, found, asOf }) =>
        this.at(collection).stillFinds(query, found, asOf),
      )
    );
  }

  private apply(writes: readonly Write[], version: number): Response {
    this.database.savepoint();
    try {
      for (const write of writes) this.write(write, version);
      this.database.release();
      return committed;
    } catch (error) {
      // After a fault of its own, such as a full disk, SQLite may have taken back the whole transaction by itself.
      if (!(error instanceof StoreFault) || error.details.number !== undefined) throw error;
      this.database.undo();
      return faultResponse(error);
    }
  }

  private write(write: Write, version: number): void {
    const table = this.at(write.collection);
    switch (write.kind) {
      case 'create':
        table.create(write.id, write.put, version);
        return;
      case 'set':
        table.set(write.id, write.put, version);
        return;
      case 'delete':
        table.delete(write.id);
    }
  }

  private at(collection: number): Table {
    const open = this.collections.get(collection);
    if (open === undefined) throw new StoreFault('unavailable', 'a collection could not be opened');
    return open;
  }
}

const stale: Response = { kind: 'stale' };
const committed: Response = { kind: 'committed' };
