import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { CompactSign } from 'jose';

/** A signer of our own in the place of Google's of 2020. */
export interface SafetyNetSigner {
  /** DER. */
  readonly root: Uint8Array;
  /** A token over a payload, which is JSON in real ones. */
  mint(payload: string, flaws?: TokenFlaws): Promise<string>;
}

/** How a token differs from a real one. */
export interface TokenFlaws {
  /** Certificates in base64, leaf first. */
  readonly chain?: (chain: readonly string[]) => readonly string[];
  /** Signs with this secret and HS256 instead. */
  readonly secret?: Uint8Array;
}

/** How a signer differs from Google's. */
export interface SignerFlaws {
  readonly host?: string;
  /** Milliseconds since the Unix epoch. */
  readonly leafEnds?: number;
}

const DAY = 86_400_000;
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
};

/** A new signer that is valid around an instant. */
export async function safetyNetSigner(
  now: number,
  flaws: SignerFlaws = {},
): Promise<SafetyNetSigner> {
  const [rootKeys, keys] = await Promise.all([rsaKeys(), rsaKeys()]);
  const validFrom = new Date(now - 100 * DAY);
  const root = await x509.X509CertificateGenerator.create({
    subject: 'CN=Synthetic SafetyNet Root',
    issuer: 'CN=Synthetic SafetyNet Root',
    notBefore: validFrom,
    notAfter: new Date(now + 100 * DAY),
    publicKey: rootKeys.publicKey,
    signingKey: rootKeys.privateKey,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  const leaf = await x509.X509CertificateGenerator.create({
    subject: 'CN=Synthetic SafetyNet signer',
    issuer: root.subject,
    notBefore: validFrom,
    notAfter: new Date(flaws.leafEnds ?? now + 50 * DAY),
    publicKey: keys.publicKey,
    signingKey: rootKeys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: flaws.host ?? 'attest.android.com' },
      ]),
    ],
  });
  const chain = [Buffer.from(leaf.rawData).toString('base64')];
  return {
    root: new Uint8Array(root.rawData),
    mint: async (payload, { chain: change, secret } = {}) =>
      await new CompactSign(Buffer.from(payload))
        .setProtectedHeader({
          alg: secret === undefined ? 'RS256' : 'HS256',
          x5c: [...(change?.(chain) ?? chain)],
        })
        .sign(secret ?? KeyObject.from(keys.privateKey)),
  };
}

const rsaKeys = async (): Promise<webcrypto.CryptoKeyPair> =>
  await webcrypto.subtle.generateKey(RSA, true, ['sign', 'verify']);
