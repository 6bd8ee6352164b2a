import type { DocumentStore } from '@keyserver/docstore';
import { RECORD_BYTES } from '@keyserver/exposure-keys';
import { type PlanSpan, paddingSourceOf, planSpanOf } from '@keyserver/padding';
import {
  type Readers,
  type StoredDocument,
  findOldestWindow,
  padBegun,
  padRevised,
  readDocuments,
  readReaders,
  readStoreFormat,
  settledCells,
  storedWindows,
} from '@keyserver/stores';
import { DAY, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';

/** Which stored keys an operator means: those of release windows, of an app, a region or a query; each that is given counts. */
export interface KeyRange {
  /** Windows that begin at this time or later, and before `until`. */
  readonly from: UnixMillis;
  readonly until: UnixMillis;
  /** The id of an app. */
  readonly app?: string | undefined;
  /** Upper case. */
  readonly region?: string | undefined;
  /** The id of a query: keys that were fetched by it. */
  readonly query?: string | undefined;
}

/** How far the documents of a cell are on their way out. */
export type Stage =
  /** Nobody has begun to count them: they can be deleted. */
  | 'untouched'
  /** Somebody counts them now: they can be neither deleted nor taken back yet. */
  | 'begun'
  /** They are in files, or may be soon: they can be taken back. */
  | 'settled';

/** Documents of one cell, or of none, within a range. */
export interface CellDocuments {
  readonly stage: Stage;
  /** What people published, or other servers sent. */
  readonly real: readonly StoredDocument[];
  /** Generated documents that belong to the cell, and to the range as well: those that were never revised, and the others. */
  readonly generated: readonly StoredDocument[];
  readonly revised: readonly StoredDocument[];
}

/** Where a range is read. */
export interface RangePlace {
  readonly store: DocumentStore;
  readonly span: PlanSpan;
}

/** The place of a store that knows its format; undefined before any service was started over it. */
export async function rangePlace(store: DocumentStore): Promise<RangePlace | undefined> {
  const format = await readStoreFormat(store);
  return format?.windows === undefined ? undefined : { store, span: planSpanOf(format.profile) };
}

/**
 * The documents of a range, cell by cell and day by day, oldest day first: one day is held in memory at a time. Documents are
 * given once; those of an attempt that settled nothing are left out.
 */
export async function* cellsOf(
  { store, span }: RangePlace,
  range: KeyRange,
): AsyncGenerator<{ readonly day: UnixMillis; readonly cells: readonly CellDocuments[] }> {
  let { from } = range;
  for (;;) {
    const oldest = await findOldestWindow(store, { from, until: range.until });
    if (oldest === undefined) return;
    const day = floorTo(oldest, DAY);
    const until = unixMillis(Math.min(day + DAY, range.until));
    yield { day, cells: await cellsIn({ store, span }, { ...range, from: oldest, until }) };
    from = until;
  }
}

async function cellsIn(place: RangePlace, range: KeyRange): Promise<readonly CellDocuments[]> {
  const { store, span } = place;
  const windows = await storedWindows(store);
  const documents: StoredDocument[] = [];
  for await (const page of readDocuments(store, range)) documents.push(...page.filter(isOf(range)));
  const readers = new Map<number, Readers>();
  for (const { value } of documents) {
    const start = value.window - (value.window % span);
    if (!readers.has(start)) readers.set(start, await readReaders(store, start, { span, windows }));
  }
  const readersOf = ({ value }: StoredDocument): Readers | undefined =>
    readers.get(value.window - (value.window % span));
  const cellOf = (document: StoredDocument): string =>
    readersOf(document)?.cellOf(document.value)?.id ?? '';
  const byCell = new Map<string, StoredDocument[]>();
  for (const document of documents) {
    const of = byCell.get(cellOf(document));
    if (of === undefined) byCell.set(cellOf(document), [document]);
    else of.push(document);
  }
  const now = await store.now();
  const isGiven = (document: StoredDocument): boolean =>
    readersOf(document)?.mayBeGiven(document.value, now) === true;
  return [
    ...(await inCells(place.store, byCell, isGiven)),
    ...inNone(byCell.get('') ?? [], isGiven),
  ];
}

/** What no export and no padded partner takes: a partner that is given windows as they close may have it, or nobody. */
const inNone = (
  documents: readonly StoredDocument[],
  isGiven: (document: StoredDocument) => boolean,
): readonly CellDocuments[] => {
  const real = documents.filter(isReal);
  return [
    { stage: 'settled', real: real.filter(isGiven), ...NOT_PADDED },
    { stage: 'untouched', real: real.filter((one) => !isGiven(one)), ...NOT_PADDED },
  ];
};

const NOT_PADDED = { generated: [], revised: [] };

async function inCells(
  store: DocumentStore,
  byCell: ReadonlyMap<string, readonly StoredDocument[]>,
  isGiven: (document: StoredDocument) => boolean,
): Promise<readonly CellDocuments[]> {
  const ids = [...byCell.keys()].filter((id) => id !== '');
  if (ids.length === 0) return [];
  const settled = await settledCells(store).settledWith(ids);
  const begun = await store.get(padBegun, ids);
  const cells = ids.map((id, n): readonly CellDocuments[] => {
    const documents = byCell.get(id) ?? [];
    const real = documents.filter(isReal);
    const attempt = settled[n]?.attempt;
    if (attempt !== undefined) {
      const generated = documents.filter(isOfAttempt(id, attempt));
      return [{ stage: 'settled', real, generated, revised: [] }];
    }
    if (begun[n] !== undefined) return [{ stage: 'begun', real, ...NOT_PADDED }];
    // A partner may have been given it before its cell is counted for others.
    return [
      { stage: 'begun', real: real.filter(isGiven), ...NOT_PADDED },
      { stage: 'untouched', real: real.filter((one) => !isGiven(one)), ...NOT_PADDED },
    ];
  });
  return await Promise.all(cells.flat().map(async (cell) => await withRevised(store, cell)));
}

/** Tells generated documents that were revised from those that were not. */
async function withRevised(store: DocumentStore, cell: CellDocuments): Promise<CellDocuments> {
  if (cell.generated.length === 0 || cell.real.length === 0) return cell;
  const claims = await store.get(
    padRevised,
    cell.generated.map(({ id }) => id),
  );
  return {
    ...cell,
    generated: cell.generated.filter((_, n) => claims[n] === undefined),
    revised: cell.generated.filter((_, n) => claims[n] !== undefined),
  };
}

const isOf =
  ({ app, region, query }: KeyRange) =>
  ({ value }: StoredDocument): boolean =>
    value.kind === 'primary' &&
    (app === undefined || value.app === app) &&
    (region === undefined || value.regions.includes(region)) &&
    (query === undefined || (value.origin === 'federated' && value.sourceId === query));

const isReal = ({ value }: StoredDocument): boolean => value.origin !== 'padding';

const isOfAttempt =
  (cell: string, attempt: string) =>
  ({ value }: StoredDocument): boolean => {
    const source = value.origin === 'padding' ? paddingSourceOf(value.sourceId) : undefined;
    return source?.cell === cell && source.attempt === attempt;
  };

/** How many documents and keys there are. */
export interface Counts {
  readonly documents: number;
  readonly keys: number;
}

/** What a range holds that people published or other servers sent, by what can be done about it. */
export type Survey = Readonly<Record<Stage, Counts>>;

/** Counts what a range holds, and changes nothing. */
export async function surveyKeys(place: RangePlace, range: KeyRange): Promise<Survey> {
  const counts: Record<Stage, Counts> = {
    ...{ untouched: NONE, begun: NONE, settled: NONE },
  };
  for await (const { cells } of cellsOf(place, range))
    for (const { stage, real } of cells)
      counts[stage] = {
        documents: counts[stage].documents + real.length,
        keys: counts[stage].keys + keysIn(real),
      };
  return counts;
}

const NONE: Counts = { documents: 0, keys: 0 };

const keysIn = (documents: readonly StoredDocument[]): number =>
  documents.reduce((sum, { value }) => sum + value.records.length / RECORD_BYTES, 0);
