import {
  type BatchWork,
  ENCODER_VERSION,
  type ExportBatch,
  type ExportConfig,
  type FrozenSigner,
  KeySelection,
  type ListExports,
  generatePadding,
  paddingFloor,
} from '@keyserver/export-file';
import type { KeyBatch, ReadKeyBatches } from '@keyserver/exposure-keys';
import { RECORD_BYTES } from '@keyserver/exposure-keys';
import { type Random, randomId } from '@keyserver/random';
import type { UnixMillis } from '@keyserver/time';
import { boundDocuments } from './bound-documents.ts';
import type { Pause } from './pause.ts';
import { type ReadySigner, type SignerDeps, signersInForce } from './signers.ts';

/** What it takes to fix the contents of a batch. */
export interface FreezeDeps extends SignerDeps {
  readonly work: BatchWork;
  readonly readKeyBatches: ReadKeyBatches;
  readonly listExports: ListExports;
  readonly random: Random;
  readonly pause: Pause;
  readonly storeTime: () => Promise<UnixMillis>;
}

/** A batch whose contents are fixed, and all that its files are made from. */
export interface FrozenBatch {
  readonly kind: 'frozen';
  readonly batch: ExportBatch;
  readonly selection: KeySelection;
  readonly signers: readonly ReadySigner[];
  /** Generated keys that this very freeze added. */
  readonly padding: number;
}

/** How fixing the contents went. */
export type FreezeResult = FrozenBatch | { readonly kind: 'no_keys' } | { readonly kind: 'lost' };

/** Keys of a batch, with padding of its day up to a sequence. */
export async function selectKeys(
  { readKeyBatches }: Pick<FreezeDeps, 'readKeyBatches'>,
  batch: ExportBatch,
  of: { readonly paddingSequence: number; readonly signal: AbortSignal },
): Promise<KeySelection> {
  const selection = new KeySelection(batch.config, of.paddingSequence);
  for await (const page of readKeyBatches({ from: batch.start, until: batch.end })) {
    of.signal.throwIfAborted();
    for (const found of page) selection.add(found);
  }
  return selection;
}

/**
 * Selects the keys of a batch, pads them, and fixes both together with all else that its files depend on. Batches of one
 * day do this one after another: each sees the padding of those before it, so that files which overlap hold the same
 * generated keys. Whoever was overtaken looks again.
 */
export async function freezeBatch(
  deps: FreezeDeps,
  batch: ExportBatch,
  of: { readonly attempt: number; readonly signal: AbortSignal },
): Promise<FreezeResult> {
  const exports = await deps.listExports();
  const floor = paddingFloor(
    batch.config,
    exports.filter((other) => isActiveIn(other, batch)),
  );
  for (let round = 0; ; round++) {
    of.signal.throwIfAborted();
    const sequence = await deps.work.paddingSequence(batch);
    const selection = await selectKeys(deps, batch, { ...of, paddingSequence: sequence + 1 });
    if (selection.empty) return { kind: 'no_keys' };
    const signers = await currentSigners(deps, batch, exports);
    const padding = pad(deps.random, selection, { batch, floor, sequence: sequence + 1 });
    const frozen = {
      paddingSequence: sequence + 1,
      signers: signers.map(namesOf),
      maxRecords: batch.config.maxRecords,
      encoder: ENCODER_VERSION,
    };
    const outcome = await deps.work.freeze(batch, { ...of, sequence, padding, frozen });
    if (outcome.kind === 'lost') return outcome;
    if (outcome.kind === 'frozen') {
      for (const document of padding) selection.add(document);
      const added = padding.reduce((sum, { records }) => sum + records.length / RECORD_BYTES, 0);
      return { kind: 'frozen', batch: outcome.batch, selection, signers, padding: added };
    }
    await deps.pause(round, of.signal);
  }
}

const namesOf = ({ id, signingKey, keyId, keyVersion }: ReadySigner): FrozenSigner => ({
  id,
  signingKey,
  keyId,
  keyVersion,
});

/**
 * The signers that a batch would be frozen with now. The export as it is configured now names them, not the batch's copy
 * of it: a batch that lacks a signer must be helped by giving its export one.
 */
export async function currentSigners(
  deps: SignerDeps & Pick<FreezeDeps, 'storeTime'>,
  { config }: ExportBatch,
  exports: readonly ExportConfig[],
): Promise<readonly ReadySigner[]> {
  const live = exports.find(({ id }) => id === config.id) ?? config;
  return await signersInForce(deps, live, await deps.storeTime());
}

const isActiveIn = (config: ExportConfig, { start, end }: ExportBatch): boolean =>
  config.from < end && (config.thru === undefined || config.thru > start);

function pad(
  random: Random,
  selection: KeySelection,
  of: { readonly batch: ExportBatch; readonly floor: number; readonly sequence: number },
): readonly KeyBatch[] {
  const range = of.batch.config.paddingRange;
  const generated = generatePadding(selection, { floor: of.floor, range, random });
  return boundDocuments(generated).map((document) => ({
    ...document,
    id: randomId(random),
    kind: 'primary',
    origin: 'padding',
    sourceId: String(of.sequence),
  }));
}
