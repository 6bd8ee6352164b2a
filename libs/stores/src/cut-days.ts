import type { Collection, DocumentStore, Transaction } from '@keyserver/docstore';
import type { BatchSpan, Cut, CutBatches, ExportConfig } from '@keyserver/export-file';
import {
  type Plan,
  type Version,
  cutStart,
  nextCut,
  nextInForce,
  planStart,
} from '@keyserver/padding';
import { type UnixMillis, type WindowCalendar, unixMillis, windowStart } from '@keyserver/time';
import type { KeyStoreSettings } from './key-batch-document.ts';
import { findOldestWindow } from './key-reader.ts';
import { type PlanSettings, planIn } from './plan-store.ts';
import type { ReadWindows } from './store-windows.ts';

/** What exports and partners are cut with. */
export interface CutOptions extends PlanSettings {
  readonly keys: Pick<KeyStoreSettings, 'retention'>;
  readonly windows: ReadWindows;
}

/** What is cut: the batches of an export or the units of a partner, which are documents of type D. */
export interface CutTarget<T, D> {
  /** How far each of them was cut. */
  readonly progress: Collection<{ readonly coveredUntil: number }>;
  /** An export or a partner as it is configured; undefined when there is none of that id. */
  readonly configured: (tx: Transaction, id: string) => Promise<Timed | undefined>;
  /** The same as a day is planned with it; undefined when it is not in the plan. */
  readonly planned: (
    plan: Plan,
    id: string,
  ) => (Pick<Timed, 'period'> & { readonly of: T }) | undefined;
  readonly versions: (tx: Transaction, id: string) => Promise<readonly Version<Lasting>[]>;
  readonly documents: Collection<D>;
  readonly documentId: (id: string, span: BatchSpan) => string;
  readonly open: (of: T, span: BatchSpan, expireAt: number) => D;
  /** Reads what else is written with a cut, and gives what writes it. */
  readonly besides?: (tx: Transaction, id: string) => Promise<(cut: MadeCut) => void>;
}

type Timed = Pick<ExportConfig, 'from' | 'period'>;
type Lasting = Pick<ExportConfig, 'id' | 'from' | 'thru'>;

/** A cut that is about to be written. */
interface MadeCut {
  /** Up to where it was cut before, ms; 0 before the first cut. */
  readonly before: number;
  readonly coveredUntil: UnixMillis;
  /** What is new. */
  readonly spans: readonly BatchSpan[];
}

/** Cuts exports into batches, or partners into units, by the plans of days, one day in one transaction. */
export const cutDays =
  <T, D>(store: DocumentStore, options: CutOptions, target: CutTarget<T, D>): CutBatches =>
  async (id, limits) => {
    const nothingBefore = await beginningOfKeys(store, options, { id, target });
    return await store.transact(async (tx) => {
      const config = await target.configured(tx, id);
      if (config === undefined) return NOTHING_CUT;
      const [progress] = await tx.get(target.progress, [id]);
      const covered = optionalTime(progress?.coveredUntil);
      const windows = await options.windows(tx);
      const age = Math.max(limits.minWindowAge, store.closingDelay);
      const closed = windowStart(windows, unixMillis(Math.max(0, tx.now - age)));
      const from = cutStart(config, { covered, nothingBefore, closed, span: options.span });
      if (from >= closed) return NOTHING_CUT;
      const cut = { id, covered, from, closed, windows, limit: limits.limit };
      return await cutDay(tx, { options, target }, cut);
    });
  };

const NOTHING_CUT: Cut = { created: 0, more: false };

interface Cutting {
  readonly id: string;
  /** Up to where it was cut before; undefined before its first cut. */
  readonly covered: UnixMillis | undefined;
  /** Where this cut begins. */
  readonly from: UnixMillis;
  /** The start of the oldest window that may not be given out yet. */
  readonly closed: UnixMillis;
  readonly windows: WindowCalendar;
  readonly limit: number;
}

async function cutDay<T, D>(
  tx: Transaction,
  { options, target }: { readonly options: CutOptions; readonly target: CutTarget<T, D> },
  cutting: Cutting,
): Promise<Cut> {
  const { id, from, closed, covered } = cutting;
  const { span, keepMs } = options;
  const { plan, keep } = await planIn(tx, planStart(from, span), options);
  const planned = target.planned(plan, id);
  const versions = planned === undefined ? await target.versions(tx, id) : [];
  const reopens = nextInForce(versions, plan.end, span);
  const due = nextCut({ ...cutting, planned, dayEnd: plan.end, reopens });
  if (due === undefined) return NOTHING_CUT;
  const { coveredUntil } = due;
  const missing = await absent(tx, { id, target }, due.spans);
  const writeBesides = await target.besides?.(tx, id);
  keep();
  if (planned !== undefined)
    for (const one of missing)
      tx.create(
        target.documents,
        target.documentId(id, one),
        target.open(planned.of, one, tx.now + keepMs),
      );
  tx.set(target.progress, id, { coveredUntil });
  writeBesides?.({ before: covered ?? 0, coveredUntil, spans: missing });
  return { created: missing.length, more: coveredUntil < closed };
}

/**
 * No window before this one holds a key that may be given out, nor ever will. For what was never cut this is the
 * oldest window with any key, or the first that is still open: only closed windows are searched, after they were closed, so
 * whatever is written later lies behind them. What was cut already goes on from there, and only passes over
 * what is past retention.
 */
async function beginningOfKeys<T, D>(
  store: DocumentStore,
  { keys, windows }: CutOptions,
  { id, target }: { readonly id: string; readonly target: CutTarget<T, D> },
): Promise<UnixMillis> {
  const now = await store.now();
  const retained = unixMillis(Math.max(0, now - keys.retention));
  const [progress] = await store.get(target.progress, [id]);
  if (progress !== undefined) return retained; // it goes on from there
  const closed = closedAt(now, store, await windows(store));
  return (await findOldestWindow(store, { from: retained, until: closed })) ?? closed;
}

/** The start of the oldest window that may still receive keys. */
const closedAt = (
  now: UnixMillis,
  { closingDelay }: Pick<DocumentStore, 'closingDelay'>,
  windows: WindowCalendar,
): UnixMillis => windowStart(windows, unixMillis(Math.max(0, now - closingDelay)));

/** What is there already was created by an earlier run, or before the progress was lost. */
async function absent<T, D>(
  tx: Transaction,
  { id, target }: { readonly id: string; readonly target: CutTarget<T, D> },
  spans: readonly BatchSpan[],
): Promise<readonly BatchSpan[]> {
  const stored = await tx.get(
    target.documents,
    spans.map((span) => target.documentId(id, span)),
  );
  return spans.filter((_, n) => stored[n] === undefined);
}

const optionalTime = (t: number | undefined): UnixMillis | undefined =>
  t === undefined ? undefined : unixMillis(t);
