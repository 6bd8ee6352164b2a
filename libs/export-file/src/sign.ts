import { createHash } from 'node:crypto';
import { nextTurn } from '@keyserver/time';
import type { Signer } from './signer.ts';
import {
  BATCH_NUMBER,
  BATCH_SIZE,
  type SignerName,
  lengthField,
  signatureInfo,
  varintField,
} from './wire-format.ts';

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

/** The bytes of export.sig: one signature, in ASN.1 DER, per signer and in their order. It has no header. */
export function encodeSignatures(
  signers: readonly SignerName[],
  signatures: readonly Uint8Array[],
): Uint8Array {
  return Buffer.concat(
    signers.map((signer, n) => {
      const signature = signatures[n];
      if (signature === undefined) throw new RangeError('a signer without a signature');
      return lengthField(
        1,
        signatureInfo(1, signer),
        varintField(2, BATCH_NUMBER),
        varintField(3, BATCH_SIZE),
        lengthField(4, signature),
      );
    }),
  );
}
