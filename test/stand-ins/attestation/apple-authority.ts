import 'reflect-metadata';
import { createHash, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** An authority of our own in the place of Apple's: root, intermediate, and leaves by order. */
export interface AppleAuthority {
  /** DER. */
  readonly root: Uint8Array;
  /** DER. */
  readonly intermediate: Uint8Array;
  /** A leaf as DER. */
  certify(order: LeafOrder): Promise<Uint8Array>;
}

/** What a leaf is to be. */
export interface LeafOrder {
  readonly publicKey: CryptoKey;
  /** Milliseconds since the Unix epoch. */
  readonly validFrom: number;
  readonly validTo: number;
  /** The contents of each extension that carries a nonce: one in real certificates. */
  readonly nonces: readonly Uint8Array[];
  readonly isAuthority?: boolean;
}

/** How an authority differs from Apple's. */
export interface AuthorityFlaws {
  readonly intermediateIsNoAuthority?: boolean;
  /** Milliseconds since the Unix epoch: when the intermediate ends. */
  readonly intermediateEnds?: number;
}

type CryptoKey = webcrypto.CryptoKey;

const DAY = 86_400_000;
const NONCE_EXTENSION = '1.2.840.113635.100.8.2';

/** A new authority that is valid a year before and after an instant. */
export async function appleAuthority(
  now: number,
  flaws: AuthorityFlaws = {},
): Promise<AppleAuthority> {
  const [rootKeys, keys] = await Promise.all([ecKeys('P-384'), ecKeys('P-384')]);
  const root = await certificate({
    subject: 'CN=Synthetic App Attestation Root CA',
    issuer: 'CN=Synthetic App Attestation Root CA',
    validity: [now - 365 * DAY, now + 365 * DAY],
    keys: [rootKeys.publicKey, rootKeys.privateKey],
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  const intermediate = await certificate({
    subject: 'CN=Synthetic App Attestation CA 1',
    issuer: root.subject,
    validity: [now - 300 * DAY, flaws.intermediateEnds ?? now + 300 * DAY],
    keys: [keys.publicKey, rootKeys.privateKey],
    extensions: [
      new x509.BasicConstraintsExtension(flaws.intermediateIsNoAuthority !== true, undefined, true),
    ],
  });
  return {
    root: bytesOf(root),
    intermediate: bytesOf(intermediate),
    certify: async ({ publicKey, validFrom, validTo, nonces, isAuthority = false }) =>
      bytesOf(
        await certificate({
          subject: 'CN=Synthetic credential',
          issuer: intermediate.subject,
          validity: [validFrom, validTo],
          keys: [publicKey, keys.privateKey],
          extensions: [
            new x509.BasicConstraintsExtension(isAuthority, undefined, true),
            ...nonces.map((nonce) => new x509.Extension(NONCE_EXTENSION, false, nonce)),
          ],
        }),
      ),
  };
}

interface CertificateOrder {
  readonly subject: string;
  readonly issuer: string;
  readonly validity: readonly [from: number, to: number];
  readonly keys: readonly [subject: CryptoKey, signer: CryptoKey];
  readonly extensions: x509.Extension[];
}

const certificate = async (order: CertificateOrder): Promise<x509.X509Certificate> =>
  await x509.X509CertificateGenerator.create({
    subject: order.subject,
    issuer: order.issuer,
    notBefore: new Date(order.validity[0]),
    notAfter: new Date(order.validity[1]),
    publicKey: order.keys[0],
    signingKey: order.keys[1],
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-384' },
    extensions: order.extensions,
  });

const bytesOf = ({ rawData }: x509.X509Certificate): Uint8Array => new Uint8Array(rawData);

/** A pair of keys for ECDSA. */
export const ecKeys = async (namedCurve: 'P-256' | 'P-384'): Promise<webcrypto.CryptoKeyPair> =>
  await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve }, true, ['sign', 'verify']);

/** SHA-256 over the parts one after another. */
export function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
