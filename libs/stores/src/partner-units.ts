import type { DocumentStore } from '@keyserver/docstore';
import { takerOf } from '@keyserver/export-file';
import type { KeyBatch, ReadKeyBatches } from '@keyserver/exposure-keys';
import {
  type FindUnit,
  type FoundUnit,
  type Grant,
  type Partner,
  type ReadUnit,
  type Unit,
  isWithin,
} from '@keyserver/federation';
import {
  type CellStore,
  type Plan,
  type PlanSpan,
  cellFinder,
  paddingSourceOf,
  planStart,
  rulesOf,
} from '@keyserver/padding';
import { type UnixMillis, floorTo, unixMillis } from '@keyserver/time';
import { settledCells } from './cell-store.ts';
import { readKeyBatches } from './key-reader.ts';
import { partnerProgress, partnerUnits, unitId } from './partner-unit-document.ts';
import { storedPlans } from './plan-store.ts';

/** What serving units needs to know. */
export interface PartnerUnitsOptions {
  /** How long a window can be read, ms. */
  readonly retention: number;
  /** How long one plan holds, ms. */
  readonly span: PlanSpan;
}

/** Where units are found and read. */
export interface Units {
  readonly findUnit: FindUnit;
  readonly readUnit: ReadUnit;
}

/** The units of padded partners: each is served whole, once the cells in it are settled. */
export function paddedUnits(store: DocumentStore, options: PartnerUnitsOptions): Units {
  const place = {
    ...{ store, ...options },
    planOf: storedPlans(store, options.span),
    settled: new Set<string>(),
  };
  const read = readKeyBatches(store, options);
  return {
    findUnit: async (partner, window) => await find(place, partner, window),
    readUnit: (unit) => readSettled({ ...place, read }, unit),
  };
}

interface Place extends PartnerUnitsOptions {
  readonly store: DocumentStore;
  readonly planOf: (day: UnixMillis) => Promise<Plan | undefined>;
  /** Units that are known to be settled, and stay so. */
  readonly settled: Set<string>;
}

const REMEMBERED_UNITS = 1024;

async function find(place: Place, partner: Partner, window: UnixMillis): Promise<FoundUnit> {
  const { store, retention, span } = place;
  const now = await store.now();
  // Days of which nothing can be read as a whole are passed over at once.
  const first = Math.max(partner.from, planStart(unixMillis(Math.max(0, now - retention)), span));
  if (window < first) return first > now ? NOT_YET : { kind: 'nothing', to: unixMillis(first) };
  const day = planStart(window, span);
  const planned = (await place.planOf(day))?.partners.find(({ id }) => id === partner.id);
  if (planned === undefined) return await unplanned(place, partner, day);
  const start = floorTo(window, planned.unit);
  const end = unixMillis(start + planned.unit);
  const unit: Unit = { start, end, mode: 'padded', grant: grantOf(planned) };
  if (start < now - retention) return { kind: 'nothing', to: unit.end };
  // Also when it was settled before store time was set back.
  if (unit.end > now - store.closingDelay) return NOT_YET;
  const isSettled = await settledState(place, partner, unit);
  if (isSettled === undefined) return NOT_YET;
  return isSettled && isWithin(unit.grant, partner)
    ? { kind: 'available', unit }
    : { kind: 'nothing', to: unit.end };
}

const NOT_YET: FoundUnit = { kind: 'not yet' };

/** A day without a plan, or one that was planned without the partner, is passed over once the partner is cut behind it. */
async function unplanned(
  { store, span }: Place,
  { id }: Partner,
  day: UnixMillis,
): Promise<FoundUnit> {
  const end = unixMillis(day + span);
  const [progress] = await store.get(partnerProgress, [id]);
  return progress !== undefined && progress.coveredUntil >= end
    ? { kind: 'nothing', to: end }
    : NOT_YET;
}

/**
 * Whether a unit is settled; undefined when it may still become so. One that nobody cut although the partner is covered past it
 * held nothing, and one that was dropped is for nobody.
 */
async function settledState(
  { store, settled }: Place,
  partner: Partner,
  unit: Unit,
): Promise<boolean | undefined> {
  const id = unitId(partner.id, unit);
  if (settled.has(id)) return true;
  const [progress] = await store.get(partnerProgress, [partner.id]);
  const [stored] = await store.get(partnerUnits, [id]);
  if (stored === undefined)
    return progress !== undefined && progress.coveredUntil >= unit.end ? false : undefined;
  if (stored.state === 'open') return undefined;
  if (stored.state === 'dropped') return false;
  if (settled.size >= REMEMBERED_UNITS) settled.clear();
  settled.add(id);
  return true;
}

const grantOf = ({
  includeRegions,
  excludeRegions,
  includeTravelers,
  onlyLocalProvenance,
}: Partner): Grant => ({
  ...{ includeRegions, excludeRegions, includeTravelers, onlyLocalProvenance },
});

/** The documents of a unit that its day was planned with, the generated ones of settled cells among them. */
async function* readSettled(
  { store, planOf, span, read }: Place & { readonly read: ReadKeyBatches },
  unit: Unit,
): AsyncGenerator<readonly KeyBatch[]> {
  const plan = await planOf(planStart(unit.start, span));
  if (plan === undefined) return;
  const takes = takerOf(rulesOf(unit.grant));
  const isOurs = ({ origin }: KeyBatch): boolean =>
    origin === 'local' || origin === 'padding' || !unit.grant.onlyLocalProvenance;
  const named = namedDocuments(plan, settledCells(store));
  for await (const page of read({ from: unit.start, until: unit.end, whole: true }))
    yield await named(page.filter((one) => takes(one) && isOurs(one)));
}

/** Leaves out generated documents that no settled cell names. */
function namedDocuments(
  plan: Plan,
  cells: Pick<CellStore, 'settledWith'>,
): (page: readonly KeyBatch[]) => Promise<readonly KeyBatch[]> {
  const cellOf = cellFinder(plan);
  const attempts = new Map<string, string | undefined>();
  return async (page) => {
    const sources = page.map((document) =>
      document.origin === 'padding' ? sourceIn(cellOf(document)?.id, document) : undefined,
    );
    const unknown = sources.flatMap((source) =>
      source === undefined || attempts.has(source.cell) ? [] : [source.cell],
    );
    const ids = [...new Set(unknown)];
    const settled = ids.length === 0 ? [] : await cells.settledWith(ids);
    ids.forEach((id, n) => attempts.set(id, settled[n]?.attempt));
    return page.filter(({ origin }, n) => {
      const source = sources[n];
      if (origin !== 'padding') return true;
      return source !== undefined && attempts.get(source.cell) === source.attempt;
    });
  };
}

/** What a generated document belongs to; undefined for one that names another cell than it lies in. */
function sourceIn(
  cell: string | undefined,
  { sourceId }: KeyBatch,
): ReturnType<typeof paddingSourceOf> {
  const source = paddingSourceOf(sourceId);
  return source?.cell === cell ? source : undefined;
}
