import { createHash } from 'node:crypto';
import {
  type ExportBatch,
  type ExportContents,
  KeySelection,
  cutFiles,
  encodeExport,
} from '@keyserver/export-file';
import type { KeyBatch, ReadKeyBatches } from '@keyserver/exposure-keys';
import {
  BatchCells,
  type CellStore,
  type Generate,
  type Plan,
  type Revise,
  cellsToFill,
  keysIn,
  settleCells,
  settledDocuments,
} from '@keyserver/padding';
import type { Random } from '@keyserver/random';
import type { UnixMillis } from '@keyserver/time';
import type { ReadySigner } from './signers.ts';

/** Where the documents of a batch, its plan and its cells are read. */
export interface ContentsDeps {
  readonly readKeyBatches: ReadKeyBatches;
  /** The plan of the day that an instant lies in. */
  readonly planOf: (t: UnixMillis) => Promise<Plan>;
  readonly cells: Pick<CellStore, 'settledWith'>;
}

/** What it takes to settle the cells of a batch as well. */
export interface SettlingDeps extends ContentsDeps {
  readonly cells: CellStore;
  /** What generates the documents of a plan's cells. */
  readonly generatorOf: (plan: Plan) => Promise<Generate>;
  /** What revises generated documents in the cells of a plan. */
  readonly revisionsOf: (plan: Plan) => Promise<Revise>;
  readonly random: Random;
}

/** All keys of a batch, its generated ones among them. */
export interface BatchContents {
  readonly selection: KeySelection;
  /** SHA-256, hex, over the ids of the generated documents. */
  readonly generated: string;
  /** How many of the keys were generated. */
  readonly padding: number;
}

/** A batch whose contents are fixed, and all that its files are made from. */
export interface FrozenBatch extends BatchContents {
  readonly kind: 'frozen';
  readonly batch: ExportBatch;
  readonly signers: readonly ReadySigner[];
}

/**
 * The contents of a batch, after every cell that it needs was settled. A batch that another worker settled a cell of meanwhile
 * is read once more.
 */
export async function settledContents(
  deps: SettlingDeps,
  batch: ExportBatch,
  signal: AbortSignal,
): Promise<BatchContents> {
  const plan = await planFor(deps, batch);
  let generate: Promise<Generate> | undefined;
  const generator = () => (generate ??= deps.generatorOf(plan));
  for (let again = false; ;) {
    const { cells, selection } = await readBatch(deps, { batch, plan }, signal);
    const revisions = async () => await deps.revisionsOf(plan);
    const settling = { cells: deps.cells, random: deps.random, generator, revisions };
    const documents = await settleCells(settling, cells.contents, { again, signal });
    if (typeof documents !== 'string') return withGenerated(selection, documents);
    again = documents === 'overtaken';
  }
}

/** The contents of a batch that was frozen before, without settling anything. */
export async function contentsAsSettled(
  deps: ContentsDeps,
  batch: ExportBatch,
  signal: AbortSignal,
): Promise<BatchContents> {
  const plan = await planFor(deps, batch);
  const { cells, selection } = await readBatch(deps, { batch, plan }, signal);
  return withGenerated(selection, await settledDocuments(deps.cells, cells.contents));
}

/**
 * The plan of a batch's day, with the export as the batch was cut by it. Batches of earlier versions have no plan that is
 * stored, and an edit since then must not make their documents be in no cell.
 */
async function planFor({ planOf }: ContentsDeps, { start, config }: ExportBatch): Promise<Plan> {
  const plan = await planOf(start);
  const others = plan.exports.filter(({ id }) => id !== config.id);
  return { ...plan, exports: [...others, config] };
}

async function readBatch(
  { readKeyBatches }: ContentsDeps,
  { batch, plan }: { readonly batch: ExportBatch; readonly plan: Plan },
  signal: AbortSignal,
): Promise<{ readonly cells: BatchCells; readonly selection: KeySelection }> {
  const cells = new BatchCells(plan);
  const selection = new KeySelection(batch.config);
  for (const cell of cellsToFill(plan, batch))
    if (cell.readers.includes(batch.config.id)) cells.include(cell);
  for await (const page of readKeyBatches({ from: batch.start, until: batch.end, whole: true })) {
    signal.throwIfAborted();
    for (const document of page.filter((one) => selection.takes(one))) {
      cells.add(document);
      if (document.origin !== 'padding') selection.add(document);
    }
  }
  return { cells, selection };
}

function withGenerated(selection: KeySelection, documents: readonly KeyBatch[]): BatchContents {
  const hash = createHash('sha256');
  for (const { id } of documents.toSorted((a, b) => (a.id < b.id ? -1 : 1))) hash.update(id);
  for (const document of documents) selection.add(document);
  return { selection, generated: hash.digest('hex'), padding: keysIn(documents) };
}

/** What each file of a frozen batch says, in the order of the files. */
export function contentsOf({ batch, selection, signers }: FrozenBatch): Iterable<ExportContents> {
  const { start, end, config, frozen } = batch;
  return cutFiles(selection, {
    start,
    end,
    region: config.outputRegion,
    signers,
    maxRecords: frozen?.maxRecords ?? config.maxRecords,
  });
}

/** The digests of the files that a frozen batch gives, in their order. */
export const digestsOf = (frozen: FrozenBatch): readonly string[] =>
  [...contentsOf(frozen)].map((contents) => digestOf(encodeExport(contents)));

/** SHA-256 of an export.bin, in hexadecimal. */
export function digestOf(bin: Iterable<Uint8Array>): string {
  const hash = createHash('sha256');
  for (const piece of bin) hash.update(piece);
  return hash.digest('hex');
}
