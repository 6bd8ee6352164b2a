import type { BatchSpan } from '@keyserver/export-file';
import type { KeyBatch, ReadKeyBatches } from '@keyserver/exposure-keys';
import {
  BatchCells,
  type CellStore,
  type Generate,
  type Plan,
  type Revise,
  cellsToFill,
  settleCells,
  settledDocuments,
} from '@keyserver/padding';
import type { Random } from '@keyserver/random';
import type { UnixMillis } from '@keyserver/time';

/** Where the documents of a span, its plan and its cells are read. */
export interface ReadingDeps {
  readonly readKeyBatches: ReadKeyBatches;
  /** The plan of the day that an instant lies in. */
  readonly planOf: (t: UnixMillis) => Promise<Plan>;
  readonly cells: Pick<CellStore, 'settledWith'>;
}

/** What it takes to settle the cells of a span as well. */
export interface SettlingDeps extends ReadingDeps {
  readonly cells: CellStore;
  /** What generates the documents of a plan's cells. */
  readonly generatorOf: (plan: Plan) => Promise<Generate>;
  /** What revises generated documents in the cells of a plan. */
  readonly revisionsOf: (plan: Plan) => Promise<Revise>;
  readonly random: Random;
}

/** Who reads a span: a batch of an export or a unit of a partner. */
export interface SpanReader {
  readonly span: BatchSpan;
  /** The plan of its day. */
  readonly plan: Plan;
  /** Its id among the readers of the plan. */
  readonly reader: string;
}

/** What keeps the documents that a reader takes. */
interface Taker {
  readonly takes: (document: KeyBatch) => boolean;
  readonly add: (document: KeyBatch) => void;
}

/** All real documents of a span, and the generated ones that belong to its settled cells. */
export interface SettledSpan<T extends Taker> {
  readonly taken: T;
  readonly generated: readonly KeyBatch[];
}

/**
 * Settles every cell that the reader of a span needs. A span of which another worker settled a cell meanwhile is read once more,
 * from the beginning, into a new taker.
 */
export async function settleSpan<T extends Taker>(
  deps: SettlingDeps,
  { reader, begin }: { readonly reader: SpanReader; readonly begin: () => T },
  signal: AbortSignal,
): Promise<SettledSpan<T>> {
  const { plan } = reader;
  let generate: Promise<Generate> | undefined;
  const generator = () => (generate ??= deps.generatorOf(plan));
  for (let again = false; ;) {
    const taken = begin();
    const cells = await readSpan(deps, { reader, taken }, signal);
    const revisions = async () => await deps.revisionsOf(plan);
    const settling = { cells: deps.cells, random: deps.random, generator, revisions };
    const generated = await settleCells(settling, cells.contents, { again, signal });
    if (typeof generated !== 'string') return { taken, generated };
    again = generated === 'overtaken';
  }
}

/** The same of a span whose cells are settled already, without settling anything. */
export async function spanAsSettled<T extends Taker>(
  deps: ReadingDeps,
  { reader, taken }: { readonly reader: SpanReader; readonly taken: T },
  signal: AbortSignal,
): Promise<SettledSpan<T>> {
  const cells = await readSpan(deps, { reader, taken }, signal);
  return { taken, generated: await settledDocuments(deps.cells, cells.contents) };
}

async function readSpan(
  { readKeyBatches }: ReadingDeps,
  { reader, taken }: { readonly reader: SpanReader; readonly taken: Taker },
  signal: AbortSignal,
): Promise<BatchCells> {
  const { span, plan } = reader;
  const cells = new BatchCells(plan);
  for (const cell of cellsToFill(plan, span))
    if (cell.readers.includes(reader.reader)) cells.include(cell);
  for await (const page of readKeyBatches({ from: span.start, until: span.end, whole: true })) {
    signal.throwIfAborted();
    for (const document of page.filter((one) => taken.takes(one))) {
      cells.add(document);
      if (document.origin !== 'padding') taken.add(document);
    }
  }
  return cells;
}
