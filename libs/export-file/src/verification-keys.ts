import { createPublicKey } from 'node:crypto';
import { type UnixMillis, millisOf, secondsOf, unixSeconds } from '@keyserver/time';
import type { BlobHeaders } from './blob-store.ts';
import { keptFor } from './index-file.ts';
import type { SignerName } from './wire-format.ts';

/** A public key that verifies archives, and the time in which it signs new ones. */
export interface VerificationKey extends SignerName {
  /** P-256, PEM (SPKI). */
  readonly publicKey: string;
  readonly from: UnixMillis;
  readonly thru: UnixMillis | undefined;
}

/** How the verification keys are served: with the index, and as fresh. */
export const keysHeaders = (maxAgeSeconds: number): Omit<BlobHeaders, 'digest'> => ({
  contentType: 'application/json',
  cacheControl: keptFor(maxAgeSeconds),
});

const MAX_DOCUMENT_BYTES = 256 * 1024;
const MAX_NAME_LENGTH = 64;
const ONE_PUBLIC_KEY = /^-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]*-----END PUBLIC KEY-----\s*$/;

/** Object name of the verification keys of an export. */
export const verificationKeysName = (filenameRoot: string): string => `${filenameRoot}/keys.json`;

/** The document that publishes the verification keys, newest first; times in it are Unix seconds. */
export function renderVerificationKeys(keys: readonly VerificationKey[]): Uint8Array {
  const newestFirst = keys.toSorted((a, b) => b.from - a.from);
  const rendered = newestFirst.map(({ keyId, keyVersion, publicKey, from, thru }) => ({
    keyId,
    keyVersion,
    publicKey,
    from: secondsOf(from),
    ...(thru === undefined ? {} : { thru: secondsOf(thru) }),
  }));
  return Buffer.from(`${JSON.stringify({ keys: rendered }, undefined, 2)}\n`);
}

/** The verification keys of a published document; undefined for anything else, and when one of them is no P-256 key. */
export function parseVerificationKeys(content: Uint8Array): readonly VerificationKey[] | undefined {
  if (content.length > MAX_DOCUMENT_BYTES) return undefined;
  const document = parseJson(Buffer.from(content).toString('utf8'));
  const listed = isRecord(document) ? document['keys'] : undefined;
  if (!Array.isArray(listed)) return undefined;
  const keys = listed.map(parseKey);
  return keys.every((key) => key !== undefined) ? keys : undefined;
}

function parseKey(stated: unknown): VerificationKey | undefined {
  if (!isRecord(stated)) return undefined;
  const { keyId, keyVersion, publicKey, from, thru } = stated;
  if (!isName(keyId) || !isName(keyVersion) || !isTime(from)) return undefined;
  if (thru !== undefined && !isTime(thru)) return undefined;
  if (typeof publicKey !== 'string' || !isP256(publicKey)) return undefined;
  const until = thru === undefined ? undefined : millisOf(unixSeconds(thru));
  return { keyId, keyVersion, publicKey, from: millisOf(unixSeconds(from)), thru: until };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MAX_NAME_LENGTH;

const MAX_SECONDS = Number.MAX_SAFE_INTEGER / 1000;
const isTime = (value: unknown): value is number =>
  Number.isSafeInteger(value) && typeof value === 'number' && value >= 0 && value <= MAX_SECONDS;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A private key would pass for a public one, and must never be taken for something to publish; so would the first of two. */
function isP256(pem: string): boolean {
  if (!ONE_PUBLIC_KEY.test(pem)) return false;
  try {
    return createPublicKey(pem).asymmetricKeyDetails?.namedCurve === 'prime256v1';
  } catch {
    return false;
  }
}
