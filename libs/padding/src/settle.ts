import { type KeyBatch, RECORD_BYTES } from '@keyserver/exposure-keys';
import { type Random, randomId } from '@keyserver/random';
import type { CellContents } from './batch-cells.ts';
import type { Cell } from './cell.ts';
import type { KeyDocument } from './generated-document.ts';
import { MIN_REVISED, type RevisedDocument } from './revise.ts';

/** Where it is kept which cells are settled, and with what. Each call is one transaction or several, and may be repeated. */
export interface CellStore {
  /** What each of these cells was settled with; undefined for one that is not settled. */
  settledWith(ids: readonly string[]): Promise<readonly (Settled | undefined)[]>;
  /** Says that the cell is about to be counted; whether nobody had said so. */
  begin(cell: Cell): Promise<boolean>;
  /**
   * Stores the documents of an attempt, in as many transactions as they need; gives them as they are stored. Undefined when
   * the cell was settled meanwhile: then what was stored of them belongs to nothing.
   */
  write(
    cell: Cell,
    attempt: string,
    documents: readonly KeyDocument[],
  ): Promise<readonly KeyBatch[] | undefined>;
  /** Marks generated documents as revised; gives the ids of those that were not marked before. Each is marked once ever. */
  claim(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Names the attempt that settles the cell, unless another was named before; whether this one is named. */
  name(cell: Cell, settled: Settled): Promise<boolean>;
}

/** What a cell is settled with. */
export interface Settled {
  readonly attempt: string;
  /** How many generated documents belong to the cell. */
  readonly documents: number;
}

/** Generates so many keys, or a few more, in at least so many whole documents that hide among those of the cell. */
export type Generate = (
  contents: CellContents,
  missing: { readonly keys: number; readonly documents: number },
) => readonly KeyDocument[];

/** Revises generated documents with the real ones of a cell of revisions. */
export interface Revise {
  /** Generated documents of settled cells that the revisions of this cell could be of, those that were published together at a time. */
  readonly candidates: (cell: Cell) => AsyncIterable<readonly KeyBatch[]>;
  /** Revises some of them, at most so many. */
  readonly revise: (
    contents: CellContents,
    candidates: readonly KeyBatch[],
    count: number,
  ) => readonly RevisedDocument[];
  /** Hears of a cell that was settled although real revisions are alone in it, or nearly: once, from the worker that settled it. */
  readonly onShortage: (cell: Cell) => void;
}

/** What it takes to settle cells. */
export interface SettleDeps {
  readonly cells: CellStore;
  /** What generates documents; asked for only when some are needed, since it has to read what they are drawn after. */
  readonly generator: () => Promise<Generate>;
  /** What revises documents; asked for only when some are to be revised. */
  readonly revisions: () => Promise<Revise>;
  readonly random: Random;
}

/** Cells that are settled at the same time by one worker. */
const AT_ONCE = 4;

/** Why a batch is to be read again before its cells can be settled. */
export type ReadAgain =
  /** It was said only now that some of its cells are counted, and what was read before does not count. */
  | 'begun'
  /** Another worker has settled one after the batch was read. */
  | 'overtaken';

/**
 * Settles those of the cells that nobody has settled, and gives the generated documents that belong to all of them. After it
 * was overtaken once, with `again`, what was read is all there is: documents that are missing then have expired.
 *
 * Whoever needs a cell first settles it, once and for all. A worker that dies leaves documents that no cell names, and the
 * next one begins anew with an attempt of its own.
 */
export async function settleCells(
  deps: SettleDeps,
  contents: readonly CellContents[],
  { again, signal }: { readonly again: boolean; readonly signal: AbortSignal },
): Promise<readonly KeyBatch[] | ReadAgain> {
  const settled = await deps.cells.settledWith(contents.map(({ cell }) => cell.id));
  const generated: KeyBatch[] = [];
  const unsettled: CellContents[] = [];
  let isComplete = true;
  for (const [n, one] of contents.entries()) {
    const named = settled[n];
    if (named === undefined) {
      if (!one.isEmpty || one.cell.padEmpty) unsettled.push(one);
      continue;
    }
    const found = one.generated.get(named.attempt) ?? [];
    if (found.length < named.documents && !again) isComplete = false;
    generated.push(...found);
  }
  const begun = new Set<string>();
  await eachOf(unsettled, signal, async ({ cell }) => {
    if (await deps.cells.begin(cell)) begun.add(cell.id);
  });
  if (begun.size > 0) return 'begun';
  await eachOf(unsettled, signal, async (one) => {
    const documents = await settleOne(deps, one);
    if (documents === undefined) isComplete = false;
    else generated.push(...documents);
  });
  return isComplete ? generated : 'overtaken';
}

/** Works on all of them, a few at a time. */
async function eachOf<T>(
  all: readonly T[],
  signal: AbortSignal,
  work: (one: T) => Promise<void>,
): Promise<void> {
  const waiting = [...all];
  const worker = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      signal.throwIfAborted();
      await work(one);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** The generated documents of cells that are settled already. What is not settled is left as it is. */
export async function settledDocuments(
  cells: Pick<CellStore, 'settledWith'>,
  contents: readonly CellContents[],
): Promise<readonly KeyBatch[]> {
  const settled = await cells.settledWith(contents.map(({ cell }) => cell.id));
  return contents.flatMap(({ generated }, n) => generated.get(settled[n]?.attempt ?? '') ?? []);
}

async function settleOne(
  deps: SettleDeps,
  contents: CellContents,
): Promise<readonly KeyBatch[] | undefined> {
  const { cells, random } = deps;
  const { cell } = contents;
  const attempt = randomId(random);
  const { documents, onNamed } =
    cell.kind === 'primary' ? await newDocuments(deps, contents) : await revisions(deps, contents);
  const written = await cells.write(cell, attempt, documents);
  if (written === undefined) return undefined;
  const isNamed = await cells.name(cell, { attempt, documents: written.length });
  if (!isNamed) return undefined;
  onNamed?.();
  return written;
}

/** What an attempt would settle a cell with, and what there is to say once it did. */
interface Wanted {
  readonly documents: readonly KeyDocument[];
  readonly onNamed?: () => void;
}

async function newDocuments(
  { generator, random }: SettleDeps,
  contents: CellContents,
): Promise<Wanted> {
  const { cell, localKeys } = contents;
  if (cell.floor === 0) return { documents: [] };
  const keys = Math.max(0, targetOf(cell, random) - localKeys);
  return { documents: (await generator())(contents, { keys, documents: MIN_REVISED }) };
}

/** Generated documents are claimed before they are revised, so that none is revised twice; what a dead attempt claimed stays so. */
async function revisions(
  { cells, revisions: reviser }: SettleDeps,
  contents: CellContents,
): Promise<Wanted> {
  const { cell, localDocuments } = contents;
  const missing = MIN_REVISED - localDocuments;
  if (cell.floor === 0 || missing <= 0) return { documents: [] };
  const { candidates, revise, onShortage } = await reviser();
  const documents: KeyDocument[] = [];
  const tried = new Set<string>();
  const take = async (from: readonly KeyBatch[], count: number): Promise<void> => {
    for (let left = count; left > 0;) {
      const untried = from.filter(({ id }) => !tried.has(id));
      const chosen = revise(contents, untried, left);
      if (chosen.length === 0) return;
      for (const { of } of chosen) tried.add(of);
      // What is chosen may be revised already: then others are tried.
      const claimed = await cells.claim(chosen.map(({ of }) => of));
      for (const { of, document } of chosen) if (claimed.has(of)) documents.push(document);
      left -= claimed.size;
    }
  };
  // Real ones were published at different times, and all that were published together would stand out as generated.
  const others = new Map<string, KeyBatch>();
  for await (const some of candidates(cell)) {
    await take(some, 1);
    if (documents.length === missing) return { documents };
    for (const one of some) others.set(one.id, one);
  }
  await take([...others.values()], missing - documents.length);
  if (documents.length === missing) return { documents };
  return {
    documents,
    onNamed: () => {
      onShortage(cell);
    },
  };
}

/** How many keys a cell is to have. Nothing about it can be learned from another cell, or tried out. */
const targetOf = ({ floor, range }: Cell, random: Random): number =>
  floor + random.below(range + 1);

/** How many keys documents hold. */
export const keysIn = (documents: readonly Pick<KeyBatch, 'records'>[]): number =>
  documents.reduce((sum, { records }) => sum + records.length / RECORD_BYTES, 0);
