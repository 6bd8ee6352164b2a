import {
  type BatchWork,
  ENCODER_VERSION,
  type ExportBatch,
  type ExportConfig,
  type FreezeOutcome,
  type FrozenSigner,
  KeySelection,
  type ListExports,
  generatePadding,
  paddingFloor,
} from '@keyserver/export-file';
import { type KeyBatch, RECORD_BYTES, type ReadKeyBatches } from '@keyserver/exposure-keys';
import { type Random, randomId } from '@keyserver/random';
import type { UnixMillis } from '@keyserver/time';
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
 * generated keys. Whoever was overtaken looks again, and so does who could store a part of the padding only.
 */
export async function freezeBatch(
  deps: FreezeDeps,
  batch: ExportBatch,
  of: Attempt,
): Promise<FreezeResult> {
  const exports = await deps.listExports();
  const floor = paddingFloor(
    batch.config,
    exports.filter((other) => isActiveIn(other, batch)),
  );
  let current = batch;
  let added = 0;
  for (let round = 0; ; round++) {
    of.signal.throwIfAborted();
    const look = await lookAt(deps, current, { ...of, floor });
    if (look.selection.empty) return { kind: 'no_keys' };
    const signers = await currentSigners(deps, current, exports);
    const outcome = await freezeAsSeen(deps, current, { ...of, look, signers });
    switch (outcome.kind) {
      case 'lost':
        return outcome;
      case 'overtaken':
        await deps.pause(round, of.signal);
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

interface Attempt {
  readonly attempt: number;
  readonly signal: AbortSignal;
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
  { floor, signal }: { readonly floor: number; readonly signal: AbortSignal },
): Promise<Look> {
  const sequence = await deps.work.paddingSequence(batch);
  const selection = await selectKeys(deps, batch, { signal, paddingSequence: sequence + 1 });
  const padding = pad(deps.random, selection, { batch, floor, sequence: sequence + 1 });
  return { sequence, selection, padding };
}

async function freezeAsSeen(
  { work }: FreezeDeps,
  batch: ExportBatch,
  of: { readonly attempt: number; readonly look: Look; readonly signers: readonly ReadySigner[] },
): Promise<FreezeOutcome> {
  const { sequence, padding, selection } = of.look;
  return await work.freeze(batch, {
    ...{ attempt: of.attempt, sequence, padding },
    padTo: padding.length === 0 ? 0 : selection.orderKeys().length + keysIn(padding),
    frozen: {
      paddingSequence: sequence + 1,
      signers: of.signers.map(namesOf),
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
  const { config, padTo } = of.batch;
  const plan =
    padTo === undefined
      ? { floor: of.floor, range: config.paddingRange }
      : { floor: padTo, range: 0 };
  return generatePadding(selection, { ...plan, random }).map((document) => ({
    ...document,
    id: randomId(random),
    kind: 'primary',
    origin: 'padding',
    sourceId: String(of.sequence),
  }));
}
