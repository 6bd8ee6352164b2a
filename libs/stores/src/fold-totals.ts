import type { DocumentStore } from '@keyserver/docstore';
import { HOUR, type UnixMillis, floorTo, unixMillis, windowStart } from '@keyserver/time';
import type { ReadWindows } from './store-windows.ts';
import { type TotalDelta, totalDeltas } from './total-deltas.ts';
import {
  FOLDED,
  keptFrom,
  noTotals,
  totals,
  totalsId,
  totalsProgress,
  withDelta,
} from './totals.ts';

/** Counts in one transaction. Each may belong to totals of its own, and 400 writes are below the 500 of a transaction. */
const AT_ONCE = 200;

/** What a run of folding did. */
export interface Folding {
  /** Counts of uploads that went into totals, or were past retention. */
  readonly folded: number;
  /** Those of them that were past retention: no statistics ever show them. */
  readonly expired: number;
  /** Hours that are over and not folded yet; at least 1 when it is not known how many. */
  readonly left: number;
}

/** What folding needs to know. */
interface FoldOptions {
  readonly windows: ReadWindows;
  /** For how long a day is kept after its end, ms. */
  readonly retention: number;
  /** Ends the run between two transactions; what is committed stays. */
  readonly signal: AbortSignal;
  /** Hears of counts whose hour was folded before, which must not happen. They are in the totals all the same. */
  readonly noteLate: (count: number) => void;
}

/**
 * Folds the counts of uploads into totals, once an hour is closed: no upload can add to it any more. Counts move in
 * transactions that add them and delete them, so each is in the totals exactly once, wherever a run ends and however many
 * run at once. Only after all are moved is the hour called folded, and read by anybody.
 */
export async function foldTotals(store: DocumentStore, options: FoldOptions): Promise<Folding> {
  const now = await store.now();
  const closed = closedHour(now, store, await options.windows(store));
  const [progress] = await store.get(totalsProgress, [FOLDED]);
  const before = progress?.foldedUntil;
  if (before === closed) return { folded: 0, expired: 0, left: 0 };
  // Progress that is ahead was made while store time was: then it says nothing of what is late.
  const folding: Span = { kept: keptFrom(now, options.retention), closed };
  const known = before === undefined || before > closed ? 0 : before;
  let [folded, expired] = [0, 0];
  for await (const page of store.pages(totalDeltas, {}, AT_ONCE)) {
    if (options.signal.aborted)
      return { folded, expired, left: known === 0 ? 1 : (closed - known) / HOUR };
    const ids = page.filter(({ value }) => value.hour < closed).map(({ id }) => id);
    const deltas = await movePage(store, ids, { ...options, ...folding });
    folded += deltas.length;
    expired += deltas.filter(({ hour }) => hour < folding.kept).length;
    const late = deltas.filter(({ hour }) => hour < known).length;
    if (late > 0) options.noteLate(late);
  }
  await markFolded(store, before, closed);
  return { folded, expired, left: 0 };
}

interface Span {
  /** Counts of hours before it are past retention. */
  readonly kept: UnixMillis;
  /** Hours before it are closed. */
  readonly closed: UnixMillis;
}

/** The oldest hour that may still get counts. They are under the hour in which the window of the upload began. */
const closedHour = (
  now: UnixMillis,
  { closingDelay }: DocumentStore,
  windows: Parameters<typeof windowStart>[0],
): UnixMillis => floorTo(windowStart(windows, unixMillis(Math.max(0, now - closingDelay))), HOUR);

/** Adds counts to their totals and deletes them; gives those that were still there. */
async function movePage(
  store: DocumentStore,
  ids: readonly string[],
  { kept, retention }: Span & Pick<FoldOptions, 'retention'>,
): Promise<readonly TotalDelta[]> {
  if (ids.length === 0) return [];
  return await store.transact(async (tx) => {
    const found = await tx.get(totalDeltas, ids);
    const deltas = found.filter((delta) => delta !== undefined);
    const byTotals = inTotals(deltas.filter(({ hour }) => hour >= kept));
    const stored = await tx.get(totals, [...byTotals.keys()]);
    for (const [n, [id, [first, ...more]]] of [...byTotals].entries()) {
      const before = stored[n] ?? noTotals(first, retention);
      tx.set(totals, id, [first, ...more].reduce(withDelta, before));
    }
    for (const [n, id] of ids.entries()) if (found[n] !== undefined) tx.delete(totalDeltas, id);
    return deltas;
  });
}

type SomeDeltas = readonly [TotalDelta, ...TotalDelta[]];

/** Counts by the id of the totals that they belong to. */
function inTotals(deltas: readonly TotalDelta[]): ReadonlyMap<string, SomeDeltas> {
  const groups = new Map<string, SomeDeltas>();
  for (const delta of deltas) {
    const id = totalsId(delta);
    const others = groups.get(id);
    groups.set(id, others === undefined ? [delta] : [...others, delta]);
  }
  return groups;
}

/** Another run may have come further meanwhile: then its word stands. */
async function markFolded(
  store: DocumentStore,
  before: number | undefined,
  closed: UnixMillis,
): Promise<void> {
  await store.transact(async (tx) => {
    const [progress] = await tx.get(totalsProgress, [FOLDED]);
    if (progress?.foldedUntil === before) tx.set(totalsProgress, FOLDED, { foldedUntil: closed });
  });
}
