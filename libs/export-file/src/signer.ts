import { createPublicKey } from 'node:crypto';
import type { SignerName } from './wire-format.ts';
import type { SigningKey } from './export-config.ts';

/** One signature in the making: the message is fed in pieces and never held. */
export interface SignatureInProgress {
  update(piece: Uint8Array): void;
  /** ECDSA P-256 over the SHA-256 of all pieces, ASN.1 DER. */
  finish(): Promise<Uint8Array>;
}

/** A P-256 signing key that never leaves its keeper. */
export interface Signer {
  begin(): SignatureInProgress;
  /** The public key as PEM (SPKI). */
  publicKey(): Promise<string>;
}

/** The signing key of a name (a file name, or a KMS key version); undefined when it cannot sign (unknown, disabled, destroyed). */
export type FindSigner = (signingKey: string) => Promise<Signer | undefined>;

/** Why a key cannot sign. The first three may be over in a moment, the others are an operator's to mend. */
export type SignerProblem =
  | 'unreachable'
  | 'corrupt'
  | 'failed'
  | 'malformed_name'
  | 'not_found'
  | 'forbidden'
  | 'not_enabled'
  | 'wrong_kind'
  | 'exposed' // others could have read it
  | 'replaced'; // another key than the one that signed first under this id and version

/** A key that cannot sign. */
export interface UnusableSigner {
  readonly problem: SignerProblem;
  /** Where the key is kept: the path of a file, or the full name of a key version. */
  readonly place: string;
  /** A sentence for the operator: where the key is, what is wrong with it, what to do. */
  readonly message: string;
}

/** Tries a key out; undefined when it can sign. */
export type TrySigner = (signingKey: string) => Promise<UnusableSigner | undefined>;

/** No file begins like this, so the signature is good for nothing. */
const TRIAL = new TextEncoder().encode('key server trial: can this key sign?');

/** Makes a signature that nobody gets, as only a signature shows that a key may sign. */
export async function tryOut(signer: Signer): Promise<void> {
  const signature = signer.begin();
  signature.update(TRIAL);
  await signature.finish();
}

/**
 * The public keys that have signed files, by the id and version that the files name. A name always keeps its first key:
 * under another one, the files that are out already would no longer verify.
 */
export interface UsedSigningKeys {
  /** The public key that signs under a name, as PEM (SPKI); undefined while none has. */
  find(name: SignerName): Promise<string | undefined>;
  /** Notes that a public key signs under a name, unless one does already; the answer is the one that does. */
  record(name: SignerName, publicKey: string): Promise<string>;
}

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
