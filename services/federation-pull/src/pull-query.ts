import {
  type Begun,
  type Chunk,
  type Ending,
  type FederationQuery,
  PULL_PROBLEMS,
  type PartnerState,
  type PullProblem,
  type Sync,
  type SyncStore,
  type Tally,
  TallySum,
  chunksOf,
  echoed,
  firstState,
  rejectedBefore,
  rejectedKeys,
  stateText,
} from '@keyserver/federation';
import type { JobReport, RunningJob } from '@keyserver/jobs';
import { type Logger, configuredId, faultTrail } from '@keyserver/log';
import { CoverageFault } from '@keyserver/stores';
import { SECOND } from '@keyserver/time';
import { storeChunks } from './store-chunks.ts';
import { type CallDeps, type PageCall, type TakenPage, beginCall } from './page-call.ts';

/** What pulling needs. */
export interface PullDeps extends CallDeps {
  readonly sync: SyncStore;
  readonly log: Logger;
}

/** A call that begins later than that before the deadline would hardly be answered. */
const LAST_CALL = 2 * SECOND;

/**
 * Fetches a partner's keys page by page from where the last run stopped, until the partner has no more or the time is over. One call is
 * made at a time, for the next page while this one is stored. The
 * position moves with the last chunk of each page, so whatever dies in between, a page is fetched again from its start.
 */
export async function pullQuery(
  deps: PullDeps,
  query: FederationQuery,
  job: RunningJob,
): Promise<JobReport> {
  const begun = await deps.sync.begin(query);
  if (begun.kind === 'backing off') return { kind: 'too_early' };
  if (begun.kind === 'position lost') {
    deps.log.event('federation.stopped', { query: configuredId(query), problem: 'position_lost' });
    return failedReport(query, 'position_lost', 0);
  }
  const run = new Run(deps, query, begun);
  const ending = await run.pull(job);
  if (ending === 'overtaken') return { kind: 'too_early' };
  const lag = await deps.sync.end(begun.sync, ending, run.unrecorded);
  run.tell(lag?.ms);
  if (ending.kind === 'failed') return failedReport(query, ending.problem, run.stored);
  return { kind: 'done', done: run.stored, left: ending.kind === 'more left' ? 1 : 0 };
}

const failedReport = ({ id }: FederationQuery, problem: PullProblem, done: number): JobReport => ({
  kind: 'failed',
  ...{ done, left: 1 },
  problems: [`query ${id}: ${PULL_PROBLEMS[problem].sentence}`],
});

type PageEnding = Ending | 'overtaken';

/** One run of a query, and what it counted. */
class Run {
  readonly #deps: PullDeps;
  readonly #query: FederationQuery;
  readonly #sync: Sync;
  readonly #total = new TallySum();
  /** The states of this run. Who is sent back to one of them while more is to come goes in a circle. */
  readonly #states = new Set<string>();
  #state: PartnerState | undefined;
  /** The call for the page behind the one that is being stored. */
  #ahead: PageCall | undefined;
  #pages = 0;
  /** What the record of the run does not say yet: the chunks of a page that is not stored to its end. */
  #unrecorded = new TallySum();

  constructor(
    deps: PullDeps,
    query: FederationQuery,
    begun: Extract<Begun, { readonly kind: 'begun' }>,
  ) {
    this.#deps = deps;
    this.#query = query;
    this.#sync = begun.sync;
    const state = firstState(query.partner, begun);
    this.#moveTo(state);
  }

  get stored(): number {
    const { inserted, revised } = this.#total.tally;
    return inserted + revised;
  }

  get unrecorded(): Tally {
    return this.#unrecorded.tally;
  }

  /** Fetches and stores pages until something ends the run. */
  async pull(job: RunningJob): Promise<PageEnding> {
    try {
      let ending: PageEnding | 'go on' = 'go on';
      while (ending === 'go on') ending = await this.#pullPage(job);
      return ending;
    } catch (fault) {
      if (!(fault instanceof CoverageFault)) throw fault;
      return this.#failed('window_covered', fault);
    } finally {
      await this.#ahead?.end(); // whatever ends a run, no call of it goes on
    }
  }

  async #pullPage(job: RunningJob): Promise<PageEnding | 'go on'> {
    // A call that is under way is waited for; it ends with the time of the run.
    if (this.#ahead === undefined && hasEnded(job)) return MORE_LEFT;
    const call = this.#ahead ?? beginCall(this.#deps, this.#query, { job, state: this.#state });
    const read = await call.reading;
    this.#ahead = undefined;
    if (read.kind === 'unreadable') return this.#failed('unreadable');
    if (read.kind === 'failed')
      return hasEnded(job) ? MORE_LEFT : this.#failed(read.problem, read.fault);
    return await this.#takePage(read, job);
  }

  async #takePage(read: TakenPage, job: RunningJob): Promise<PageEnding | 'go on'> {
    const { more, next } = read.page;
    const { partner } = this.#query;
    const state = next && echoed(partner, next);
    const repeats = more && this.#isKnown(state);
    if (more && !repeats) this.#callAhead(job, state);
    // What a page that repeats holds is stored, and the position stays.
    const ending = await this.#storePage(read, repeats ? undefined : { state, more }, job.signal);
    if (ending !== 'go on') return ending;
    if (repeats) return this.#failed(partner === 'reference' ? 'hour_full' : 'repeats');
    this.#moveTo(state);
    return more ? 'go on' : { kind: 'caught up' };
  }

  #isKnown(state: PartnerState | undefined): boolean {
    return state !== undefined && this.#states.has(stateText(state));
  }

  /** What the next page is asked for with is known before this one is stored. The position moves all the same when it is. */
  #callAhead(job: RunningJob, state: PartnerState | undefined): void {
    if (!hasEnded(job)) this.#ahead = beginCall(this.#deps, this.#query, { job, state });
  }

  /** Without a state it stays where it is. */
  #moveTo(state: PartnerState | undefined): void {
    if (state === undefined) return;
    this.#states.add(stateText(state));
    this.#state = state;
  }

  /** Stores a page chunk by chunk, and where the next call goes on with the last of them; a page that repeats moves nothing. */
  async #storePage(
    { keys, rejects }: TakenPage,
    next: { readonly state: PartnerState | undefined; readonly more: boolean } | undefined,
    signal: AbortSignal,
  ): Promise<PageEnding | 'go on'> {
    this.#count(rejectedBefore(rejects));
    const chunks = chunksOf(keys);
    const [others, last] =
      next === undefined ? [chunks, []] : [chunks.slice(0, -1), chunks.slice(-1)];
    const store = async (chunk: Chunk) => await this.#storeChunk(chunk, signal);
    let ending = await storeChunks(others, async (part) => await store({ keys: part }));
    for (const part of last) {
      if (ending !== 'go on' || next === undefined) break;
      ending = await store({ keys: part, next: { ...next, others: this.unrecorded } });
      if (ending === 'go on') this.#unrecorded = new TallySum();
    }
    if (ending === 'go on') this.#pages += 1;
    return ending === 'too far ahead' ? this.#failed('clock') : ending;
  }

  async #storeChunk(
    chunk: Chunk,
    signal: AbortSignal,
  ): Promise<PageEnding | 'too far ahead' | 'go on'> {
    if (signal.aborted) return MORE_LEFT;
    const stored = await this.#deps.sync.store(this.#sync, chunk);
    if (stored.kind === 'overtaken' || stored.kind === 'too far ahead') return stored.kind;
    if (stored.kind === 'paused') return MORE_LEFT;
    this.#count(stored);
    return 'go on';
  }

  #count(tally: Tally): void {
    this.#total.add(tally);
    this.#unrecorded.add(tally);
  }

  #failed(problem: PullProblem, fault?: unknown): Ending {
    const query = configuredId(this.#query);
    const { log } = this.#deps;
    if (PULL_PROBLEMS[problem].stops) log.event('federation.stopped', { query, problem });
    else log.event('federation.failed', { query, problem, causes: faultTrail(fault) });
    return { kind: 'failed', problem };
  }

  /** Logs what the run came to. */
  tell(lagMs: number | undefined): void {
    const query = configuredId(this.#query);
    const { inserted, revised, known, rejects } = this.#total.tally;
    const { log } = this.#deps;
    for (const count of rejects) log.event('federation.rejected', { query, ...count });
    log.event('federation.pulled', {
      ...{ query, pages: this.#pages, inserted, revised, known },
      rejected: rejectedKeys(rejects),
      ...(lagMs === undefined ? {} : { lagSeconds: Math.round(lagMs / SECOND) }),
    });
  }
}

const MORE_LEFT: Ending = { kind: 'more left' };

/** A call may have been cut since the time of the whole run was over, which is no fault of the partner. */
const hasEnded = (job: RunningJob): boolean => job.signal.aborted || job.remaining() < LAST_CALL;
