import { MAX_DOCUMENT_BYTES, StoreFault } from '@keyserver/docstore';
import { type Clock, floorTo, unixMillis } from '@keyserver/time';
import type { Database, Meta, OpenCollection } from './database.ts';
import { answerOf } from './fault.ts';
import { type Answer, type Put, type ReadSet, type Write, sameVersions } from './protocol.ts';
import { isBusy } from './sql.ts';

/** How far this machine's clock may lie behind store time before nothing is written any more, ms. */
const MAX_CLOCK_LAG = 30_000;

/** A transaction that wants to commit: what it read, what it writes. */
export interface Member {
  readonly reads: ReadSet;
  readonly writes: readonly Write[];
}

/** Commits transactions in groups: one lock, one fsync, each member revalidated and under its own savepoint. */
export class Committer {
  private readonly database: Database;
  private readonly collections: ReadonlyMap<number, OpenCollection>;
  private readonly clock: Clock;

  constructor(database: Database, collections: ReadonlyMap<number, OpenCollection>, clock: Clock) {
    this.database = database;
    this.collections = collections;
    this.clock = clock;
  }

  /** The answers to the members, in order, and the store time of the commit. Throws SQLITE_BUSY when the lock is taken. */
  commit(members: readonly Member[]): { answers: Answer[]; time: number } {
    try {
      return this.database.inLock(() => {
        const meta = this.database.meta();
        const time = Math.max(this.timeAfter(meta), ...members.map(({ reads }) => reads.now));
        let seq = meta.seq;
        for (const open of this.collections.values()) open.array?.catchUp(meta);
        const answers = members.map((member) => {
          if (!this.holds(member.reads, time)) return stale;
          if (member.writes.length === 0) return committed;
          return this.apply(member.writes, ++seq);
        });
        for (const open of this.collections.values()) open.array?.sawCommit(seq);
        this.database.setMeta({ ...meta, seq, time });
        return { answers, time };
      });
    } catch (error) {
      // Only a lock that was not had is busy: nothing was begun, so what the indexes know still holds.
      if (!isBusy(error)) for (const open of this.collections.values()) open.array?.forget();
      throw error;
    }
  }

  /** Store time, taken inside the lock: every later commit is ordered at or after it. */
  now(): number {
    return this.database.inLock(() => {
      const meta = this.database.meta();
      const time = this.timeAfter(meta);
      this.database.setMeta({ ...meta, time });
      return time;
    });
  }

  private timeAfter(meta: Meta): number {
    const now = this.clock.now();
    if (meta.time - now > MAX_CLOCK_LAG)
      throw new StoreFault('clock', 'this machine is more than 30 s behind store time');
    return Math.max(now, meta.time);
  }

  private holds(reads: ReadSet, time: number): boolean {
    return (
      reads.floors.every(({ span, value }) => floorTo(unixMillis(time), span) === value) &&
      reads.documents.every(({ collection, ids, versions }) => {
        const { table } = this.at(collection);
        return ids.every((id, n) => table.versionOf(id) === versions[n]);
      }) &&
      reads.queries.every(({ collection, query, found, asOf }) => {
        const { table, array } = this.at(collection);
        return query.containsAny === undefined
          ? sameVersions(table.queryVersions(query), found)
          : array?.stillFinds(query, found, asOf) === true;
      })
    );
  }

  private apply(writes: readonly Write[], version: number): Answer {
    this.database.savepoint();
    try {
      for (const write of writes) this.write(write, version);
      this.database.release();
      for (const write of writes)
        if ('put' in write) this.at(write.collection).array?.add(write.put.array, version);
      return committed;
    } catch (error) {
      // After a fault of its own, such as a full disk, SQLite may have taken back the whole transaction by itself.
      if (!(error instanceof StoreFault) || error.details.number !== undefined) throw error;
      this.database.undo();
      return answerOf(error);
    }
  }

  private write(write: Write, version: number): void {
    const { table } = this.at(write.collection);
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

  private at(collection: number): OpenCollection {
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
