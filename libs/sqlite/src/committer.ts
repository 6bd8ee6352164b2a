import { MAX_DOCUMENT_BYTES, StoreFault } from '@keyserver/docstore';
import { floorTo, unixMillis } from '@keyserver/time';
import type { Database } from './database.ts';
import type { Table } from './table.ts';
import { answerOf } from './fault.ts';
import { TOLERANCE } from './judge-clocks.ts';
import { type Answer, type Put, type ReadSet, type Write } from './protocol.ts';
import type { TimeMending } from './time-report.ts';
import type { StoreTime } from './store-time.ts';

/** A transaction that wants to commit: what it read, what it writes. */
export interface Member {
  readonly reads: ReadSet;
  readonly writes: readonly Write[];
}

/** Commits transactions in groups: one lock, one fsync, each member revalidated and under its own savepoint. */
export class Committer {
  private readonly database: Database;
  private readonly collections: ReadonlyMap<number, Table>;
  private readonly time: StoreTime;

  constructor(database: Database, collections: ReadonlyMap<number, Table>, time: StoreTime) {
    this.database = database;
    this.collections = collections;
    this.time = time;
  }

  /** The answers to the members, in order, and the store time of the commit. Throws SQLITE_BUSY when the lock is taken. */
  commit(members: readonly Member[]): { answers: Answer[]; time: number } {
    return this.database.inLock(() => {
      const meta = this.database.meta();
      const taken = this.time.take(meta);
      // What a transaction was told while the clock jumped for a moment must not become store time: it runs again.
      const plausible = members.map(({ reads }) => reads.now - taken <= TOLERANCE);
      const told = members.filter((_, n) => plausible[n] === true).map(({ reads }) => reads.now);
      const time = Math.max(taken, ...told);
      let seq = meta.seq;
      const answers = members.map((member, n) => {
        if (plausible[n] !== true || !this.holds(member.reads, time)) return stale;
        if (member.writes.length === 0) return committed;
        return this.apply(member.writes, ++seq);
      });
      this.database.setMeta({ ...meta, seq, time });
      return { answers, time };
    });
  }

  /** Commits what an operator does to mend store time, at the time that the machine shows. */
  mend(as: TimeMending, { reads, writes }: Member): { answer: Answer; time: number } {
    return this.database.inLock(() => {
      const meta = this.database.meta();
      if (!this.holds(reads, reads.now)) return { answer: stale, time: meta.time };
      const answer = this.apply(writes, meta.seq + 1);
      if (answer.kind !== 'committed') return { answer, time: meta.time };
      const time = this.time.mend(as, meta);
      this.database.setMeta({ ...meta, seq: meta.seq + 1, time });
      return { answer, time };
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

  private apply(writes: readonly Write[], version: number): Answer {
    this.database.savepoint();
    try {
      for (const write of writes) this.write(write, version);
      this.database.release();
      return committed;
    } catch (error) {
      // After a fault of its own, such as a full disk, SQLite may have taken back the whole transaction by itself.
      if (!(error instanceof StoreFault) || error.details.number !== undefined) throw error;
      this.database.undo();
      return answerOf(error);
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

const stale: Answer = { kind: 'stale' };
const committed: Answer = { kind: 'committed' };

/** A document's bytes with the values that the table keeps beside them. */
export function putOf(
  body: Uint8Array,
  of: { readonly indexed: readonly unknown[]; readonly array: unknown; readonly expires: unknown },
): Put {
  if (body.length > MAX_DOCUMENT_BYTES)
    throw new StoreFault('refused', 'a document is larger than 1 MiB');
  return {
    body,
    indexed: of.indexed.map((value) => (typeof value === 'string' ? value : Number(value))),
    array: Array.isArray(of.array) ? of.array.map(Number) : [],
    expires: typeof of.expires === 'number' ? of.expires : null,
  };
}
