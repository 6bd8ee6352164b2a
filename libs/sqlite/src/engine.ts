import type { Layout } from '@keyserver/docstore';
import type { Random } from '@keyserver/random';
import type { ReadClocks, Timers } from '@keyserver/time';
import { Committer } from './committer.ts';
import { Database } from './database.ts';
import { faultResponse, isBusy, naming } from './fault.ts';
import { Housekeeper } from './housekeeper.ts';
import {
  type EngineMessage,
  type EngineSettings,
  type Request,
  type RequestMessage,
  type Response,
  type ResponseMessage,
  packRows,
} from './protocol.ts';
import { StoreTime } from './store-time.ts';
import type { Table } from './table.ts';

const DELETE_STEP = 500;
const MAX_GROUP = 256;
const MAX_PAUSE_MS = 20;

/** A request that needs the write lock, and until when (as the timers count) it is worth trying. */
interface Waiting {
  readonly message: RequestMessage;
  readonly giveUp: number;
}

/** What an engine works with. */
export interface EngineDependencies extends Omit<EngineSettings, 'clock'> {
  readonly clocks: ReadClocks;
  readonly timers: Timers;
  readonly random: Random;
  /** Takes each message to the store. */
  readonly send: (message: EngineMessage) => void;
}

/**
 * The worker's side of the store. It answers reads at once, gathers what needs the write lock, and commits that in groups. When
 * another process has the lock it tries again after a random pause, never in a fixed rhythm.
 */
export class Engine {
  private readonly of: EngineDependencies;
  private readonly database: Database;
  private readonly storeTime: StoreTime;
  private readonly committer: Committer;
  private readonly housekeeper: Housekeeper;
  private readonly declared = new Map<number, Layout>();
  private readonly collections = new Map<number, Table>();
  private waiting: Waiting[] = [];
  private scheduled = false;
  /** The latest store time that is known here. */
  private time = 0;

  constructor(of: EngineDependencies) {
    this.of = of;
    this.database = new Database(of.file, {
      boot: of.clocks().boot,
      random: of.random,
      timers: of.timers,
      mappedBytes: of.mappedBytes,
      made: (arraysMade) => {
        // A new store has nothing to make anew.
        if (arraysMade > 0) this.send({ responses: [], arraysMade });
      },
    });
    this.storeTime = new StoreTime(this.database, of.clocks);
    this.committer = new Committer(this.database, this.collections, this.storeTime);
    this.housekeeper = new Housekeeper(this.database, {
      time: this.storeTime,
      timers: of.timers,
      every: of.housekeepingEvery,
      sweeps: of.sweeps,
      report: (housekeeping) => {
        this.send({ responses: [], housekeeping });
      },
    });
    this.time = this.database.meta().time;
  }

  /** Takes requests. Each is answered once, a read before this returns. */
  accept(batch: readonly RequestMessage[]): void {
    const giveUp = this.of.timers.monotonic() + this.of.giveUpAfter;
    const responses: ResponseMessage[] = [];
    const searches: RequestMessage[] = [];
    for (const message of batch) {
      const { id, request } = message;
      if (needsLock(request)) this.waiting.push({ message, giveUp });
      else if (isSearch(request)) searches.push(message);
      else responses.push({ id, response: this.guarded(() => this.respond(request)) });
      // The other thread can begin with a long response while this one goes on.
      const last = responses.at(-1);
      if (last !== undefined && isLong(last.response)) this.respondAll(responses.splice(0));
    }
    const found = this.search(searches);
    if (found === undefined) this.waiting.push(...searches.map((message) => ({ message, giveUp })));
    else responses.push(...found);
    this.respondAll(responses);
    this.schedule(0);
  }

  /** Whether nothing is left that was asked. */
  isIdle(): boolean {
    return this.waiting.length === 0;
  }

  private respondAll(responses: readonly ResponseMessage[]): void {
    if (responses.length > 0) this.send({ responses });
  }

  private send(message: Omit<EngineMessage, 'time'>): void {
    this.of.send({ time: this.time, ...message });
  }

  private schedule(pauseMs: number): void {
    if (this.scheduled || this.waiting.length === 0) return;
    this.scheduled = true;
    const run = (): void => {
      this.scheduled = false;
      this.workOnce();
    };
    if (pauseMs === 0) setImmediate(run);
    else this.of.timers.after(pauseMs, run);
  }

  private workOnce(): void {
    const group = this.nextGroup();
    try {
      this.respondAll(this.runGroup(group));
      this.schedule(0);
    } catch (error) {
      this.failed(group, error);
    }
  }

  /** Tries again later what found the lock taken, as long as that is worth it, and answers the rest with the fault. */
  private failed(group: readonly Waiting[], error: unknown): void {
    const now = this.of.timers.monotonic();
    const isWorthIt = ({ giveUp }: Waiting): boolean => isBusy(error) && giveUp > now;
    const retried = group.filter(isWorthIt);
    this.waiting.unshift(...retried);
    const response = faultResponse(error);
    const given = group.filter((waiting) => !isWorthIt(waiting));
    this.respondAll(given.map(({ message: { id } }) => ({ id, response })));
    this.schedule(retried.length === 0 ? 0 : 1 + this.of.random.below(MAX_PAUSE_MS));
  }

  /** The first waiting request, and, when it is a commit, the commits that wait directly behind it. */
  private nextGroup(): Waiting[] {
    const others = this.waiting.findIndex(({ message }) => message.request.kind !== 'commit');
    const commits = others === -1 ? this.waiting.length : others;
    return this.waiting.splice(0, Math.min(Math.max(commits, 1), MAX_GROUP));
  }

  private runGroup(group: readonly Waiting[]): readonly ResponseMessage[] {
    const commits = group.flatMap(({ message: { id, request } }) =>
      request.kind === 'commit' ? [{ id, ...request }] : [],
    );
    if (commits.length === 0)
      return group.map(({ message: { id, request } }) => ({
        id,
        response: this.runLocked(request),
      }));
    const { responses, time } = this.committer.commit(commits);
    this.time = time;
    return responses;
  }

  private runLocked(request: Request): Response {
    if (request.kind === 'now') {
      this.time = this.committer.now();
      return { kind: 'time' };
    }
    if (request.kind === 'mend-time') {
      const { response, time } = this.committer.mend(request.as, request);
      this.time = time;
      return response;
    }
    if (isSearch(request)) return this.database.inLock(() => this.read(request));
    if (request.kind !== 'delete-some') throw new Error('this request needs no lock');
    const table = this.at(request.collection);
    const limit = Math.min(request.query.limit ?? DELETE_STEP, DELETE_STEP);
    const query = { ...request.query, limit };
    const count = this.database.inLock(() => {
      const meta = this.database.meta();
      this.storeTime.take(meta); // a machine whose clock is doubted deletes nothing either
      const rows = table.query(query);
      for (const row of rows) table.delete(row.id);
      return rows.length;
    });
    return { kind: 'count', count };
  }

  /** Searches by array, on one snapshot; undefined when they have to wait for the lock. */
  private search(searches: readonly RequestMessage[]): readonly ResponseMessage[] | undefined {
    if (searches.length === 0) return [];
    try {
      for (const { request } of searches) if (isSearch(request)) this.at(request.collection);
      const find = (): readonly ResponseMessage[] => {
        const asOf = this.database.meta().seq;
        return searches.map(({ id, request }) => ({
          id,
          response: { ...this.guarded(() => this.respond(request)), asOf },
        }));
      };
      return naming('array index', () => this.database.inAgreement(find));
    } catch (error) {
      return searches.map(({ id }) => ({ id, response: faultResponse(error) }));
    }
  }

  private respond(request: Request): Response {
    if (request.kind === 'time-report')
      return { kind: 'time-report', report: this.storeTime.report() };
    if (request.kind !== 'certain-time') return this.read(request);
    const certain = this.storeTime.certainTime(this.database.meta());
    return { kind: 'certain-time', certain };
  }

  private read(request: Exclude<Request, { kind: 'time-report' | 'certain-time' }>): Response {
    switch (request.kind) {
      case 'declare':
        this.declared.set(request.collection, request.layout);
        this.at(request.collection);
        return { kind: 'done' };
      case 'get': {
        const table = this.at(request.collection);
        return { kind: 'rows', rows: packRows(request.ids.map((id) => table.get(id))) };
      }
      case 'query': {
        const table = this.at(request.collection);
        return { kind: 'rows', rows: packRows(table.query(request.query)) };
      }
      case 'page':
        return { kind: 'page', page: this.at(request.collection).page(request.query) };
      case 'close':
        this.housekeeper.stop();
        this.database.close();
        return { kind: 'done' };
      case 'commit':
      case 'delete-some':
      case 'mend-time':
      case 'now':
        throw new Error('this request needs the lock');
    }
  }

  private guarded(work: () => Response): Response {
    try {
      return work();
    } catch (error) {
      return faultResponse(error);
    }
  }

  /** A declared collection. One that could not be opened is tried again: the reason may have passed. */
  private at(collection: number): Table {
    const known = this.collections.get(collection);
    if (known !== undefined) return known;
    const layout = this.declared.get(collection);
    if (layout === undefined) throw new Error('a collection was used before it was declared');
    const opened = naming(layout.name, () => this.database.open(layout));
    this.collections.set(collection, opened);
    return opened;
  }
}

const LOCKING: ReadonlySet<Request['kind']> = new Set<Request['kind']>([
  'commit',
  'delete-some',
  'mend-time',
  'now',
]);

const needsLock = (request: Request): boolean => LOCKING.has(request.kind);

/** A search by array, which must not see documents and index out of step. */
const isSearch = (request: Request): request is Extract<Request, { kind: 'query' | 'page' }> =>
  (request.kind === 'query' || request.kind === 'page') && request.query.containsAny !== undefined;

const LONG_RESPONSE = 32;

const isLong = (response: Response): boolean =>
  response.kind === 'page' ||
  (response.kind === 'rows' && response.rows.ids.length >= LONG_RESPONSE);
