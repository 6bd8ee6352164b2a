import { KmsAnswerFault } from './kms-fault.ts';

const POLYNOMIAL = 0x82f63b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let entry = byte;
  for (let bit = 0; bit < 8; bit++) entry = (entry >>> 1) ^ ((entry & 1) * POLYNOMIAL);
  return entry;
});

/** CRC32C (Castagnoli), the checksum that Cloud KMS keeps of what it takes and gives. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** A 64-bit number as the client gives it. */
interface WireNumber {
  readonly value?: { toString(): string } | null;
}

/** Bytes as the client gives them; text only where they were not sent as gRPC. */
type WireBytes = Uint8Array | string | null | undefined;

/** A checksum as the client sends it. */
export const checksumOf = (bytes: Uint8Array): { readonly value: number } => ({
  value: crc32c(bytes),
});

/** The bytes of a field when they are what their checksum says; an answer without a checksum is not trusted either. */
export function intact(field: string, bytes: WireBytes, checksum?: WireNumber | null): Uint8Array {
  if (bytes === null || bytes === undefined || typeof bytes === 'string')
    throw new KmsAnswerFault(`the answer of Cloud KMS lacks the ${field}`);
  if (checksum?.value?.toString() !== String(crc32c(bytes)))
    throw new KmsAnswerFault(`the ${field} in the answer of Cloud KMS does not match its checksum`);
  return bytes;
}

/** Makes sure that an answer came to what was asked: Cloud KMS says whether it compared the checksum of what it was sent. */
export function requireVerified(verified: boolean | null | undefined): void {
  if (verified !== true)
    throw new KmsAnswerFault('Cloud KMS did not check that the request arrived unchanged');
}

/** Makes sure that an answer is of the key that was asked. */
export function requireName(isRight: boolean): void {
  if (!isRight) throw new KmsAnswerFault('another key has answered');
}
