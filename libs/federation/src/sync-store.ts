import { SECOND, type UnixMillis } from '@keyserver/time';
import type { PartnerState } from './partner-state.ts';
import type { PullProblem } from './pull-problems.ts';
import type { FederationQuery } from './query.ts';
import type { ReceivedKey } from './received-key.ts';
import type { RejectCount } from './reject-report.ts';
import type { Tally } from './tally.ts';

/** Most keys that are stored in one transaction: each costs an index entry, and a document in the worst case. */
export const MAX_CHUNK_KEYS = 300;

/** Most documents that one transaction may make of them; a transaction takes 500, with those of the run. */
const MAX_CHUNK_DOCUMENTS = 480;

/** Documents that a key becomes in the worst case: a revision that adds a region also publishes the key there. */
const DOCUMENTS_OF = { primary: 1, revision: 2 } as const;

/** Parts keys, in their order, into what fits into one transaction each. There is a part, empty, where there is no key. */
export function chunksOf(keys: readonly ReceivedKey[]): readonly (readonly ReceivedKey[])[] {
  const chunks: (readonly ReceivedKey[])[] = [];
  let from = 0;
  let documents = 0;
  for (const [at, { kind }] of keys.entries()) {
    documents += DOCUMENTS_OF[kind];
    if (at - from < MAX_CHUNK_KEYS && documents <= MAX_CHUNK_DOCUMENTS) continue;
    chunks.push(keys.slice(from, at));
    from = at;
    documents = DOCUMENTS_OF[kind];
  }
  return [...chunks, keys.slice(from)];
}

/** Whether keys fit into one transaction, whatever becomes of them. */
export const isOneChunk = (keys: readonly ReceivedKey[]): boolean => chunksOf(keys).length === 1;

/** One run of a query. The one that began last is the only one that may write, whatever became of the leases of others. */
export interface Sync {
  readonly id: string;
  readonly queryId: string;
}

/** How a run begins: where the last one stopped, or why not yet. */
export type Begun =
  | {
      readonly kind: 'begun';
      readonly sync: Sync;
      /** Undefined before the first answer was stored. */
      readonly state: PartnerState | undefined;
      /** Whether the last answer said that more is to come. */
      readonly more: boolean;
    }
  | { readonly kind: 'backing off'; readonly until: UnixMillis }
  | { readonly kind: 'position lost' };

/** Keys of one answer that are stored together. */
export interface Chunk {
  /** What fits into one transaction: one of `chunksOf`. */
  readonly keys: readonly ReceivedKey[];
  /** With the last chunk of an answer, which is stored after the others. */
  readonly next?: {
    /** Where the next call goes on; undefined when it stays where it is. */
    readonly state: PartnerState | undefined;
    readonly more: boolean;
    /** What became of the other keys of the answer, for the record of the run. */
    readonly others?: Tally;
  };
}

/** What became of a chunk. */
export type StoredChunk =
  | ({ readonly kind: 'stored' } & Tally)
  /** A key begins more than a day from now: nothing was stored. */
  | { readonly kind: 'too far ahead' }
  /** Another run has begun meanwhile: nothing was stored. */
  | { readonly kind: 'overtaken' }
  /** The query was paused meanwhile: nothing was stored. */
  | { readonly kind: 'paused' };

/** How a run ends. */
export type Ending =
  | { readonly kind: 'caught up' }
  /** The time was over; the next run goes on. */
  | { readonly kind: 'more left' }
  | { readonly kind: 'failed'; readonly problem: PullProblem };

/** Where a query stands, as operators and health see it. */
export interface QueryStanding {
  readonly state: PartnerState | undefined;
  /** When the first run began. */
  readonly begunAt: UnixMillis;
  /** When the last run began that left nothing at the partner. */
  readonly caughtUpAt: UnixMillis | undefined;
  /** Runs that failed since the last one that did not. */
  readonly failures: number;
  /** Before that no run begins by itself. */
  readonly notBefore: UnixMillis;
  readonly problem: PullProblem | undefined;
}

/** The record of a run. */
export interface SyncRecord {
  readonly id: string;
  readonly startedAt: UnixMillis;
  /** Undefined while it runs; a run that died is ended by the next. */
  readonly endedAt: UnixMillis | undefined;
  readonly outcome: 'running' | 'died' | 'caught_up' | 'more_left' | PullProblem;
  readonly pages: number;
  readonly inserted: number;
  readonly revised: number;
  readonly known: number;
  readonly rejects: readonly RejectCount[];
}

/** Keeps where each query stopped, and stores what it received. Every step is one transaction that checks whose turn it is. */
export interface SyncStore {
  /** A state belongs to the server that gave it: with another one a query begins at the beginning. */
  begin(query: Pick<FederationQuery, 'id' | 'server'>): Promise<Begun>;
  /** Chunks of one answer may be stored at the same time, but for those with revisions and the last. */
  store(sync: Sync, chunk: Chunk): Promise<StoredChunk>;
  /**
   * Gives when the query had everything that its partner had then; undefined when it never did, or was overtaken. `others` are the keys of an
   * answer that was not stored to its end.
   */
  end(sync: Sync, ending: Ending, others?: Tally): Promise<Lag | undefined>;
}

/** How far a query is behind its partner. */
export interface Lag {
  readonly ms: number;
}

/**
 * How far a query is behind its partner, ms: since when it might lack something that the partner had. While it never had everything,
 * that is the time up to which the partner has delivered, or the first run. A time that is yet to come was written by a clock
 * that was ahead, or by a partner that knows no better, and says nothing.
 */
export function lagOf({ caughtUpAt, begunAt, state }: QueryStanding, now: UnixMillis): number {
  if (caughtUpAt !== undefined && caughtUpAt <= now) return now - caughtUpAt;
  const delivered = state === undefined ? 0 : state.keys.timestamp * SECOND;
  const since = delivered > 0 && delivered <= now ? delivered : begunAt;
  return Math.max(0, now - since);
}
