import type { DocumentStore, Found, Transaction } from '@keyserver/docstore';
import { takerOf } from '@keyserver/export-file';
import { type Cell, type PlanSpan, cellFinder, planStart, readerOf } from '@keyserver/padding';
import {
  type UnixMillis,
  type WindowCalendar,
  floorTo,
  unixMillis,
  windowLengthAt,
  windowStart,
} from '@keyserver/time';
import { batchId } from './export-batch-document.ts';
import type { KeyBatchDocument } from './key-batch-document.ts';
import { unitId } from './partner-unit-document.ts';
import { planIn } from './plan-store.ts';
import { partnersOn } from './partner-versions.ts';

/** A stored document of keys with its id. */
export type StoredDocument = Found<KeyBatchDocument>;

/** Batches and units, by their ids; they may not be cut yet. */
export interface Pieces {
  readonly batches: readonly string[];
  readonly units: readonly string[];
}

const NO_PIECES: Pieces = { batches: [], units: [] };

/** Who is given documents of a day. */
export interface Readers {
  /** The cell of a document; undefined for one that no export and no padded partner takes. */
  readonly cellOf: (document: KeyBatchDocument) => Cell | undefined;
  /** The ids of the batches, and of the units of padded partners, that hold a document. */
  readonly piecesOf: (document: KeyBatchDocument) => Pieces;
  /** Whether a partner that is given windows as they close may have been given a document by a time. */
  readonly mayBeGiven: (document: KeyBatchDocument, by: UnixMillis) => boolean;
}

/**
 * The readers of the day that a window lies in, in a transaction that reads. Nobody reads a day that has not begun: it has no
 * plan yet, so nobody has begun to settle any cell of it.
 */
export async function readersOn(
  tx: Transaction,
  window: number,
  { span, windows }: { readonly span: PlanSpan; readonly windows: WindowCalendar },
): Promise<Readers> {
  const start = planStart(unixMillis(window), span);
  if (start > tx.now)
    return { cellOf: () => undefined, piecesOf: () => NO_PIECES, mayBeGiven: () => false };
  const { plan } = await planIn(tx, start, { span, keepMs: 0 });
  const fresh = (await partnersOn(tx, start, span))
    .filter(({ mode }) => mode === 'fresh')
    .map((partner) => takerOf(readerOf(partner)));
  const find = cellFinder(plan);
  return {
    cellOf: (document) => find({ ...document, window: unixMillis(document.window) }),
    piecesOf: (document) => ({
      batches: plan.exports
        .filter((config) => takerOf(config)(document))
        .map(({ id, period }) => batchId(id, spanOf(document, period))),
      units: plan.partners
        .filter((partner) => takerOf(readerOf(partner))(document))
        .map(({ id, unit }) => unitId(id, spanOf(document, unit))),
    }),
    mayBeGiven: (document, by) =>
      windowEnd(windows, document.window) <= by && fresh.some((takes) => takes(document)),
  };
}

/** The same, outside of a transaction. */
export const readReaders = async (
  store: DocumentStore,
  window: number,
  options: Parameters<typeof readersOn>[2],
): Promise<Readers> =>
  await store.transact(async (tx) => {
    await partnersOn(tx, unixMillis(0), options.span); // a transaction knows the time after its first read
    return await readersOn(tx, window, options);
  });

/** Batches and units are aligned to multiples of their period. */
function spanOf(
  { window }: KeyBatchDocument,
  period: number,
): { readonly start: UnixMillis; readonly end: UnixMillis } {
  const start = floorTo(unixMillis(window), period);
  return { start, end: unixMillis(start + period) };
}

const windowEnd = (windows: WindowCalendar, window: number): number =>
  windowStart(windows, unixMillis(window)) + windowLengthAt(windows, unixMillis(window));
