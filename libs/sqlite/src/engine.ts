import type { Layout } from '@keyserver/docstore';
import { systemRandom } from '@keyserver/random';
import type { ReadClocks } from '@keyserver/time';
import { Committer } from './committer.ts';
import { Database } from './database.ts';
import type { Table } from './table.ts';
import { answerOf, naming } from './fault.ts';
import { isBusy } from './sql.ts';
import { Housekeeper } from './housekeeper.ts';
import { StoreTime } from './store-time.ts';
import {
  type Answer,
  type Answered,
  type Asked,
  type EngineNews,
  type Request,
  packRows,
} from './protocol.ts';

const DELETE_STEP = 500;
const MAX_GROUP = 256;
const MAX_PAUSE_MS = 20;

/** A request that needs the write lock, and until when it is worth trying. */
interface Waiting {
  readonly asked: Asked;
  readonly giveUp: number;
}

/**
 * The worker's side of the store: answers reads at once, gathers what needs the write lock, and commits it in groups. When
 * another process has the lock it tries again after a random pause, never in a fixed rhythm.
 */
export class Engine {
  private readonly database: Database;
  private readonly storeTime: StoreTime;
  private readonly committer: Committer;
  private readonly housekeeper: Housekeeper;
  private readonly giveUpAfter: number;
  private readonly declared = new Map<number, Layout>();
  private readonly collections = new Map<number, Table>();
  private readonly deliver: (time: number, answers: readonly Answered[]) => void;
  private waiting: Waiting[] = [];
  private scheduled = false;
  /** The latest store time that is known here. */
  time = 0;

  constructor(of: {
    readonly file: string;
    readonly clocks: ReadClocks;
    readonly housekeepingEvery: number;
    readonly giveUpAfter: number;
    readonly deliver: (time: number, answers: readonly Answered[]) => void;
    readonly report: (news: EngineNews) => void;
  }) {
    this.database = new Database(of.file, {
      boot: of.clocks().boot,
      made: (arraysMade) => {
        if (arraysMade > 0) of.report({ arraysMade }); // a new store has nothing to make anew
      },
    });
    this.storeTime = new StoreTime(this.database, of.clocks);
    this.committer = new Committer(this.database, this.collections, this.storeTime);
    this.housekeeper = new Housekeeper(this.database, {
      time: this.storeTime,
      every: of.housekeepingEvery,
      report: (housekeeping) => {
        of.report({ housekeeping });
      },
    });
    this.giveUpAfter = of.giveUpAfter;
    this.deliver = of.deliver;
    this.time = this.database.meta().time;
  }

  /** Takes requests; every one is answered once, reads before this returns. */
  accept(batch: readonly Asked[]): void {
    const giveUp = performance.now() + this.giveUpAfter;
    const answers: Answered[] = [];
    const searches: Asked[] = [];
    for (const asked of batch) {
      const { ticket, request } = asked;
      if (needsLock(request)) this.waiting.push({ asked, giveUp });
      else if (isSearch(request)) searches.push(asked);
      else answers.push({ ticket, answer: this.guarded(() => this.answer(request)) });
      // The other thread can begin with a long answer while this one goes on.
      const last = answers.at(-1);
      if (last !== undefined && isLong(last.answer)) this.deliver(this.time, answers.splice(0));
    }
    const found = this.search(searches);
    if (found === undefined) this.waiting.push(...searches.map((asked) => ({ asked, giveUp })));
    else answers.push(...found);
    if (answers.length > 0) this.deliver(this.time, answers);
    this.schedule(0);
  }

  /** Whether nothing is left that was asked. */
  isIdle(): boolean {
    return this.waiting.length === 0;
  }

  private schedule(pauseMs: number): void {
    if (this.scheduled || this.waiting.length === 0) return;
    this.scheduled = true;
    const run = (): void => {
      this.scheduled = false;
      this.workOnce();
    };
    if (pauseMs === 0) setImmediate(run);
    else setTimeout(run, pauseMs);
  }

  private workOnce(): void {
    const group = this.nextGroup();
    try {
      const answers = this.runGroup(group);
      this.deliver(
        this.time,
        group.map(({ asked }, n) => ({ ticket: asked.ticket, answer: answers[n] ?? lost })),
      );
    } catch (error) {
      const retry = isBusy(error) ? group.filter(({ giveUp }) => giveUp > performance.now()) : [];
      const failed = group.filter((waiting) => !retry.includes(waiting));
      this.waiting.unshift(...retry);
      this.deliver(
        this.time,
        failed.map(({ asked }) => ({ ticket: asked.ticket, answer: answerOf(error) })),
      );
      if (retry.length > 0) {
        this.schedule(1 + systemRandom.below(MAX_PAUSE_MS));
        return;
      }
    }
    this.schedule(0);
  }

  /** The first waiting request, and, when it is a commit, the commits that wait directly behind it. */
  private nextGroup(): Waiting[] {
    const first = this.waiting[0];
    let length = 1;
    if (first?.asked.request.kind === 'commit')
      while (length < MAX_GROUP && this.waiting[length]?.asked.request.kind === 'commit') length++;
    return this.waiting.splice(0, length);
  }

  private runGroup(group: readonly Waiting[]): Answer[] {
    const members = group.flatMap(({ asked: { request } }) =>
      request.kind === 'commit' ? [request] : [],
    );
    if (members.length > 0) {
      const { answers, time } = this.committer.commit(members);
      this.time = time;
      return answers;
    }
    return group.map(({ asked: { request } }) => this.runLocked(request));
  }

  private runLocked(request: Request): Answer {
    if (request.kind === 'now') {
      this.time = this.committer.now();
      return { kind: 'time' };
    }
    if (request.kind === 'mend-time') {
      const { answer, time } = this.committer.mend(request.as, request);
      this.time = time;
      return answer;
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
  private search(searches: readonly Asked[]): readonly Answered[] | undefined {
    if (searches.length === 0) return [];
    try {
      for (const { request } of searches) if (isSearch(request)) this.at(request.collection);
      const find = (): readonly Answered[] => {
        const asOf = this.database.meta().seq;
        return searches.map(({ ticket, request }) => ({
          ticket,
          answer: { ...this.guarded(() => this.answer(request)), asOf },
        }));
      };
      return naming('array index', () => this.database.inAgreement(find));
    } catch (error) {
      return searches.map(({ ticket }) => ({ ticket, answer: answerOf(error) }));
    }
  }

  private answer(request: Request): Answer {
    if (request.kind === 'time-report')
      return { kind: 'time-report', report: this.storeTime.report() };
    if (request.kind !== 'hold-back') return this.read(request);
    this.housekeeper.holdBack(request.held);
    return { kind: 'done' };
  }

  private read(request: Exclude<Request, { kind: 'time-report' | 'hold-back' }>): Answer {
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

  private guarded(work: () => Answer): Answer {
    try {
      return work();
    } catch (error) {
      return answerOf(error);
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

const LONG_ANSWER = 32;

const isLong = (answer: Answer): boolean =>
  answer.kind === 'page' || (answer.kind === 'rows' && answer.rows.ids.length >= LONG_ANSWER);

const lost: Answer = {
  kind: 'fault',
  reason: 'unavailable',
  message: 'the commit gave no answer',
  details: {},
};
