import { type KeyObject, createPublicKey } from 'node:crypto';

/** One public key and nothing else: of several keys the import would take the first without a word. */
const ONE_PUBLIC_KEY =
  /^\s*-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]*-----END PUBLIC KEY-----\s*$/;

/** Whether a PEM holds one P-256 public key, the only kind that certificates and files are signed with. */
export const isP256PublicKey = (pem: string): boolean => p256PublicKey(pem) !== undefined;

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
