import { type KeyObject, createPublicKey } from 'node:crypto';
import { MAX_AUTHORITY_KEYS, parseKeyVersion, pemOf } from './authority-key.ts';
import type { KeySetProblem } from './key-set-problems.ts';

/** A key that an authority serves: what its certificates call it, and the key. */
export interface ServedKey {
  /** The `kid` of certificates signed with it. */
  readonly version: string;
  /** PEM, SubjectPublicKeyInfo, P-256, in the one spelling that is stored. */
  readonly publicKey: string;
}

/** The keys of an answer, of which there is at least one, or why it says nothing of them. */
export type KeySetReading =
  | { readonly kind: 'keys'; readonly keys: readonly ServedKey[] }
  | { readonly kind: 'refused'; readonly problem: KeySetProblem };

/**
 * Reads what an authority serves as its keys: a JWK Set (RFC 7517), or the bare array that the reference server takes. Keys that
 * cannot sign certificates here, such as RSA keys and keys for encryption, are passed over, as RFC 7517, 5 wants it. A key
 * that could and is not in order refuses the whole answer: nobody knows what the authority meant by it. So does a private key
 * of any kind, and an answer without a key that can be used.
 */
export function readKeySet(answer: unknown): KeySetReading {
  const list = Array.isArray(answer) ? answer : memberOf(answer, 'keys');
  if (!isList(list)) return refused('not_a_key_set');
  if (list.length === 0) return refused('empty');
  if (list.length > MAX_AUTHORITY_KEYS) return refused('too_many');
  return readKeys(list);
}

function readKeys(list: readonly unknown[]): KeySetReading {
  const served = new Map<string, ServedKey>();
  for (const entry of list) {
    const key = readKey(entry);
    if (typeof key === 'string') return refused(key);
    if (key === undefined) continue;
    // One kid for two keys: a certificate that names it says nothing.
    if ((served.get(key.version) ?? key).publicKey !== key.publicKey) return refused('kid_twice');
    served.set(key.version, key);
  }
  if (served.size === 0) return refused('no_usable_key');
  return { kind: 'keys', keys: [...served.values()] };
}

const refused = (problem: KeySetProblem): KeySetReading => ({ kind: 'refused', problem });

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

/** Members of RFC 7518, 6 that only private and symmetric keys have. */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** A key that certificates may be signed with; undefined for one that is for something else. */
function readKey(entry: unknown): ServedKey | KeySetProblem | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return 'malformed_key';
  if (SECRET_MEMBERS.some((name) => memberOf(entry, name) !== undefined)) return 'private_key';
  if (typeof memberOf(entry, 'kty') !== 'string') return 'malformed_key';
  if (!isForCertificates(entry)) return undefined;
  const kid = memberOf(entry, 'kid');
  const version = typeof kid === 'string' ? parseKeyVersion(kid) : undefined;
  if (version === undefined) return 'malformed_key';
  const key = pointOf(memberOf(entry, 'x'), memberOf(entry, 'y'));
  return key === undefined ? 'malformed_key' : { version, publicKey: pemOf(key) };
}

/** What a key says of its use counts where it says something. */
function isForCertificates(entry: object): boolean {
  const [use, alg, operations] = ['use', 'alg', 'key_ops'].map((name) => memberOf(entry, name));
  return (
    memberOf(entry, 'kty') === 'EC' &&
    memberOf(entry, 'crv') === 'P-256' &&
    (use === undefined || use === 'sig') &&
    (alg === undefined || alg === 'ES256') &&
    (operations === undefined || (isList(operations) && operations.includes('verify')))
  );
}

/** 32 bytes in unpadded base64url, whose last character has two bits to spare: they are 0. */
const COORDINATE = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** Importing it refuses a point that is not on the curve. */
function pointOf(x: unknown, y: unknown): KeyObject | undefined {
  if (!isCoordinate(x) || !isCoordinate(y)) return undefined;
  try {
    return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  } catch {
    return undefined;
  }
}

const isCoordinate = (value: unknown): value is string =>
  typeof value === 'string' && COORDINATE.test(value);

/** A member of its own of a JSON object; a null says as little as an absent one. */
function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  const member: unknown = Reflect.get(value, name);
  return member ?? undefined;
}
