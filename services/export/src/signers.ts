import {
  type ExportConfig,
  type FindSigner,
  type FindSigningKeys,
  type FrozenSigner,
  MAX_SIGNERS,
  type Signer,
  type SigningKey,
} from '@keyserver/export-file';
import type { UnixMillis } from '@keyserver/time';

/** Where signing keys are declared, and where they sign. */
export interface SignerDeps {
  readonly findSigningKeys: FindSigningKeys;
  readonly findSigner: FindSigner;
}

/** A signer that can sign now. */
export interface ReadySigner extends FrozenSigner {
  readonly signer: Signer;
}

/** Whether a key signs at that time. */
export const isInForce = ({ from, thru }: SigningKey, now: UnixMillis): boolean =>
  from <= now && (thru === undefined || now < thru);

const newestFirst = (a: SigningKey, b: SigningKey): number =>
  b.from - a.from || (a.id < b.id ? 1 : -1);

/** The signers of an export that are in force and able to sign, newest first. */
export async function signersInForce(
  deps: SignerDeps,
  { signingKeys }: Pick<ExportConfig, 'signingKeys'>,
  now: UnixMillis,
): Promise<readonly ReadySigner[]> {
  const keys = await deps.findSigningKeys(signingKeys);
  const inForce = keys.filter((key) => isInForce(key, now)).sort(newestFirst);
  const ready: ReadySigner[] = [];
  for (const { id, signingKey, keyId, keyVersion } of inForce) {
    const signer = await deps.findSigner(signingKey);
    if (signer !== undefined) ready.push({ id, signingKey, keyId, keyVersion, signer });
    if (ready.length === MAX_SIGNERS) break;
  }
  return ready;
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
    const declared = keys.some((key) => isSame(key, one) && isInForce(key, now));
    const signer = declared ? await deps.findSigner(one.signingKey) : undefined;
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
