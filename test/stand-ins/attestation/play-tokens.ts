import type { KeyObject } from 'node:crypto';
import { CompactEncrypt, CompactSign } from 'jose';

/** A verdict as Google's server gives it for a genuine app on a certified device. Digests and bound values are texts. */
export interface PlayOrder {
  readonly package: string;
  /** SHA-256 of the signing certificate, URL-safe base64. */
  readonly certificate: string;
  /** `nonce` of a classic request, or `requestHash` of a standard one. */
  readonly bound: Readonly<Record<string, string>>;
  /** Milliseconds since the Unix epoch. */
  readonly madeAt: number;
}

/** The payload of a token, as far as anything here reads it. */
export interface PlayPayload {
  readonly requestDetails: Readonly<Record<string, string>>;
  readonly appIntegrity: Readonly<Record<string, unknown>>;
  readonly deviceIntegrity: Readonly<Record<string, unknown>>;
  readonly accountDetails: Readonly<Record<string, unknown>>;
}

/** The payload of a token, in the documented form: numbers of 64 bits as text. */
export const playVerdict = (order: PlayOrder): PlayPayload => ({
  requestDetails: {
    requestPackageName: order.package,
    timestampMillis: String(order.madeAt),
    ...order.bound,
  },
  appIntegrity: {
    appRecognitionVerdict: 'PLAY_RECOGNIZED',
    packageName: order.package,
    certificateSha256Digest: [order.certificate],
    versionCode: '42',
  },
  deviceIntegrity: { deviceRecognitionVerdict: ['MEETS_DEVICE_INTEGRITY'] },
  accountDetails: { appLicensingVerdict: 'LICENSED' },
});

/** The keys that a token is made with, and the algorithms where they are not Google's. */
export interface PlayMint {
  /** AES, 32 bytes. */
  readonly encryption: Uint8Array;
  /** Private key, or a secret for HMAC. */
  readonly signing: KeyObject | Uint8Array;
  readonly wrap?: string;
  readonly cipher?: string;
  readonly signature?: string;
}

/** A classic token: a JWS within a JWE, both compact. The payload is text, JSON in real ones. */
export async function mintPlayToken(payload: string, mint: PlayMint): Promise<string> {
  const signed = await new CompactSign(Buffer.from(payload))
    .setProtectedHeader({ alg: mint.signature ?? 'ES256' })
    .sign(mint.signing);
  return await encryptPlayToken(signed, mint);
}

/** Only the outer half, around any text. */
export const encryptPlayToken = async (inner: string, mint: PlayMint): Promise<string> =>
  await new CompactEncrypt(Buffer.from(inner))
    .setProtectedHeader({ alg: mint.wrap ?? 'A256KW', enc: mint.cipher ?? 'A256GCM' })
    .encrypt(mint.encryption);
