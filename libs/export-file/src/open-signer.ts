import { createPublicKey } from 'node:crypto';
import type { SigningKey } from './export-config.ts';
import type { FindSigner, Signer, SignerProblem, TrySigner, UnusableSigner } from './signer.ts';
import type { UsedSigningKeys } from './used-signing-keys.ts';

/** Where keys sign, and what is known of those that have. */
export interface OpenSignerDeps {
  readonly findSigner: FindSigner;
  readonly trySigner: TrySigner;
  readonly usedKeys: UsedSigningKeys;
}

/** A key that can sign, with its public half as PEM, or what keeps it from signing. */
export type OpenedSigner =
  | { readonly kind: 'usable'; readonly signer: Signer; readonly publicKey: string }
  | { readonly kind: 'unusable'; readonly why: UnusableSigner };

/** Problems that may be over in a moment: the work is tried again then, rather than done without the key. */
const PASSING: readonly SignerProblem[] = ['unreachable', 'corrupt', 'failed'];

/** Whether a problem of a key stays until an operator does something about it. */
export const isLasting = ({ problem }: UnusableSigner): boolean => !PASSING.includes(problem);

/** Opens the signer of a declared key. A key that is not the one that signed first under its name is not usable. */
export async function openSigner(
  deps: OpenSignerDeps,
  key: Pick<SigningKey, 'signingKey' | 'keyId' | 'keyVersion'>,
): Promise<OpenedSigner> {
  const { signingKey: place, keyId, keyVersion } = key;
  const unusable = (problem: SignerProblem, what: string): OpenedSigner => ({
    kind: 'unusable',
    why: { problem, place, message: `${place} ${what}` },
  });
  const why = await deps.trySigner(place);
  if (why !== undefined) return { kind: 'unusable', why };
  const signer = await deps.findSigner(place);
  if (signer === undefined) return unusable('not_found', 'has just been taken away');
  const publicKey = await signer.publicKey();
  const used = await deps.usedKeys.find(key);
  if (used === undefined || isSameKey(used, publicKey))
    return { kind: 'usable', signer, publicKey };
  return unusable(
    'replaced',
    `is not the key that has signed as id ${keyId}, version ${keyVersion}: ` +
      'restore that one, or give the new one a new version',
  );
}

/** Whether two PEM texts hold the same public key. */
export const isSameKey = (one: string, other: string): boolean =>
  one === other || createPublicKey(one).equals(createPublicKey(other));
