import {
  type Collection,
  type Cursor,
  type DocumentStore,
  type Found,
  type Layout,
  type Query,
  StoreFault,
  type Transaction,
  indexFor,
} from '@keyserver/docstore';
import type { Random } from '@keyserver/random';
import { type Clock, type Timers, type UnixMillis, sleep, unixMillis } from '@keyserver/time';
import { startEngine } from '#start-engine';
import { ChangeMark } from './change-mark.ts';
import { Connection, type StartEngine } from './connection.ts';
import { decoded, isDoubt } from './fault.ts';
import { isSimulated } from './machine-clocks.ts';
import type { HousekeepingFault, TimeMending, TimeReport } from './protocol.ts';
import { Attempt, readPage, readRows } from './transaction.ts';

const MAX_ATTEMPTS = 30;
const PATIENT_ATTEMPTS = 3;
const MAX_PAUSE_MS = 25;
const PAGE = 500;
const HOUSEKEEPING_MS = 1000;
const GIVE_UP_AFTER_MS = 10_000;

/** How a SQLite store is opened. */
export interface SqliteSettings {
  /** The database file, or ':memory:'. */
  readonly file: string;
  /** The clock of this machine, or a simulated one. The thread of the engine reads the same, by itself. */
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Pause between two steps of housekeeping; 1 s unless given. */
  readonly housekeepingEveryMs?: number;
  /** How long a request tries to get the write lock while another process has it; 10 s unless given. */
  readonly giveUpAfterMs?: number;
  /**
   * How much of each database file is read through a memory map at most; 1 GiB unless given. A map makes long reads half as long
   * again as fast. Its pages count as memory of the process, so a writer whose memory must not grow with the store maps less.
   */
  readonly mappedBytes?: number | undefined;
  /** Where the engine runs; in a thread of its own unless given. */
  readonly startEngine?: StartEngine;
  /** Whether this process deletes what has expired, as a service does and a command does not; false unless given. */
  readonly sweeps?: boolean;
  /** Hears which pieces of housekeeping fail, all of them, whenever that changes. */
  readonly onHousekeeping?: (faults: readonly HousekeepingFault[]) => void;
  /** Hears that the array indexes were made anew from the documents, and how many entries they have. */
  readonly onArraysMade?: (entries: number) => void;
  /** Hears that the thread of the engine has ended although nobody closed the store; it does not come back. */
  readonly onLost?: (fault: StoreFault) => void;
}

/** The document store of one machine, whose time an operator may have to mend. */
export interface SqliteDocumentStore extends DocumentStore {
  timeReport(): Promise<TimeReport>;
  /** Runs a transaction at the time that the machine shows, and mends store time with it. */
  mendTime<T>(as: TimeMending, decide: (tx: Transaction) => Promise<T>): Promise<T>;
}

/** Opens the document store of one machine: one SQLite file, any number of processes. */
export async function openSqliteStore(settings: SqliteSettings): Promise<SqliteDocumentStore> {
  const store = new SqliteStore(settings);
  try {
    await store.open();
  } catch (fault) {
    await store.close();
    throw fault;
  }
  return store;
}

class SqliteStore implements SqliteDocumentStore {
  readonly closingDelay = 0;
  private readonly connection: Connection;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly timers: Timers;
  private readonly numbers = new Map<string, number>();
  private readonly file: string;
  private mark: ChangeMark | undefined;
  private isOpen = false;

  constructor(settings: SqliteSettings) {
    const { file, clock, sweeps = false } = settings;
    this.file = file;
    this.clock = clock;
    this.random = settings.random;
    this.timers = settings.timers;
    const { housekeepingEveryMs: housekeepingEvery = HOUSEKEEPING_MS } = settings;
    const { giveUpAfterMs: giveUpAfter = GIVE_UP_AFTER_MS } = settings;
    const memory = isSimulated(clock) ? clock.memory : undefined;
    this.connection = new Connection(
      {
        ...{ file, clock: memory, housekeepingEvery, sweeps, giveUpAfter },
        mappedBytes: settings.mappedBytes,
      },
      settings.startEngine ?? startEngine,
      {
        housekeeping: settings.onHousekeeping ?? ignore,
        arraysMade: settings.onArraysMade ?? ignore,
        lost: (fault) => {
          if (this.isOpen) settings.onLost?.(fault);
        },
      },
    );
  }

  /** Finds out whether the engine works. With a clock that is doubted it can be read, and goes on once the clock is right. */
  async open(): Promise<void> {
    try {
      await this.now();
    } catch (fault) {
      if (!isDoubt(fault)) throw fault;
    }
    this.isOpen = true;
  }

  async get<D>(from: Collection<D>, ids: readonly string[]): Promise<readonly (D | undefined)[]> {
    const rows = await readRows(this.connection, {
      kind: 'get',
      collection: this.numberOf(from.layout),
      ids,
    });
    return rows.map((row) =>
      row === undefined ? undefined : decoded(from, row.body, this.connection.at),
    );
  }

  async *pages<D>(
    from: Collection<D>,
    query: Query<D>,
    pageSize = PAGE,
  ): AsyncGenerator<readonly Found<D>[]> {
    indexFor(from.layout, query);
    let left = query.limit ?? Infinity;
    let next = this.page(from, { ...query, limit: Math.min(pageSize, left) });
    for (;;) {
      const page = await next;
      left -= page.length;
      const last = page.at(-1);
      const more = last !== undefined && page.length === pageSize && left > 0;
      // The next page is on its way while the caller works on this one.
      if (more) {
        next = this.page(from, {
          ...query,
          after: cursorOf(from, query, last),
          limit: Math.min(pageSize, left),
        });
        next.catch(ignoreUntilAwaited);
      }
      if (page.length > 0) yield page;
      if (!more) return;
    }
  }

  async transact<T>(decide: (tx: Transaction) => Promise<T>): Promise<T> {
    return await this.untilItHolds(
      async () => await this.attempt(decide, Math.max(this.clock.now(), this.connection.time)),
    );
  }

  async timeReport(): Promise<TimeReport> {
    return (await this.connection.askFor('time-report', { kind: 'time-report' })).report;
  }

  async mendTime<T>(as: TimeMending, decide: (tx: Transaction) => Promise<T>): Promise<T> {
    return await this.untilItHolds(async () => await this.attempt(decide, this.clock.now(), as));
  }

  async deleteAll<D>(from: Collection<D>, query: Query<D>): Promise<number> {
    indexFor(from.layout, query);
    let deleted = 0;
    for (;;) {
      const left = (query.limit ?? Infinity) - deleted;
      const step = { ...query, ...(left === Infinity ? {} : { limit: left }) };
      const collection = this.numberOf(from.layout);
      const request = { kind: 'delete-some', collection, query: step } as const;
      const { count } = await this.connection.askFor('count', request);
      deleted += count;
      if (count === 0 || deleted === query.limit) return deleted;
    }
  }

  async now(): Promise<UnixMillis> {
    await this.connection.ask({ kind: 'now' });
    return unixMillis(this.connection.time);
  }

  async certainTime(): Promise<UnixMillis | undefined> {
    await this.now(); // store time goes on, or the clock is doubted
    const { certain } = await this.connection.askFor('certain-time', { kind: 'certain-time' });
    return certain === undefined ? undefined : unixMillis(Math.max(0, certain));
  }

  /** Undefined for a database in memory, which has one connection. */
  changeMark(): number | undefined {
    if (this.file === ':memory:') return undefined;
    this.mark ??= new ChangeMark(this.file);
    return this.mark.now();
  }

  async close(): Promise<void> {
    this.mark?.close();
    await this.connection.close();
  }

  private async untilItHolds<T>(attempt: () => Promise<Outcome<T>>): Promise<T> {
    for (let attempts = 1; attempts <= MAX_ATTEMPTS; attempts++) {
      const outcome = await attempt();
      if (outcome.kind === 'done') return outcome.result;
      if (attempts > PATIENT_ATTEMPTS) await sleep(this.timers, this.random.below(MAX_PAUSE_MS));
    }
    throw new StoreFault(
      'contended',
      'other writers changed what this transaction read, again and again',
    );
  }

  private async attempt<T>(
    decide: (tx: Transaction) => Promise<T>,
    now: number,
    mending?: TimeMending,
  ): Promise<Outcome<T>> {
    const tx = new Attempt({
      now: unixMillis(now),
      connection: this.connection,
      numberOf: (layout) => this.numberOf(layout),
    });
    let result: T;
    try {
      result = await decide(tx);
    } catch (error) {
      // What it read may have been a mixture of two states: only a consistent view may fail.
      if (error instanceof StoreFault || mending !== undefined || (await tx.stillHolds()))
        throw error;
      return { kind: 'stale' };
    }
    return (await tx.commit(mending)) === 'committed'
      ? { kind: 'done', result }
      : { kind: 'stale' };
  }

  private async page<D>(from: Collection<D>, query: Query<D>): Promise<readonly Found<D>[]> {
    const rows = await readPage(this.connection, this.numberOf(from.layout), query);
    return rows.map(({ id, body }) => ({ id, value: decoded(from, body, this.connection.at) }));
  }

  /** The worker's number of a collection; it is declared there on first use. */
  private numberOf(layout: Layout): number {
    const known = this.numbers.get(layout.name);
    if (known !== undefined) return known;
    const collection = this.numbers.size;
    this.numbers.set(layout.name, collection);
    this.connection.ask({ kind: 'declare', collection, layout }).catch(ignoreUntilAwaited);
    return collection;
  }
}

type Outcome<T> = { readonly kind: 'done'; readonly result: T } | { readonly kind: 'stale' };

const ignoreUntilAwaited = (): void => undefined;
const ignore = (): void => undefined;

function cursorOf<D>(from: Collection<D>, query: Query<D>, last: Found<D>): Cursor {
  if (query.order === undefined) return { id: last.id };
  const value = from.codec.read(last.value, query.order.by);
  const comparable =
    typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean';
  return comparable ? { id: last.id, value } : { id: last.id };
}
