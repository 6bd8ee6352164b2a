import {
  type Collection,
  type Cursor,
  type DocumentStore,
  type Transaction,
  view,
} from '@keyserver/docstore';
import { type PlanSpan, midnightAfter, planSpanOf, planStart } from '@keyserver/padding';
import { exportBatches } from './export-batch-document.ts';
import { leases } from './lease-store.ts';
import {
  exportVersions,
  padPlans,
  partnerVersions,
  planId,
  versionId,
} from './padding-documents.ts';
import { partnerUnits } from './partner-unit-document.ts';
import { bringBackQueries, isAnyQueryAhead } from './undo-positions.ts';
import { readStoreFormat } from './store-format.ts';
import {
  EXPORTS,
  OPEN,
  PARTNERS,
  PER_STEP,
  type Place,
  type Step,
  type Stepped,
  after,
  bringBack,
  endLeasesOf,
  isCutAhead,
} from './undo-cuts.ts';

const STEPS: readonly Step[] = [
  bringBack(EXPORTS),
  bringBack(PARTNERS),
  bringBackQueries,
  forgetPlans,
  bringBackVersions(exportVersions),
  bringBackVersions(partnerVersions),
  endLeases,
  endLeasesOf(EXPORTS),
  endLeasesOf(PARTNERS),
  bringBackRetired,
];

/**
 * Brings back to the present all that is ahead of it because store time was wrong: how far exports and partners have come, plans
 * of days that have not begun, changes of exports and partners that would hold from a day far ahead, leases, where queries stopped
 * that may have passed over keys, and since when files wait for their deletion.
 * Batches and units past the present are removed; the answer is how many. It takes many transactions, which `transact` runs one after
 * another. It may end after any of them, and be done again. If it is never done again, because the time that was ahead has
 * come meanwhile, the windows of what was removed are cut again all the same.
 */
export async function undoAllAhead(
  transact: DocumentStore['transact'],
  stepped: (removed: number) => void = () => undefined,
): Promise<number> {
  let removed = 0;
  for (const step of STEPS) {
    let next: Place | undefined = 'first';
    while (next !== undefined) {
      const place: Place = next;
      const done: Stepped = await transact(async (tx) => await step(tx, place));
      removed += done.removed;
      next = done.next;
      stepped(removed);
    }
  }
  return removed;
}

/** Whether anything is ahead of the present that `undoAllAhead` must bring back before store time may be. */
export async function isAnythingAhead(tx: Transaction): Promise<boolean> {
  if ((await isCutAhead(tx, EXPORTS)) || (await isCutAhead(tx, PARTNERS))) return true;
  if (await isAnyQueryAhead(tx)) return true;
  const span = await spanIn(tx);
  if ((await tx.find(padPlans, { after: today(tx, span), limit: 1 })).length > 0) return true;
  const next = midnightAfter(tx.now, span);
  if ((await tx.find(exportVersions, {})).some(({ value }) => value.from > next)) return true;
  if ((await tx.find(partnerVersions, {})).some(({ value }) => value.from > next)) return true;
  const held = await tx.find(leases, {});
  const batches = await tx.find(view(exportBatches, ['state', 'end', 'leaseExpires']), OPEN);
  const units = await tx.find(view(partnerUnits, ['state', 'end', 'leaseExpires']), OPEN);
  return (
    held.some(({ value }) => value.expiresAt > tx.now) ||
    (await tx.find(retirements, RETIRED)).some(({ value }) => isAheadOf(tx, value)) ||
    [...batches, ...units].some(({ value }) => value.leaseExpires > tx.now)
  );
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

/** Lets changes of exports, or of partners, hold from the next midnight that would hold from a later one. */
function bringBackVersions<D extends StoredVersion>(versions: Collection<D>): Step {
  return async (tx) => {
    const span = await spanIn(tx);
    const next = midnightAfter(tx.now, span);
    const ahead = (await tx.find(versions, {})).filter(({ value }) => value.from > next);
    const step = ahead.toSorted((a, b) => a.value.from - b.value.from).slice(0, VERSIONS_PER_STEP);
    for (const { id, value } of step) {
      tx.delete(versions, id);
      // The last of several changes is the one that stays.
      const version = { config: value.settings, from: next };
      tx.set(versions, versionId(version), { ...value, from: next });
    }
    return { removed: 0, next: ahead.length > step.length ? 'first' : undefined };
  };
}

interface StoredVersion {
  readonly from: number;
  readonly settings: { readonly id: string };
}

const RETIRED = { where: { state: 'retired' }, order: { by: 'end' } } as const;
const retirements = view(exportBatches, ['state', 'end', 'retiredAt']);
/** Batches in one step: each may be a full document. */
const RETIRED_PER_STEP = 5;

const isAheadOf = (
  { now }: Transaction,
  { retiredAt = 0 }: { readonly retiredAt?: number | undefined },
): boolean => retiredAt > now;

/** Lets files that were retired in time to come wait from now on: else they would stay for as long as that was ahead. */
async function bringBackRetired(tx: Transaction, place: Place): Promise<Stepped> {
  const found = await tx.find(exportBatches, {
    ...{ ...RETIRED, ...after(place), limit: RETIRED_PER_STEP },
  });
  for (const { id, value } of found)
    if (isAheadOf(tx, value)) tx.set(exportBatches, id, { ...value, retiredAt: tx.now });
  const last = found.at(-1);
  return { removed: 0, next: last && { id: last.id, value: last.value.end } };
}

/** Ends the leases of jobs that last longer than now. */
async function endLeases(tx: Transaction, place: Place): Promise<Stepped> {
  const found = await tx.find(leases, { ...after(place), limit: PER_STEP });
  for (const { id, value } of found)
    if (value.expiresAt > tx.now) tx.set(leases, id, { ...value, expiresAt: tx.now });
  const last = found.at(-1);
  return { removed: 0, next: last && { id: last.id } };
}
