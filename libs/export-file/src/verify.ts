import { createHash, createPublicKey, verify } from 'node:crypto';
import { KEY_AGE_HOURS } from '@keyserver/exposure-keys';
import { SECOND, type UnixMillis } from '@keyserver/time';
import { type KeyOrder, checkKeys, keyOrder } from './check-keys.ts';
import type { WireExport, WireSignature, WireSigner } from './decode.ts';
import { MAX_BATCH_FILES } from './file-bounds.ts';
import { type ReadExport, readExport } from './read-export.ts';
import { BATCH_NUMBER, BATCH_SIZE, SIGNATURE_ALGORITHM } from './wire-format.ts';
import { Findings, type Violation } from './violation.ts';
import type { VerificationKey } from './verification-keys.ts';

/** What an archive is held against. */
export interface ExpectedExport {
  /** The keys that may have signed it. */
  readonly keys: readonly KnownKey[];
  readonly now: UnixMillis;
  /** The region it must be for; any when undefined. */
  readonly region?: string | undefined;
  /** The server's MAX_KEY_AGE_HOURS; its default when undefined. */
  readonly maxKeyAgeHours?: number | undefined;
}

/** What is wrong with an archive, and what it says where it could be read. */
export interface Verification {
  /** Empty when phones will take it. */
  readonly violations: readonly Violation[];
  readonly signatures: readonly CheckedSignature[];
  /** SHA-256 of export.bin, hex. */
  readonly digest: string | undefined;
  readonly contents:
    | {
        /** Unix seconds. */
        readonly start: number | undefined;
        readonly end: number | undefined;
        readonly region: string;
        readonly keys: number;
        readonly revisedKeys: number;
        readonly order: KeyOrder;
      }
    | undefined;
}

/** Each of several files of a batch ends a second after the one before, so a fresh one may end a little after now. */
const SPLIT_ALLOWANCE = MAX_BATCH_FILES * SECOND;

/** Checks an archive as phones do, and what they leave to the server. Never throws, whatever the bytes are. */
export async function verifyExport(
  zip: Uint8Array,
  expected: ExpectedExport,
): Promise<Verification> {
  const findings = new Findings();
  const read = await readExport(zip, findings);
  const { bin, contents } = read;
  const signatures = checkSignatures(read, expected.keys, findings);
  checkBatching(
    [...(contents === undefined ? [] : [contents]), ...(read.signatures ?? [])],
    findings,
  );
  if (contents !== undefined) checkContents(contents, expected, findings);
  return {
    violations: findings.list(),
    signatures,
    digest: bin === undefined ? undefined : createHash('sha256').update(bin).digest('hex'),
    contents: contents === undefined ? undefined : outlineOf(contents),
  };
}

const outlineOf = (contents: WireExport): NonNullable<Verification['contents']> => ({
  start: contents.start,
  end: contents.end,
  region: contents.region,
  keys: contents.keys.length,
  revisedKeys: contents.revisedKeys.length,
  order: keyOrder(contents),
});

function checkContents(contents: WireExport, expected: ExpectedExport, findings: Findings): void {
  const { now, region, maxKeyAgeHours = KEY_AGE_HOURS.default } = expected;
  const { start, end } = contents;
  const ordered = start !== undefined && end !== undefined && start < end;
  findings.require(ordered, 'bad_times');
  findings.require(!ordered || end * SECOND <= now + SPLIT_ALLOWANCE, 'ends_in_future');
  findings.require(region === undefined || contents.region === region, 'wrong_region');
  checkKeys(contents, { now, maxKeyAgeHours }, findings);
}

type Batching = Pick<WireExport | WireSignature, 'batchNumber' | 'batchSize'>;

function checkBatching(parts: readonly Batching[], findings: Findings): void {
  for (const { batchNumber, batchSize } of parts)
    findings.require(batchNumber === BATCH_NUMBER && batchSize === BATCH_SIZE, 'not_one_batch');
}

/** A public key by the name that files call it. */
type NamedKey = Pick<VerificationKey, 'keyId' | 'keyVersion' | 'publicKey'>;

/** A public key that somebody holds in a file of this path, whatever archives call it. */
interface HeldKey {
  readonly publicKey: string;
  readonly heldIn: string;
}

/** A public key that archives are held against. */
type KnownKey = NamedKey | HeldKey;

/** A signature of a file and what became of it. */
interface CheckedSignature extends WireSigner {
  readonly outcome: 'valid' | 'invalid' | 'unknown_key';
  /** The path of the key that made it, when it was one of those. */
  readonly heldIn: string | undefined;
}

/**
 * Checks the signatures of a file: as many as it announces, by the keys it announces, the first by a known key, since some
 * phones read no further, and none by a known key false.
 */
function checkSignatures(
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

/** A key that was given is expected to have signed. If it made none of the signatures, the file or the key is the wrong one. */
const matchesNothing = (
  checked: readonly CheckedSignature[],
  known: readonly KnownKey[],
): boolean => known.some(isHeld) && checked.every(({ outcome }) => outcome !== 'valid');

function verifies(publicKey: string, bin: Uint8Array, signature: Uint8Array): boolean {
  const key = createPublicKey(publicKey);
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return false;
  return verify('sha256', bin, { key, dsaEncoding: 'der' }, signature);
}
