import { ENCODER_VERSION, type ExportBatch, isLasting, openSigner } from '@keyserver/export-file';
import { type FrozenBatch, contentsAsSettled, digestsOf } from '../batch-contents.ts';
import type { ReadingDeps } from '../settle-span.ts';
import type { ReadySigner, SignerDeps } from '../signers.ts';

/** Why the files of a finished batch cannot be made a second time. */
export type WhyNot = 'keys_expired' | 'signer_gone' | 'encoder_changed';

/** What it takes to make the files of a finished batch a second time. */
export type RemakeDeps = SignerDeps & ReadingDeps;

/**
 * All that the files of a finished batch are made from, if it still gives the very contents that were recorded. The signers
 * are those that it was frozen with, also when they sign nothing new any more: the contents name them.
 */
export async function remakeBatch(
  deps: RemakeDeps,
  batch: ExportBatch,
  signal: AbortSignal,
): Promise<FrozenBatch | WhyNot> {
  const { frozen } = batch;
  if (frozen?.encoder !== ENCODER_VERSION) return 'encoder_changed';
  const signers: ReadySigner[] = [];
  for (const one of frozen.signers) {
    const opened = await openSigner(deps, one);
    // What is only away for a moment must not cost a file its place in the index.
    if (opened.kind === 'unusable' && !isLasting(opened.why)) throw new Error(opened.why.message);
    if (opened.kind === 'unusable') return 'signer_gone';
    signers.push({ ...one, signer: opened.signer });
  }
  const contents = await contentsAsSettled(deps, batch, signal);
  if (contents.selection.empty) return 'keys_expired';
  const remade = { kind: 'frozen', batch, signers, ...contents } as const;
  const digests = digestsOf(remade);
  const isSame =
    digests.length === batch.files.length &&
    batch.files.every(({ digest }, n) => digest === digests[n]);
  return isSame ? remade : 'keys_expired';
}
