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
