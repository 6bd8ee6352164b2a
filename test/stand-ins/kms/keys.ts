import { p256, p384 } from '@noble/curves/nist.js';
import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
} from 'node:crypto';
import { Refusal } from '../grpc/refusal.ts';

/** The states of a key version that a test may ask for. */
export type VersionState =
  'ENABLED' | 'DISABLED' | 'DESTROYED' | 'DESTROY_SCHEDULED' | 'PENDING_GENERATION';

const CURVES = {
  EC_SIGN_P256_SHA256: { namedCurve: 'P-256', curve: p256, digest: 'sha256', length: 32 },
  EC_SIGN_P384_SHA384: { namedCurve: 'P-384', curve: p384, digest: 'sha384', length: 48 },
} as const;

/** The signing algorithms that are served. */
export type SigningAlgorithm = keyof typeof CURVES;

/** What a version can do; the other half of the methods is refused. */
export interface SigningVersion {
  readonly kind: 'sign';
  readonly algorithm: SigningAlgorithm;
  readonly digest: 'sha256' | 'sha384';
  readonly digestLength: number;
  readonly pem: string;
  readonly sign: (digest: Uint8Array) => Uint8Array;
}

/** A version that wraps data keys. */
export interface WrappingVersion {
  readonly kind: 'wrap';
  readonly algorithm: 'GOOGLE_SYMMETRIC_ENCRYPTION';
  readonly secret: Uint8Array;
}

/** A version of a key, and the state it is in. */
export interface Version {
  readonly name: string;
  readonly material: SigningVersion | WrappingVersion;
  state: VersionState;
}

/** A new pair of the algorithm's curve, which signs digests and not messages. */
export function newSigningVersion(algorithm: SigningAlgorithm): SigningVersion {
  const { namedCurve, curve, digest, length } = CURVES[algorithm];
  const { privateKey } = generateKeyPairSync('ec', { namedCurve });
  const secret = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  return {
    ...{ kind: 'sign', algorithm, digest, digestLength: length },
    pem: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString(),
    sign: (hashed) => curve.sign(hashed, secret, { prehash: false, lowS: false, format: 'der' }),
  };
}

/** A new AES-256 key. */
export const newWrappingVersion = (): WrappingVersion => ({
  kind: 'wrap',
  algorithm: 'GOOGLE_SYMMETRIC_ENCRYPTION',
  secret: randomBytes(32),
});

const NONCE = 12;
const TAG = 16;

/** What a version makes of plaintext: number of the version, nonce, ciphertext, tag. */
export function encrypt(version: number, secret: Uint8Array, of: Sealed): Uint8Array {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(of.aad);
  const body = Buffer.concat([cipher.update(of.content), cipher.final()]);
  return Buffer.concat([Uint8Array.of(version), nonce, body, cipher.getAuthTag()]);
}

/** Bytes, and what they are bound to. */
export interface Sealed {
  readonly content: Uint8Array;
  readonly aad: Uint8Array;
}

/** The plaintext again. */
export function decrypt(secret: Uint8Array, { content, aad }: Sealed): Uint8Array {
  const sealed = Buffer.from(content);
  try {
    const nonce = sealed.subarray(1, 1 + NONCE);
    const options = { authTagLength: TAG };
    const decipher = createDecipheriv('aes-256-gcm', secret, nonce, options).setAAD(aad);
    decipher.setAuthTag(sealed.subarray(-TAG));
    return Buffer.concat([decipher.update(sealed.subarray(1 + NONCE, -TAG)), decipher.final()]);
  } catch {
    throw new Refusal('INVALID_ARGUMENT', 'Decryption failed: the ciphertext is invalid.');
  }
}
