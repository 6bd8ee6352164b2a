import { createHash } from 'node:crypto';
import { nextTurn } from '@keyserver/time';
import { encodeSignatures } from './encode-signatures.ts';
import type { Signer } from './signer.ts';
import type { SignerName } from './signer-name.ts';

/** A signer and what files call it. */
export interface NamedSigner extends SignerName {
  readonly signer: Signer;
}

/** What comes out of one pass over export.bin. */
export interface SignedExport {
  /** SHA-256 of export.bin, hex. */
  readonly digest: string;
  /** The bytes of export.sig. */
  readonly sig: Uint8Array;
}

/** Pieces between two breaths, about 1 MiB, so that leases and health checks are served meanwhile. */
const BREATH = 16;

/** Hashes and signs export.bin in one pass. Throws without signers: an unsigned file is never made. */
export async function signExport(
  bin: Iterable<Uint8Array>,
  signers: readonly NamedSigner[],
): Promise<SignedExport> {
  if (signers.length === 0) throw new Error('no signer for an export file');
  const hash = createHash('sha256');
  const begun = signers.map(({ signer }) => signer.begin());
  let pieces = 0;
  for (const piece of bin) {
    hash.update(piece);
    for (const signature of begun) signature.update(piece);
    if (++pieces % BREATH === 0) await nextTurn();
  }
  const made = await Promise.all(begun.map(async (signature) => await signature.finish()));
  return { digest: hash.digest('hex'), sig: encodeSignatures(signers, made) };
}
