import { BATCH_NUMBER, BATCH_SIZE, type SignerName, signatureInfo } from './signer-name.ts';
import { lengthField, varintField } from './wire-writer.ts';

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
