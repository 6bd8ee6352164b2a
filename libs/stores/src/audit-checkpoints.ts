import { createPublicKey, verify } from 'node:crypto';
import { type DocumentOf, bytes, collection, int, text } from '@keyserver/docstore';

const fields = {
  sequence: int(),
  hash: text(),
  entryAt: int(),
  at: int(),
  publicKey: text(),
  signature: bytes(),
};

/** A signed statement that the chain had an entry of this number and hash, and was whole up to it. */
export type AuditCheckpoint = DocumentOf<typeof fields>;

/** Checkpoints of the audit. Id: the sequence number in 16 digits. Written once. */
export const auditCheckpoints = collection({ name: 'auditCheckpoints', fields });

/**
 * What the signature of a checkpoint is over: five lines of UTF-8, each with its line feed. No export file begins like the
 * first one, so neither signature is good for the other.
 */
export const checkpointText = ({
  sequence,
  hash,
  entryAt,
  at,
}: Omit<AuditCheckpoint, 'publicKey' | 'signature'>): string =>
  [
    'keyserver audit checkpoint 1',
    `entry ${sequence}`,
    `hash ${hash}`,
    `entry at ${entryAt}`,
    `signed at ${at}`,
    '',
  ].join('\n');

/** Whether the signature of a checkpoint is that of a public key (PEM, SPKI): ECDSA P-256 with SHA-256, ASN.1 DER. */
export function isSignedBy(checkpoint: AuditCheckpoint, publicKey: string): boolean {
  try {
    const key = createPublicKey(publicKey);
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return false;
    return verify(
      'sha256',
      Buffer.from(checkpointText(checkpoint)),
      { key, dsaEncoding: 'der' },
      checkpoint.signature,
    );
  } catch {
    // A text that is no key has signed nothing.
    return false;
  }
}
