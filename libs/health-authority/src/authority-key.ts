import { type KeyObject, createHash, createPublicKey } from 'node:crypto';

/** One public key and nothing else: of several keys the import would take the first without a word. */
const ONE_PUBLIC_KEY =
  /^\s*-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]*-----END PUBLIC KEY-----\s*$/;

/** Whether a PEM holds one P-256 public key, the only kind that certificates and files are signed with. */
export const isP256PublicKey = (pem: string): boolean => p256PublicKey(pem) !== undefined;

/** Public keys that one authority may have in the configuration, and that it may serve. */
export const MAX_AUTHORITY_KEYS = 100;

/**
 * What certificates call a key (`kid`): one line of 1 to 200 printable characters without space at either end. Undefined for
 * anything else.
 */
export const parseKeyVersion = (text: string): string | undefined =>
  /^(?=.{1,200}$)[^\s\p{C}]+( +[^\s\p{C}]+)*$/u.test(text) ? text : undefined;

/** A P-256 public key in the one spelling of PEM that is stored and compared; undefined for anything else. */
export function parsePublicKey(pem: string): string | undefined {
  const key = p256PublicKey(pem);
  return key && pemOf(key);
}

/** A public key as PEM, SubjectPublicKeyInfo, without a final newline. */
export const pemOf = (key: KeyObject): string =>
  key.export({ type: 'spki', format: 'pem' }).toString().trim();

/** What people call a public key: SHA-256 over its PEM without line breaks and spaces, which are no part of a key, in hex. */
export const keyFingerprint = (pem: string): string =>
  createHash('sha256').update(pem.replace(/\s/g, '')).digest('hex');

/** Reads the public key of a PEM, undefined unless it is a P-256 public key. */
export type ReadPublicKey = (pem: string) => KeyObject | undefined;

/** Reads public keys and remembers the last `capacity` of them: parsing one takes as long as verifying with it. */
export function publicKeyReader(capacity: number): ReadPublicKey {
  const known = new Map<string, KeyObject | undefined>();
  return (pem) => {
    if (known.has(pem)) return known.get(pem);
    const key = p256PublicKey(pem);
    const [oldest] = known.keys();
    if (known.size >= capacity && oldest !== undefined) known.delete(oldest);
    known.set(pem, key);
    return key;
  };
}

/** The armour is checked because the import also takes certificates and private keys, which have no business here. */
function p256PublicKey(pem: string): KeyObject | undefined {
  if (!ONE_PUBLIC_KEY.test(pem)) return undefined;
  try {
    const key = createPublicKey(pem);
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
  } catch {
    return undefined;
  }
}
