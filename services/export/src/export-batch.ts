import { ENCODER_VERSION, type ExportBatch, type OpenBucket } from '@keyserver/export-file';
import {
  type FreezeDeps,
  type FreezeResult,
  type FrozenBatch,
  currentSigners,
  freezeBatch,
  selectKeys,
} from './freeze-batch.ts';
import { frozenSigners } from './signers.ts';
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
  | { readonly kind: 'lost' };

type Fixed = FreezeResult | { readonly kind: 'no_signer' };

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
  let frozen: Fixed = await fixContents(deps, leased, signal);
  for (let renames = 0; frozen.kind === 'frozen'; renames++) {
    if (frozen.signers.length === 0) return { kind: 'no_signer' };
    const written = await writeFiles(deps, frozen, signal);
    if (written.kind === 'written') return await record(deps, frozen, written.files);
    if (renames === MAX_RENAMES) return { kind: 'object_conflict' };
    // Never two contents under one name: the batch begins again under names that nothing has.
    const attempt = frozen.batch.attempt + 1;
    frozen = await freezeBatch(deps, frozen.batch, { attempt, signal });
  }
  if (frozen.kind !== 'no_keys') return frozen;
  const ended = await deps.work.finish(leased, { state: 'empty' });
  return { kind: ended ? 'empty' : 'lost' };
}

/** The contents as they were fixed before, when the same files can still be made of them; else they are fixed anew. */
async function fixContents(
  deps: ExportBatchDeps,
  batch: ExportBatch,
  signal: AbortSignal,
): Promise<Fixed> {
  const { frozen, attempt } = batch;
  if (frozen === undefined) return await freezeBatch(deps, batch, { attempt, signal });
  if (frozen.signers.length === 0) {
    const signers = await currentSigners(deps, batch, await deps.listExports());
    // Without a signer it has written no file, so its names are still unused.
    return signers.length === 0
      ? { kind: 'no_signer' }
      : await freezeBatch(deps, batch, { attempt, signal });
  }
  const signers = await frozenSigners(deps, frozen.signers, await deps.storeTime());
  if (signers === undefined || frozen.encoder !== ENCODER_VERSION)
    return await freezeBatch(deps, batch, { attempt: attempt + 1, signal });
  const { paddingSequence } = frozen;
  const selection = await selectKeys(deps, batch, { paddingSequence, signal });
  if (selection.empty) return { kind: 'no_keys' };
  return { kind: 'frozen', batch, selection, signers, padding: 0 };
}

async function record(
  deps: ExportBatchDeps,
  { batch, padding }: FrozenBatch,
  files: ExportBatch['files'],
): Promise<BatchOutcome> {
  if (!(await deps.work.finish(batch, { state: 'stored', files }))) return { kind: 'lost' };
  const keys = files.reduce((sum, file) => sum + file.keys, 0);
  return { kind: 'stored', attempt: batch.attempt, files: files.length, keys, padding };
}
