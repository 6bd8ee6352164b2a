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
