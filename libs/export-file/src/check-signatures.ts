import { createPublicKey, verify } from 'node:crypto';
import type { ReadExport } from './read-export.ts';
import type { WireSignature, WireSigner } from './decode.ts';
import { SIGNATURE_ALGORITHM } from './signer-name.ts';
import type { VerificationKey } from './verification-keys.ts';
import type { Findings } from './violation.ts';

/** A public key by the name that files call it. */
type NamedKey = Pick<VerificationKey, 'keyId' | 'keyVersion' | 'publicKey'>;

/** A public key that somebody holds in a file of this path, whatever archives call it. */
interface HeldKey {
  readonly publicKey: string;
  readonly heldIn: string;
}

/** A public key that archives are held against. */
export type KnownKey = NamedKey | HeldKey;

/** A signature of a file and what became of it. */
export interface CheckedSignature extends WireSigner {
  readonly outcome: 'valid' | 'invalid' | 'unknown_key';
  /** The path of the key that made it, when it was one of those. */
  readonly heldIn: string | undefined;
}

/**
 * Checks the signatures of a file: as many as it announces, by the keys it announces, the first by a known key, since some
 * phones read no further, and none by a known key false.
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
  if (checked[0]?.outcome === 'unknown_key')
    findings.add(matchesNothing(checked, known) ? 'bad_signature' : 'unknown_key');
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
  const mayBe = known.filter((key) => isHeld(key) || isNamed(key, signer));
  const by = mayBe.find((key) => verifies(key.publicKey, bin ?? new Uint8Array(), signature));
  if (by !== undefined)
    return { ...signer, outcome: 'valid', heldIn: isHeld(by) ? by.heldIn : undefined };
  const outcome = mayBe.every(isHeld) ? 'unknown_key' : 'invalid';
  return { ...signer, outcome, heldIn: undefined };
}

const isHeld = (key: KnownKey): key is HeldKey => 'heldIn' in key;

const isNamed = (key: NamedKey, { keyId, keyVersion }: WireSigner): boolean =>
  key.keyId === keyId && key.keyVersion === keyVersion;

/** Whoever holds a key expects it to have signed: when it made no signature at all, the file or the key is false. */
const matchesNothing = (
  checked: readonly CheckedSignature[],
  known: readonly KnownKey[],
): boolean => known.some(isHeld) && checked.every(({ outcome }) => outcome !== 'valid');

function verifies(publicKey: string, bin: Uint8Array, signature: Uint8Array): boolean {
  const key = createPublicKey(publicKey);
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return false;
  return verify('sha256', bin, { key, dsaEncoding: 'der' }, signature);
}
