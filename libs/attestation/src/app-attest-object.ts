import { readCbor, readCborPrefix } from './cbor.ts';

/** An attestation of a key, taken apart and not believed yet. Lengths are checked; numbers are big-endian on the wire. */
export interface AttestationObject {
  readonly authData: AuthenticatorData;
  readonly attested: AttestedKey;
  /** DER, the credential's certificate first. */
  readonly certificates: readonly [Uint8Array, Uint8Array];
}

/** An assertion by a key that was attested before. */
export interface AssertionObject {
  readonly authData: AuthenticatorData;
  readonly extensions: AppleExtensions;
  /** DER, ECDSA. */
  readonly signature: Uint8Array;
}

/** What both forms begin with. */
export interface AuthenticatorData {
  /** All of it, which is what the nonce covers. */
  readonly bytes: Uint8Array;
  /** SHA-256 of team and bundle id. */
  readonly rpIdHash: Uint8Array;
  readonly flags: number;
  readonly counter: number;
}

/** The key that an attestation is about. */
export interface AttestedKey {
  readonly aaguid: Uint8Array;
  /** 32 bytes. */
  readonly credentialId: Uint8Array;
  /** The coordinates of its P-256 point, 32 bytes each. */
  readonly point: { readonly x: Uint8Array; readonly y: Uint8Array };
  readonly extensions: AppleExtensions;
}

/** What systems from iOS 27 on add; both absent before. */
export interface AppleExtensions {
  /** How the app came to the phone, by Apple's numbers. */
  readonly category?: number;
  readonly bundleVersion?: string;
}

/** Takes an attestation object apart; undefined unless it is exactly of Apple's form. */
export function readAttestation(bytes: Uint8Array): AttestationObject | undefined {
  const object = mapOf(readCbor(bytes), ['fmt', 'attStmt', 'authData']);
  if (object?.get('fmt') !== 'apple-appattest') return undefined;
  const certificates = readStatement(object.get('attStmt'));
  const authData = readAuthenticatorData(object.get('authData'));
  const attested = authData && readAttestedKey(authData.bytes.subarray(HEAD_BYTES));
  return authData && attested && certificates && { authData, attested, certificates };
}

/** The certificates; the receipt beside them is for asking Apple about risk, which nobody does here. */
function readStatement(value: unknown): readonly [Uint8Array, Uint8Array] | undefined {
  const statement = mapOf(value, ['x5c', 'receipt']);
  return isBytes(statement?.get('receipt')) ? readPair(statement.get('x5c')) : undefined;
}

/** Takes an assertion apart; undefined unless it is exactly of Apple's form. It never holds credential data. */
export function readAssertion(bytes: Uint8Array): AssertionObject | undefined {
  const object = mapOf(readCbor(bytes), ['signature', 'authenticatorData']);
  const authData = readAuthenticatorData(object?.get('authenticatorData'));
  const extensions = authData && readExtensions(authData.bytes.subarray(HEAD_BYTES));
  const signature = object?.get('signature');
  if (authData === undefined || extensions === undefined || !isBytes(signature)) return undefined;
  return { authData, extensions, signature };
}

const [HASH_BYTES, HEAD_BYTES] = [32, 37];

function readAuthenticatorData(bytes: unknown): AuthenticatorData | undefined {
  if (!isBytes(bytes) || bytes.length < HEAD_BYTES) return undefined;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    bytes,
    rpIdHash: bytes.subarray(0, HASH_BYTES),
    flags: view.readUInt8(HASH_BYTES),
    counter: view.readUInt32BE(HASH_BYTES + 1),
  };
}

const [AAGUID_BYTES, CREDENTIAL_BEGIN, CREDENTIAL_BYTES] = [16, 18, 32];

/** From offset 37 on: aaguid, credential id with its length, COSE key, and from iOS 27 on a map of extensions. */
function readAttestedKey(bytes: Uint8Array): AttestedKey | undefined {
  const end = CREDENTIAL_BEGIN + CREDENTIAL_BYTES;
  if (bytes.length < end || bytes[AAGUID_BYTES] !== 0) return undefined;
  if (bytes[AAGUID_BYTES + 1] !== CREDENTIAL_BYTES) return undefined;
  const key = readCborPrefix(bytes.subarray(end));
  const point = pointOf(key?.item);
  const extensions = key && readExtensions(key.rest);
  if (point === undefined || extensions === undefined) return undefined;
  return {
    aaguid: bytes.subarray(0, AAGUID_BYTES),
    credentialId: bytes.subarray(CREDENTIAL_BEGIN, end),
    point,
    extensions,
  };
}

/** Labels and values of a COSE key (RFC 9052, 7; RFC 9053, 7.1.1): EC2, ES256, P-256, and the coordinates. */
const COSE = { type: 1, algorithm: 3, curve: -1, x: -2, y: -3 } as const;
const [EC2, ES256, P256] = [2, -7, 1];

function pointOf(item: unknown): AttestedKey['point'] | undefined {
  const key = mapOf(item, Object.values(COSE));
  const [x, y] = [key?.get(COSE.x), key?.get(COSE.y)];
  const isOfKind =
    key?.get(COSE.type) === EC2 &&
    key.get(COSE.algorithm) === ES256 &&
    key.get(COSE.curve) === P256;
  if (!isOfKind || !isBytes(x, HASH_BYTES) || !isBytes(y, HASH_BYTES)) return undefined;
  return { x, y };
}

/** Apple's documentation has two spellings: the first in attestations, the second in the steps for assertions. */
const VERSION_NAMES = ['apple_bundle_version_01', 'bundleVersion'];
const CATEGORY_NAMES = ['apple_validation_category_01', 'validationCategory'];

/**
 * The map at the end, found by its presence and not by a flag: Apple's own example leaves the flag of WebAuthn clear. Names
 * that are not known mean nothing here. Undefined when there is something else than one map.
 */
function readExtensions(bytes: Uint8Array): AppleExtensions | undefined {
  if (bytes.length === 0) return {};
  const map = readCbor(bytes);
  return map instanceof Map ? knownExtensions(map) : undefined;
}

function knownExtensions(map: ReadonlyMap<unknown, unknown>): AppleExtensions | undefined {
  const version = soleOf(map, VERSION_NAMES) ?? null;
  const category = soleOf(map, CATEGORY_NAMES) ?? null;
  if (version !== null && typeof version !== 'string') return undefined;
  if (category !== null && !isBytes(category, 4)) return undefined;
  return {
    ...(version !== null && { bundleVersion: version }),
    ...(category !== null && { category: littleEndian(category) }),
  };
}

/** In place of a value: nothing that an extension may be. */
const AMBIGUOUS = Symbol('both spellings');

function soleOf(map: ReadonlyMap<unknown, unknown>, names: readonly string[]): unknown {
  const present = names.filter((name) => map.has(name));
  return present.length > 1 ? AMBIGUOUS : map.get(present[0]);
}

const littleEndian = (bytes: Uint8Array): number =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).readUInt32LE();

/** A map with exactly these keys. */
function mapOf(item: unknown, keys: readonly unknown[]): ReadonlyMap<unknown, unknown> | undefined {
  if (!(item instanceof Map) || item.size !== keys.length) return undefined;
  return keys.every((key) => item.has(key)) ? item : undefined;
}

const isBytes = (value: unknown, length?: number): value is Uint8Array =>
  value instanceof Uint8Array && (length === undefined || value.length === length);

function readPair(value: unknown): readonly [Uint8Array, Uint8Array] | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [leaf, intermediate] = value as readonly unknown[];
  return isBytes(leaf) && isBytes(intermediate) ? [leaf, intermediate] : undefined;
}
