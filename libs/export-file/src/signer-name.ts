import { lengthField } from './wire-writer.ts';

/** How files name a signing key: verification_key_id and verification_key_version. */
export interface SignerName {
  readonly keyId: string;
  readonly keyVersion: string;
}

/** The only algorithm of these files, ECDSA on P-256 over SHA-256, as an object identifier. */
export const SIGNATURE_ALGORITHM = '1.2.840.10045.4.3.2';

/** Each file is a batch of its own for phones, since some know no other: number 1 of 1. */
export const BATCH_NUMBER = 1;
export const BATCH_SIZE = 1;

/** The SignatureInfo of a signer, as field `field` of the message around it; the same bytes in both entries. */
export function signatureInfo(field: number, { keyVersion, keyId }: SignerName): Uint8Array {
  return lengthField(
    field,
    keyVersion === '' ? '' : lengthField(3, keyVersion),
    keyId === '' ? '' : lengthField(4, keyId),
    lengthField(5, SIGNATURE_ALGORITHM),
  );
}
