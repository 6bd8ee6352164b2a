import { createHash } from 'node:crypto';
import {
  type ExportBatch,
  type ExportContents,
  KeySelection,
  cutFiles,
  encodeExport,
} from '@keyserver/export-file';
import type { ReadKeyBatches } from '@keyserver/exposure-keys';
import type { ReadySigner } from './signers.ts';

/** A batch whose contents are fixed, and all that its files are made from. */
export interface FrozenBatch {
  readonly kind: 'frozen';
  readonly batch: ExportBatch;
  readonly selection: KeySelection;
  readonly signers: readonly ReadySigner[];
  /** Generated keys that this very freeze added. */
  readonly padding: number;
}

/** Keys of a batch, with padding of its day up to a sequence. */
export async function selectKeys(
  { readKeyBatches }: { readonly readKeyBatches: ReadKeyBatches },
  batch: ExportBatch,
  { paddingSequence, signal }: { readonly paddingSequence: number; readonly signal: AbortSignal },
): Promise<KeySelection> {
  const selection = new KeySelection(batch.config, paddingSequence);
  for await (const page of readKeyBatches({ from: batch.start, until: batch.end })) {
    signal.throwIfAborted();
    for (const found of page) selection.add(found);
  }
  return selection;
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
