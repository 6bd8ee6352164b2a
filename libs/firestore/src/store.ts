import {
  type Collection,
  type DocumentStore,
  type Found,
  type Query,
  StoreFault,
  type Transaction,
} from '@keyserver/docstore';
import type { Random } from '@keyserver/random';
import { type Clock, SECOND, type Timers, type UnixMillis } from '@keyserver/time';
import { Connection } from './connection.ts';
import { deleteAllOf } from './delete-all.ts';
import { pagesOf } from './pages.ts';
import { type CallLimits, USUAL_LIMITS } from './call-limits.ts';
import { OUTSIDE } from './wire.ts';
import { getAll } from './reads.ts';
import { type Database, StoreTime, retrying } from './database.ts';
import { transact } from './transact.ts';

/** The server ends a transaction after 270 s; a minute more is for what its clocks and ours may disagree in. */
const CLOSING_DELAY_MS = 330 * SECOND;
const PAGE = 500;
const DEFAULT_DATABASE = '(default)';

/** How a Firestore database is reached. Nothing is taken from the environment but the credentials of the machine. */
export interface FirestoreSettings {
  readonly projectId: string;
  readonly databaseId?: string;
  /** 'host:port' of an emulator, spoken to in the clear and without credentials. */
  readonly emulatorHost?: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** How long Firestore is waited for, where it is not what suits a server. */
  readonly limits?: Partial<CallLimits>;
}

/**
 * Opens the distributed document store: one Firestore database in native mode, with pessimistic transactions. Every failure
 * of it is a StoreFault: `unavailable` when Firestore is away, over quota, closed, lacks an index or denies access, and when
 * nobody heard whether a commit was applied; `contended` when other transactions won until the time was up; `clock` when
 * this machine is more than 30 s off store time; `refused` for a document over 1 MiB, an indexed text over 1,500 bytes, over
 * 500 writes or 10 MiB in one transaction, an id that Firestore cannot have, a read after a write, and the creation of a
 * document that exists.
 */
export async function openFirestoreStore(settings: FirestoreSettings): Promise<DocumentStore> {
  const store = new FirestoreStore(settings);
  try {
    await store.now();
  } catch (error) {
    await store.close();
    const { projectId, databaseId = DEFAULT_DATABASE } = settings;
    const known = error instanceof StoreFault ? error : new StoreFault('unavailable', 'no answer');
    const where = `Firestore database ${databaseId} of project ${projectId}`;
    throw new StoreFault(known.code, `${where} cannot be used: ${known.message}`, {
      cause: error,
      details: { ...known.details, path: `projects/${projectId}/databases/${databaseId}` },
    });
  }
  return store;
}

class FirestoreStore implements DocumentStore {
  readonly closingDelay = CLOSING_DELAY_MS;
  private readonly database: Database;

  constructor(settings: FirestoreSettings) {
    const { projectId, databaseId = DEFAULT_DATABASE, emulatorHost } = settings;
    const { clock, timers, random } = settings;
    const limits = { ...USUAL_LIMITS, ...settings.limits };
    const connection = new Connection({
      ...{ projectId, databaseId, emulatorHost, limits, timers },
    });
    const time = new StoreTime({ connection, clock });
    this.database = { connection, time, random, limits, timers };
  }

  async get<D>(from: Collection<D>, ids: readonly string[]): Promise<readonly (D | undefined)[]> {
    const { connection } = this.database;
    return await retrying(
      this.database,
      from.layout.name,
      async () => await getAll(connection, from, { ids, reading: OUTSIDE }),
    );
  }

  pages<D>(
    from: Collection<D>,
    query: Query<D>,
    pageSize = PAGE,
  ): AsyncIterable<readonly Found<D>[]> {
    return pagesOf(this.database, from, query, pageSize);
  }

  async transact<T>(decide: (tx: Transaction) => Promise<T>): Promise<T> {
    return await transact(this.database, decide);
  }

  async deleteAll<D>(from: Collection<D>, query: Query<D>): Promise<number> {
    return await deleteAllOf(this.database, from, query);
  }

  async now(): Promise<UnixMillis> {
    return await retrying(this.database, 'time', async () => await this.database.time.now());
  }

  /** Store time is that of Firestore's servers, which no clock of ours can move. */
  async certainTime(): Promise<UnixMillis> {
    return await this.now();
  }

  async close(): Promise<void> {
    await this.database.connection.close();
  }
}
