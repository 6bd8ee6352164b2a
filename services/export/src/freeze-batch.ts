import {
  type BatchWork,
  ENCODER_VERSION,
  type ExportBatch,
  type ExportConfig,
  type FreezeOutcome,
  type FrozenSigner,
  type KeySelection,
  type ListExports,
  generatePadding,
  paddingMinimum,
} from '@keyserver/export-file';
import { type KeyBatch, RECORD_BYTES, type ReadKeyBatches } from '@keyserver/exposure-keys';
import { type Random, randomId } from '@keyserver/random';
import type { UnixMillis } from '@keyserver/time';
import type { Pause } from './pause.ts';
import { type FrozenBatch, selectKeys } from './batch-contents.ts';
import { type ReadySigner, type SignerDeps, currentSigners, frozenSigners } from './signers.ts';

/** What it takes to fix the contents of a batch. */
export interface FreezeDeps extends SignerDeps {
  readonly work: BatchWork;
  readonly readKeyBatches: ReadKeyBatches;
  readonly listExports: ListExports;
  readonly random: Random;
  readonly pause: Pause;
  readonly storeTime: () => Promise<UnixMillis>;
}

type FreezeResult = FrozenBatch | { readonly kind: 'no_keys' } | { readonly kind: 'lost' };

/** How fixing the contents went. */
export type FixedContents = FreezeResult | { readonly kind: 'no_signer' };

/** The contents as they were fixed before, when the same files can still be made of them; else they are fixed anew. */
export async function fixContents(
  deps: FreezeDeps,
  batch: ExportBatch,
  signal: AbortSignal,
): Promise<FixedContents> {
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

/**
 * Selects the keys of a batch, pads them, and fixes both together with all else that its files depend on. Batches of one
 * day do this one after another: each sees the padding of those before it, so that files which overlap hold the same
 * generated keys. A worker that was overtaken looks again. So does one that could store only a part of the padding.
 */
export async function freezeBatch(
  deps: FreezeDeps,
  batch: ExportBatch,
  { attempt, signal }: { readonly attempt: number; readonly signal: AbortSignal },
): Promise<FreezeResult> {
  const exports = await deps.listExports();
  const minimum = paddingMinimum(
    batch.config,
    exports.filter((other) => isActiveIn(other, batch)),
  );
  let current = batch;
  let added = 0;
  for (let round = 0; ; round++) {
    signal.throwIfAborted();
    const look = await lookAt(deps, current, { signal, minimum });
    if (look.selection.empty) return { kind: 'no_keys' };
    const signers = await currentSigners(deps, current, exports);
    const outcome = await freezeAsSeen(deps, current, { attempt, look, signers });
    switch (outcome.kind) {
      case 'lost':
        return outcome;
      case 'overtaken':
        await deps.pause(round, signal);
        break;
      case 'padded':
        current = outcome.batch;
        added += keysIn(outcome.padding);
        break;
      case 'frozen':
        for (const document of look.padding) look.selection.add(document);
        return {
          ...{ kind: 'frozen', batch: outcome.batch, selection: look.selection, signers },
          padding: added + keysIn(look.padding),
        };
    }
  }
}

/** What a batch holds under one sequence of its day, and what it lacks. */
interface Look {
  readonly sequence: number;
  readonly selection: KeySelection;
  readonly padding: readonly KeyBatch[];
}

async function lookAt(
  deps: FreezeDeps,
  batch: ExportBatch,
  { minimum, signal }: { readonly minimum: number; readonly signal: AbortSignal },
): Promise<Look> {
  const sequence = await deps.work.paddingSequence(batch);
  const selection = await selectKeys(deps, batch, { signal, paddingSequence: sequence + 1 });
  const padding = pad(deps.random, selection, { batch, minimum, sequence: sequence + 1 });
  return { sequence, selection, padding };
}

async function freezeAsSeen(
  { work }: FreezeDeps,
  batch: ExportBatch,
  seen: { readonly attempt: number; readonly look: Look; readonly signers: readonly ReadySigner[] },
): Promise<FreezeOutcome> {
  const { sequence, padding, selection } = seen.look;
  return await work.freeze(batch, {
    ...{ attempt: seen.attempt, sequence, padding },
    padTo: padding.length === 0 ? 0 : selection.orderKeys().length + keysIn(padding),
    frozen: {
      paddingSequence: sequence + 1,
      signers: seen.signers.map(namesOf),
      maxRecords: batch.config.maxRecords,
      encoder: ENCODER_VERSION,
    },
  });
}

const keysIn = (padding: readonly KeyBatch[]): number =>
  padding.reduce((sum, { records }) => sum + records.length / RECORD_BYTES, 0);

const namesOf = ({ id, signingKey, keyId, keyVersion }: ReadySigner): FrozenSigner => ({
  id,
  signingKey,
  keyId,
  keyVersion,
});

const isActiveIn = (config: ExportConfig, { start, end }: ExportBatch): boolean =>
  config.from < end && (config.thru === undefined || config.thru > start);

function pad(
  random: Random,
  selection: KeySelection,
  {
    batch,
    minimum,
    sequence,
  }: { readonly batch: ExportBatch; readonly minimum: number; readonly sequence: number },
): readonly KeyBatch[] {
  const { config, padTo } = batch;
  const plan =
    padTo === undefined ? { minimum, range: config.paddingRange } : { minimum: padTo, range: 0 };
  return generatePadding(selection, { ...plan, random }).map((document) => ({
    ...document,
    id: randomId(random),
    kind: 'primary',
    origin: 'padding',
    sourceId: String(sequence),
  }));
}
