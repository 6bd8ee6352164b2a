import { createHash } from 'node:crypto';
import {
  type ExportBatch,
  type ExportContents,
  KeySelection,
  cutFiles,
  encodeExport,
} from '@keyserver/export-file';
import { keysIn } from '@keyserver/padding';
import {
  type ReadingDeps,
  type SettledSpan,
  type SettlingDeps,
  type SpanReader,
  settleSpan,
  spanAsSettled,
} from './settle-span.ts';
import type { ReadySigner } from './signers.ts';

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

/** The contents of a batch, after every cell that it needs was settled. */
export async function settledContents(
  deps: SettlingDeps,
  batch: ExportBatch,
  signal: AbortSignal,
): Promise<BatchContents> {
  const reader = await readerFor(deps, batch);
  const begin = () => new KeySelection(batch.config);
  return contentsIn(await settleSpan(deps, { reader, begin }, signal));
}

/** The contents of a batch that was frozen before, without settling anything. */
export async function contentsAsSettled(
  deps: ReadingDeps,
  batch: ExportBatch,
  signal: AbortSignal,
): Promise<BatchContents> {
  const reader = await readerFor(deps, batch);
  const taken = new KeySelection(batch.config);
  return contentsIn(await spanAsSettled(deps, { reader, taken }, signal));
}

/**
 * A batch as a reader of the plan of its day, with the export as the batch was cut by it. Batches of earlier versions have no plan
 * that is stored, and an edit since then must not make their documents be in no cell.
 */
async function readerFor({ planOf }: ReadingDeps, batch: ExportBatch): Promise<SpanReader> {
  const { start, config } = batch;
  const plan = await planOf(start);
  const others = plan.exports.filter(({ id }) => id !== config.id);
  return { span: batch, plan: { ...plan, exports: [...others, config] }, reader: config.id };
}

function contentsIn({ taken: selection, generated }: SettledSpan<KeySelection>): BatchContents {
  const hash = createHash('sha256');
  for (const { id } of generated.toSorted((a, b) => (a.id < b.id ? -1 : 1))) hash.update(id);
  for (const document of generated) selection.add(document);
  return { selection, generated: hash.digest('hex'), padding: keysIn(generated) };
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
