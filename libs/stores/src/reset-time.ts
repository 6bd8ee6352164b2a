import {
  type Cursor,
  type DocumentStore,
  type Found,
  MAX_TRANSACTION_BYTES,
  type Transaction,
  view,
  writtenBytes,
} from '@keyserver/docstore';
import { type PlanSpan, midnightAfter, planSpanOf, planStart } from '@keyserver/padding';
import { DAY, floorTo, windowStart } from '@keyserver/time';
import { exportConfigs } from './configuration.ts';
import { type BatchDocument, exportBatches, exportProgress } from './export-batch-document.ts';
import { exportIndexes } from './export-index-document.ts';
import { leases } from './lease-store.ts';
import { exportVersions, padPlans, planId, versionId } from './padding-documents.ts';
import { readStoreFormat } from './store-format.ts';

/** Most documents that a step changes of each kind. */
const PER_STEP = 100;

/** Most bytes of batches in a step. An index, which may be a full document, and a progress are written with them. */
const MOST_BYTES = MAX_TRANSACTION_BYTES - (2 << 20);

const STATES = ['open', 'stored', 'complete', 'empty', 'skipped'] as const;
const OPEN = { where: { state: 'open' }, order: { by: 'end' } } as const;

/** What a step has done. */
interface Stepped {
  /** How many batches were removed. */
  readonly removed: number;
  /** After which document the next step goes on; undefined when none is left. */
  readonly next: Place | undefined;
}

/** After which document a step goes on; `first` is before all. */
type Place = Cursor | 'first';

/** A step; one transaction, in which it changes no more than fits. */
type Step = (tx: Transaction, place: Place) => Promise<Stepped>;

const STEPS: readonly Step[] = [
  bringBackExport,
  forgetPlans,
  bringBackVersions,
  endLeases,
  endLeasesOfBatches,
];

/**
 * Brings back to the present all that is ahead of it because store time was wrong: how far exports have come, plans of days
 * that have not begun, changes of exports that would hold from a day far ahead, and leases.
 * Batches past the present are removed; the answer is how many. It takes many transactions, which `transact` runs one after
 * another. It may end after any of them, and be done again. If it is never done again, because the time that was ahead has
 * come meanwhile, the windows of what was removed are cut again all the same.
 */
export async function undoAllAhead(transact: DocumentStore['transact']): Promise<number> {
  let removed = 0;
  for (const step of STEPS) {
    let next: Place | undefined = 'first';
    while (next !== undefined) {
      const place: Place = next;
      const stepped: Stepped = await transact(async (tx) => await step(tx, place));
      removed += stepped.removed;
      next = stepped.next;
    }
  }
  return removed;
}

/** Whether anything is ahead of the present that `undoAllAhead` must bring back before store time may be. */
export async function isAnythingAhead(tx: Transaction): Promise<boolean> {
  for (const progress of await tx.find(exportProgress, {})) {
    const { limit, early } = await beyond(tx, progress.id, 1);
    if (progress.value.coveredUntil > limit || early.length > 0) return true;
  }
  const span = await spanIn(tx);
  if ((await tx.find(padPlans, { after: today(tx, span), limit: 1 })).length > 0) return true;
  const next = midnightAfter(tx.now, span);
  if ((await tx.find(exportVersions, {})).some(({ value }) => value.from > next)) return true;
  const held = await tx.find(leases, {});
  const open = await tx.find(view(exportBatches, ['state', 'end', 'leaseExpires']), OPEN);
  return (
    held.some(({ value }) => value.expiresAt > tx.now) ||
    open.some(({ value }) => value.leaseExpires > tx.now)
  );
}

/**
 * Brings back the next export: it has come no further than it may have, and the first of its batches past that are removed.
 * Their windows are cut again when they have passed, so that no key which comes into them until then is lost.
 */
async function bringBackExport(tx: Transaction, place: Place): Promise<Stepped> {
  const [progress] = await tx.find(exportProgress, { ...after(place), limit: 1 });
  if (progress === undefined) return { removed: 0, next: undefined };
  const { id, value } = progress;
  const { limit, early } = await beyond(tx, id, PER_STEP);
  const removed = firstThatFit(early);
  if (removed.length === 0 && value.coveredUntil <= limit) return { removed: 0, next: { id } };
  for (const batch of removed) tx.delete(exportBatches, batch.id);
  // With the first batches, so that the others are no reason to pass over the windows of these.
  if (value.coveredUntil > limit) tx.set(exportProgress, id, { coveredUntil: limit });
  // Derived anew from the batches that stay.
  tx.delete(exportIndexes, id);
  return { removed: removed.length, next: place };
}

const spanIn = async (tx: Transaction): Promise<PlanSpan> =>
  planSpanOf((await readStoreFormat(tx))?.profile);

/** The plan of today, as a place in the order of plans. */
const today = (tx: Transaction, span: PlanSpan): Cursor => ({
  id: planId(planStart(tx.now, span)),
});

/** A plan may be a full document, and so many fit into a transaction. */
const PLANS_PER_STEP = 5;
const VERSIONS_PER_STEP = 5;

/** Deletes plans of days that have not begun: until they do, exports may still be changed. */
async function forgetPlans(tx: Transaction): Promise<Stepped> {
  const span = await spanIn(tx);
  const after = today(tx, span);
  const found = await tx.find(padPlans, { after, limit: PLANS_PER_STEP });
  for (const { id } of found) tx.delete(padPlans, id);
  return { removed: 0, next: found.length === PLANS_PER_STEP ? 'first' : undefined };
}

/** Lets changes of exports hold from the next midnight that would hold from a later one. */
async function bringBackVersions(tx: Transaction): Promise<Stepped> {
  const span = await spanIn(tx);
  const next = midnightAfter(tx.now, span);
  const ahead = (await tx.find(exportVersions, {})).filter(({ value }) => value.from > next);
  const step = ahead.toSorted((a, b) => a.value.from - b.value.from).slice(0, VERSIONS_PER_STEP);
  for (const { id, value } of step) {
    tx.delete(exportVersions, id);
    // The last of several changes is the one that stays.
    const version = { config: value.settings, from: next };
    tx.set(exportVersions, versionId(version), { ...value, from: next });
  }
  return { removed: 0, next: ahead.length > step.length ? 'first' : undefined };
}

/** Ends the leases of jobs that last longer than now. */
async function endLeases(tx: Transaction, place: Place): Promise<Stepped> {
  const found = await tx.find(leases, { ...after(place), limit: PER_STEP });
  for (const { id, value } of found)
    if (value.expiresAt > tx.now) tx.set(leases, id, { ...value, expiresAt: tx.now });
  const last = found.at(-1);
  return { removed: 0, next: last && { id: last.id } };
}

/** Ends the leases of open batches that last longer than now. */
async function endLeasesOfBatches(tx: Transaction, place: Place): Promise<Stepped> {
  const found = await tx.find(exportBatches, { ...OPEN, ...after(place), limit: PER_STEP });
  const looked = firstThatFit(found);
  for (const { id, value } of looked)
    if (value.leaseExpires > tx.now) tx.set(exportBatches, id, { ...value, leaseExpires: tx.now });
  const last = looked.at(-1);
  return { removed: 0, next: last && { id: last.id, value: last.value.end } };
}

const after = (place: Place): { readonly after?: Cursor } =>
  place === 'first' ? {} : { after: place };

/** The batches that can be changed in one transaction: at least one, as no document is too large for that. */
function firstThatFit(found: readonly Found<BatchDocument>[]): readonly Found<BatchDocument>[] {
  const fit: Found<BatchDocument>[] = [];
  let bytes = 0;
  for (const batch of found) {
    bytes += writtenBytes(exportBatches, batch.id, batch.value);
    if (bytes > MOST_BYTES) break;
    fit.push(batch);
  }
  return fit;
}

/**
 * How far an export may have come at the present: to the last multiple of its period in windows that are closed. And its
 * first batches beyond, at most so many.
 */
async function beyond(
  tx: Transaction,
  config: string,
  most: number,
): Promise<{ readonly limit: number; readonly early: readonly Found<BatchDocument>[] }> {
  const [stored] = await tx.get(exportConfigs, [config]);
  const windows = (await readStoreFormat(tx))?.windows;
  const closed = windows === undefined ? tx.now : windowStart(windows, tx.now);
  const limit = floorTo(closed, stored?.period ?? DAY);
  const order = { by: 'end', from: limit + 1 } as const;
  const early: Found<BatchDocument>[] = [];
  for (const state of STATES) {
    if (early.length === most) break;
    const query = { where: { config, state }, order, limit: most - early.length };
    early.push(...(await tx.find(exportBatches, query)));
  }
  return { limit, early };
}
