import {
  type FederationQuery,
  type PartnerPage,
  type PartnerState,
  type PullProblem,
  decodeAnswer,
  encodeRequest,
  receivePage,
} from '@keyserver/federation';
import type { RunningJob } from '@keyserver/jobs';

/** What one call of a partner came to: the bytes of its answer, or why there are none. */
export type Fetched =
  | { readonly kind: 'answer'; readonly bytes: Uint8Array }
  | { readonly kind: 'failed'; readonly problem: PullProblem; readonly fault: unknown };

/** Calls the partner of a query once, within a deadline in ms. Never throws. */
export type FetchPage = (
  query: FederationQuery,
  request: Uint8Array,
  options: { readonly deadlineMs: number; readonly signal: AbortSignal },
) => Promise<Fetched>;

/** A page whose keys were checked. */
export interface TakenPage extends ReturnType<typeof receivePage> {
  readonly kind: 'page';
  readonly page: PartnerPage;
}

/** What a call came to. */
export type ReadPage =
  | TakenPage
  | Exclude<Fetched, { kind: 'answer' }>
  | Exclude<ReturnType<typeof decodeAnswer>, { kind: 'page' }>;

/** A call that has begun. */
export interface PageCall {
  readonly reading: Promise<ReadPage>;
  /** Ends it if it has not ended, and waits for that. */
  readonly end: () => Promise<void>;
}

/** What calling needs. */
export interface CallDeps {
  readonly fetch: FetchPage;
  /** How long one call may take, ms. */
  readonly callMs: number;
  /** Days that a key may lie before or after symptom onset. */
  readonly maxOnsetMagnitude: number;
}

/** Begins a call of the partner of a query that gives back a state, and checks what it answers. */
export function beginCall(
  deps: CallDeps,
  query: FederationQuery,
  { job, state }: { readonly job: RunningJob; readonly state: PartnerState | undefined },
): PageCall {
  const cut = new AbortController();
  const signal = AbortSignal.any([job.signal, cut.signal]);
  const deadlineMs = Math.min(deps.callMs, job.remaining());
  const reading = readPage(deps, query, { state, deadlineMs, signal });
  reading.catch(ignoreUntilAwaited);
  return {
    reading,
    end: async () => {
      cut.abort();
      await reading.catch(ignoreUntilAwaited);
    },
  };
}

const ignoreUntilAwaited = (): void => undefined;

async function readPage(
  { fetch, maxOnsetMagnitude }: CallDeps,
  query: FederationQuery,
  {
    state,
    ...until
  }: {
    readonly state: PartnerState | undefined;
    readonly deadlineMs: number;
    readonly signal: AbortSignal;
  },
): Promise<ReadPage> {
  const fetched = await fetch(query, encodeRequest(query, state), until);
  if (fetched.kind === 'failed') return fetched;
  const decoded = decodeAnswer(fetched.bytes, { maxKeys: query.maxPageKeys, state });
  if (decoded.kind === 'unreadable') return decoded;
  return { ...decoded, ...receivePage(decoded.page, { query, maxOnsetMagnitude }) };
}
