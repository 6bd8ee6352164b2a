import type { SignerName } from './signer-name.ts';

/**
 * The public keys that have signed files, by the id and version that the files name. A name keeps its first key for ever:
 * under another one, the files that are out already would no longer verify.
 */
export interface UsedSigningKeys {
  /** The public key that signs under a name, as PEM (SPKI); undefined while none has. */
  find(name: SignerName): Promise<string | undefined>;
  /** Notes that a public key signs under a name, unless one does already; the answer is the one that does. */
  record(name: SignerName, publicKey: string): Promise<string>;
}
