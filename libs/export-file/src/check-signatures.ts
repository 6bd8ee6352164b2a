import { createPublicKey, verify } from 'node:crypto';
import type { ReadExport } from './read-export.ts';
import type { WireSignature, WireSigner } from './decode.ts';
import { SIGNATURE_ALGORITHM } from './signer-name.ts';
import type { VerificationKey } from './verification-keys.ts';
import type { Findings } from './violation.ts';

/** A public key by the name that files call it. */
export type KnownKey = Pick<VerificationKey, 'keyId' | 'keyVersion' | 'publicKey'>;

/** A signature of a file and what became of it. */
export interface CheckedSignature extends WireSigner {
  readonly outcome: 'valid' | 'invalid' | 'unknown_key';
}

/**
 * Checks the signatures of a file: as many as it announces, by the keys it announces, the first by a known key, and none by
 * a known key false.
 */
export function checkSignatures(
  read: ReadExport,
  known: readonly KnownKey[],
  findings: Findings,
): readonly CheckedSignature[] {
  const signatures = read.signatures ?? [];
  if (read.signatures !== undefined) findings.require(signatures.length > 0, 'no_signature');
  checkAnnounced(read, findings);
  const checked = signatures.map((signature) => check(signature, read.bin, known));
  findings.require(checked[0]?.outcome !== 'unknown_key', 'unknown_key');
  for (const { outcome, algorithm } of checked) {
    findings.require(outcome !== 'invalid', 'bad_signature');
    findings.require(algorithm === SIGNATURE_ALGORITHM, 'wrong_algorithm');
  }
  return checked;
}

function checkAnnounced({ contents, signatures }: ReadExport, findings: Findings): void {
  if (contents === undefined || signatures === undefined) return;
  findings.require(contents.signers.length === signatures.length, 'signature_count');
  contents.signers.forEach((announced, n) => {
    const made = signatures[n]?.signer;
    findings.require(made === undefined || isSame(announced, made), 'signature_mismatch');
  });
}

const isSame = (a: WireSigner, b: WireSigner): boolean =>
  a.keyId === b.keyId && a.keyVersion === b.keyVersion && a.algorithm === b.algorithm;

function check(
  { signer, signature }: WireSignature,
  bin: Uint8Array | undefined,
  known: readonly KnownKey[],
): CheckedSignature {
  const keys = known.filter(
    ({ keyId, keyVersion }) => keyId === signer.keyId && keyVersion === signer.keyVersion,
  );
  if (keys.length === 0) return { ...signer, outcome: 'unknown_key' };
  const valid = keys.some((key) => verifies(key.publicKey, bin ?? new Uint8Array(), signature));
  return { ...signer, outcome: valid ? 'valid' : 'invalid' };
}

function verifies(publicKey: string, bin: Uint8Array, signature: Uint8Array): boolean {
  const key = createPublicKey(publicKey);
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return false;
  return verify('sha256', bin, { key, dsaEncoding: 'der' }, signature);
}
