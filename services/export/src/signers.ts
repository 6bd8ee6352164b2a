import {
  type ExportBatch,
  type ExportConfig,
  type FindSigningKeys,
  type FrozenSigner,
  MAX_SIGNERS,
  type OpenSignerDeps,
  type Signer,
  type SigningKey,
  isInForce,
  isLasting,
  isSameKey,
  openSigner,
  signingAt,
} from '@keyserver/export-file';
import type { UnixMillis } from '@keyserver/time';

/** Where signing keys are declared, where they sign, and what is known of those that have. */
export interface SignerDeps extends OpenSignerDeps {
  readonly findSigningKeys: FindSigningKeys;
}

/** A signer that can sign now. */
export interface ReadySigner extends FrozenSigner {
  readonly signer: Signer;
}

/**
 * The signers that a batch would be frozen with now. The export as it is configured now names them, not the batch's copy
 * of it: a batch that lacks a signer must be helped by giving its export one.
 */
export async function currentSigners(
  deps: SignerDeps & { readonly storeTime: () => Promise<UnixMillis> },
  { config }: Pick<ExportBatch, 'config'>,
  exports: readonly ExportConfig[],
): Promise<readonly ReadySigner[]> {
  const live = exports.find(({ id }) => id === config.id) ?? config;
  return await signersInForce(deps, live, await deps.storeTime());
}

/** The signers of an export that are in force and able to sign, newest first. A key that may be able to in a moment is a fault. */
async function signersInForce(
  deps: SignerDeps,
  { signingKeys }: Pick<ExportConfig, 'signingKeys'>,
  now: UnixMillis,
): Promise<readonly ReadySigner[]> {
  const keys = await deps.findSigningKeys(signingKeys);
  const ready: ReadySigner[] = [];
  for (const key of signingAt(keys, now)) {
    const { id, signingKey, keyId, keyVersion } = key;
    const signer = await readySigner(deps, key);
    if (signer !== undefined) ready.push({ id, signingKey, keyId, keyVersion, signer });
    if (ready.length === MAX_SIGNERS) break;
  }
  return ready;
}

/** The signer of a key, whose use is on record from now on; undefined when it cannot sign for longer than a moment. */
async function readySigner(deps: SignerDeps, key: SigningKey): Promise<Signer | undefined> {
  const opened = await openSigner(deps, key);
  if (opened.kind === 'unusable') {
    if (isLasting(opened.why)) return undefined;
    throw new Error(opened.why.message);
  }
  const first = await deps.usedKeys.record(key, opened.publicKey);
  return isSameKey(first, opened.publicKey) ? opened.signer : undefined;
}

/** The signers that a batch has frozen, in its order; undefined when one of them may not or cannot sign any longer. */
export async function frozenSigners(
  deps: SignerDeps,
  frozen: readonly FrozenSigner[],
  now: UnixMillis,
): Promise<readonly ReadySigner[] | undefined> {
  const keys = await deps.findSigningKeys(frozen.map(({ id }) => id));
  const ready: ReadySigner[] = [];
  for (const one of frozen) {
    const declared = keys.find((key) => isSame(key, one) && isInForce(key, now));
    const signer = declared && (await readySigner(deps, declared));
    if (signer === undefined) return undefined;
    ready.push({ ...one, signer });
  }
  return ready;
}

const isSame = (key: SigningKey, frozen: FrozenSigner): boolean =>
  key.id === frozen.id &&
  key.signingKey === frozen.signingKey &&
  key.keyId === frozen.keyId &&
  key.keyVersion === frozen.keyVersion;
