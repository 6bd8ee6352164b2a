import type { ExportBatch, OpenBucket } from '@keyserver/export-file';
import type { FrozenBatch } from './batch-contents.ts';
import { type FixedContents, type FreezeDeps, fixContents, freezeBatch } from './freeze-batch.ts';
import { writeFiles } from './write-files.ts';

/** What it takes to turn a batch into files. */
export interface ExportBatchDeps extends FreezeDeps {
  readonly openBucket: OpenBucket;
}

/** How a batch went. Only stored and empty batches are finished; the others stay open. */
export type BatchOutcome =
  | {
      readonly kind: 'stored';
      readonly attempt: number;
      readonly files: number;
      readonly keys: number;
      readonly padding: number;
    }
  | { readonly kind: 'empty' }
  | { readonly kind: 'no_signer' }
  | { readonly kind: 'object_conflict' }
  | { readonly kind: 'lost' }
  /** The export waits for the end of a pause; what is made so far is used when it goes on. */
  | { readonly kind: 'paused' };

/** New names that one call tries when other contents have taken the old ones. */
const MAX_RENAMES = 3;

/**
 * One batch to one set of signed files: fix what it contains, write the files, record them. It may stop between any two
 * steps, and the next worker goes on with what is there.
 */
export async function exportBatch(
  deps: ExportBatchDeps,
  leased: ExportBatch,
  signal: AbortSignal,
): Promise<BatchOutcome> {
  let frozen: FixedContents = await fixContents(deps, leased, signal);
  for (let renames = 0; frozen.kind === 'frozen'; renames++) {
    if (frozen.signers.length === 0) return { kind: 'no_signer' };
    const written = await writeFiles(deps, frozen, signal);
    if (written.kind === 'written') return await record(deps, frozen, written.files);
    if (renames === MAX_RENAMES) return { kind: 'object_conflict' };
    // Never two contents under one name: the batch begins again under names that nothing has.
    const attempt = frozen.batch.attempt + 1;
    frozen = await freezeBatch(deps, { batch: frozen.batch, contents: frozen, attempt });
  }
  if (frozen.kind !== 'no_keys') return frozen;
  const ended = await deps.work.finish(leased, { state: 'empty' });
  return ended === true ? { kind: 'empty' } : notEnded(ended);
}

async function record(
  deps: ExportBatchDeps,
  { batch, padding }: FrozenBatch,
  files: ExportBatch['files'],
): Promise<BatchOutcome> {
  const ended = await deps.work.finish(batch, { state: 'stored', files });
  if (ended !== true) return notEnded(ended);
  const keys = files.reduce((sum, file) => sum + file.keys, 0);
  return { kind: 'stored', attempt: batch.attempt, files: files.length, keys, padding };
}

const notEnded = (because: false | 'paused'): BatchOutcome => ({
  kind: because === 'paused' ? 'paused' : 'lost',
});
