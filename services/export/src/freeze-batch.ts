import {
  type BatchWork,
  ENCODER_VERSION,
  type ExportBatch,
  type FrozenSigner,
  type ListExports,
} from '@keyserver/export-file';
import type { UnixMillis } from '@keyserver/time';
import { type BatchContents, type FrozenBatch, settledContents } from './batch-contents.ts';
import type { SettlingDeps } from './settle-span.ts';
import { type ReadySigner, type SignerDeps, currentSigners, frozenSigners } from './signers.ts';

/** What it takes to fix the contents of a batch. */
export interface FreezeDeps extends SignerDeps, SettlingDeps {
  readonly work: BatchWork;
  readonly listExports: ListExports;
  readonly storeTime: () => Promise<UnixMillis>;
}

/** How fixing the contents went. */
export type FixedContents =
  | FrozenBatch
  | { readonly kind: 'no_keys' }
  | { readonly kind: 'no_signer' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'paused' };

/**
 * The contents as they were fixed before, when the same files can still be made of them; else they are fixed anew. Batches
 * need no order among them: whichever needs a cell first settles it, and all others find the same generated keys.
 */
export async function fixContents(
  deps: FreezeDeps,
  batch: ExportBatch,
  signal: AbortSignal,
): Promise<FixedContents> {
  const contents = await settledContents(deps, batch, signal);
  if (contents.selection.empty) return { kind: 'no_keys' };
  const { frozen, attempt } = batch;
  // Without a signer it has written no file, so its names are still unused.
  if (frozen === undefined || frozen.signers.length === 0)
    return await freezeBatch(deps, { batch, contents, attempt });
  const signers = await signersAsFrozen(deps, batch, contents);
  return signers === undefined
    ? await freezeBatch(deps, { batch, contents, attempt: attempt + 1 })
    : { kind: 'frozen', batch, signers, ...contents };
}

/** The signers that a batch was frozen with; undefined when they, or the contents, are not the same any more. */
async function signersAsFrozen(
  deps: FreezeDeps,
  { frozen }: ExportBatch,
  { generated }: BatchContents,
): Promise<readonly ReadySigner[] | undefined> {
  if (frozen?.encoder !== ENCODER_VERSION || frozen.generated !== generated) return undefined;
  return await frozenSigners(deps, frozen.signers, await deps.storeTime());
}

/** Fixes the contents of a batch together with all else that its files depend on. */
export async function freezeBatch(
  deps: FreezeDeps,
  fix: {
    readonly batch: ExportBatch;
    readonly contents: BatchContents;
    readonly attempt: number;
  },
): Promise<FixedContents> {
  const { batch, contents, attempt } = fix;
  const signers = await currentSigners(deps, batch, await deps.listExports());
  if (batch.frozen?.signers.length === 0 && signers.length === 0) return { kind: 'no_signer' };
  const frozen = {
    generated: contents.generated,
    signers: signers.map(namesOf),
    maxRecords: batch.config.maxRecords,
    encoder: ENCODER_VERSION,
  };
  const outcome = await deps.work.freeze(batch, { attempt, frozen });
  if (outcome.kind !== 'frozen') return outcome;
  const { selection, generated, padding } = contents;
  return { kind: 'frozen', batch: outcome.batch, signers, selection, generated, padding };
}

const namesOf = ({ id, signingKey, keyId, keyVersion }: ReadySigner): FrozenSigner => ({
  id,
  signingKey,
  keyId,
  keyVersion,
});
