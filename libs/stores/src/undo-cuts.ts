import {
  type Collection,
  type Cursor,
  type Found,
  MAX_TRANSACTION_BYTES,
  type Query,
  type Transaction,
  writtenBytes,
} from '@keyserver/docstore';
import { BATCH_STATES } from '@keyserver/export-file';
import { DAY, floorTo, windowStart } from '@keyserver/time';
import { exportConfigs } from './configuration.ts';
import { type BatchDocument, exportBatches, exportProgress } from './export-batch-document.ts';
import { exportIndexes } from './export-index-document.ts';
import { type UnitDocument, partnerProgress, partnerUnits } from './partner-unit-document.ts';
import { partners } from './partners.ts';
import { readStoreFormat } from './store-format.ts';

/** Most documents that a step changes of each kind. */
export const PER_STEP = 100;

/** Most bytes of batches in a step. An index, which may be a full document, and a progress are written with them. */
const MOST_BYTES = MAX_TRANSACTION_BYTES - (2 << 20);

/** Open batches or units, in the order of their ends. */
export const OPEN = { where: { state: 'open' }, order: { by: 'end' } } as const;

/** What a step has done. */
export interface Stepped {
  /** How many batches were removed. */
  readonly removed: number;
  /** After which document the next step goes on; undefined when none is left. */
  readonly next: Place | undefined;
}

/** After which document a step goes on; `first` is before all. */
export type Place = Cursor | 'first';

/** A step; one transaction, in which it changes no more than fits. */
export type Step = (tx: Transaction, place: Place) => Promise<Stepped>;

/** What is cut: exports into batches, or partners into units. */
interface Cut<D extends Leased> {
  readonly progress: Collection<{ readonly coveredUntil: number }>;
  readonly documents: Collection<D>;
  /** How long the pieces of one are as it is configured, ms; undefined when it is not. */
  readonly periodOf: (tx: Transaction, id: string) => Promise<number | undefined>;
  /** The pieces of one in every state, in the order of their ends, those that end at a time or later. */
  readonly ending: (id: string, from: number) => readonly Query<D>[];
  readonly open: Query<D>;
  /** Removes what is derived from the pieces. */
  readonly forgetDerived: (tx: Transaction, id: string) => void;
}

interface Leased {
  readonly end: number;
  readonly leaseExpires: number;
}

/** Exports and their batches. */
export const EXPORTS: Cut<BatchDocument> = {
  progress: exportProgress,
  documents: exportBatches,
  periodOf: async (tx, id) => (await tx.get(exportConfigs, [id]))[0]?.period,
  ending: (config, from) =>
    BATCH_STATES.map((state) => ({
      where: { config, state },
      order: { by: 'end', from },
    })),
  open: OPEN,
  forgetDerived: (tx, id) => {
    tx.delete(exportIndexes, id);
  },
};

/** Partners and their units. */
export const PARTNERS: Cut<UnitDocument> = {
  progress: partnerProgress,
  documents: partnerUnits,
  periodOf: async (tx, id) => (await tx.get(partners, [id]))[0]?.unit,
  ending: (partner, from) =>
    ['open', 'settled', 'dropped'].map((state) => ({
      where: { partner, state },
      order: { by: 'end', from },
    })),
  open: OPEN,
  forgetDerived: () => undefined,
};

/** Whether any of them has come further than it may have at the present. */
export async function isCutAhead<D extends Leased>(tx: Transaction, cut: Cut<D>): Promise<boolean> {
  for (const progress of await tx.find(cut.progress, {})) {
    const { limit, early } = await beyond(tx, { cut, id: progress.id }, 1);
    if (progress.value.coveredUntil > limit || early.length > 0) return true;
  }
  return false;
}

/**
 * Brings back the next export or partner: it has come no further than it may have, and the first of its batches or units past that
 * are removed. Their windows are cut again when they have passed, so that no key which comes into them until then is lost.
 */
export function bringBack<D extends Leased>(cut: Cut<D>): Step {
  return async (tx, place) => {
    const [progress] = await tx.find(cut.progress, { ...after(place), limit: 1 });
    if (progress === undefined) return { removed: 0, next: undefined };
    const { id, value } = progress;
    const { limit, early } = await beyond(tx, { cut, id }, PER_STEP);
    const removed = firstThatFit(cut, early);
    if (removed.length === 0 && value.coveredUntil <= limit) return { removed: 0, next: { id } };
    for (const piece of removed) tx.delete(cut.documents, piece.id);
    // With the first pieces, so that the others are no reason to pass over the windows of these.
    if (value.coveredUntil > limit) tx.set(cut.progress, id, { coveredUntil: limit });
    // Derived anew from the pieces that stay.
    cut.forgetDerived(tx, id);
    return { removed: removed.length, next: place };
  };
}

/** Ends the leases of open batches or units that last longer than now. */
export function endLeasesOf<D extends Leased>(cut: Cut<D>): Step {
  return async (tx, place) => {
    const found = await tx.find(cut.documents, { ...cut.open, ...after(place), limit: PER_STEP });
    const looked = firstThatFit(cut, found);
    for (const { id, value } of looked)
      if (value.leaseExpires > tx.now)
        tx.set(cut.documents, id, { ...value, leaseExpires: tx.now });
    const last = looked.at(-1);
    return { removed: 0, next: last && { id: last.id, value: last.value.end } };
  };
}

/** The part of a query that goes on after a place. */
export const after = (place: Place): { readonly after?: Cursor } =>
  place === 'first' ? {} : { after: place };

/** The pieces that can be changed in one transaction: at least one, as no document is too large for that. */
function firstThatFit<D extends Leased>(
  { documents }: Cut<D>,
  found: readonly Found<D>[],
): readonly Found<D>[] {
  const fit: Found<D>[] = [];
  let bytes = 0;
  for (const piece of found) {
    bytes += writtenBytes(documents, piece.id, piece.value);
    if (bytes > MOST_BYTES) break;
    fit.push(piece);
  }
  return fit;
}

/**
 * How far an export or a partner may have come at the present: to the last multiple of its period in windows that are closed. And
 * its first batches or units beyond, at most so many.
 */
async function beyond<D extends Leased>(
  tx: Transaction,
  { cut, id }: { readonly cut: Cut<D>; readonly id: string },
  most: number,
): Promise<{ readonly limit: number; readonly early: readonly Found<D>[] }> {
  const period = await cut.periodOf(tx, id);
  const windows = (await readStoreFormat(tx))?.windows;
  const closed = windows === undefined ? tx.now : windowStart(windows, tx.now);
  const limit = floorTo(closed, period ?? DAY);
  const early: Found<D>[] = [];
  for (const query of cut.ending(id, limit + 1)) {
    if (early.length === most) break;
    early.push(...(await tx.find(cut.documents, { ...query, limit: most - early.length })));
  }
  return { limit, early };
}
