import { createHash } from 'node:crypto';

/** An upload as an attestation is bound to it: decoded, its shape checked, no value changed by the server yet. */
export interface BoundUpload {
  /** `appPackageName`, or `healthAuthorityID` where the API has only that. */
  readonly app: string;
  readonly regions: readonly string[];
  readonly keys: readonly BoundKey[];
  /** The verification certificate as sent. Empty means the same as absent, here and below. */
  readonly verificationPayload?: string | undefined;
  /** Decoded. */
  readonly hmacKey?: Uint8Array | undefined;
  /** Interval number; 0 means the same as absent. */
  readonly onset?: number | undefined;
  readonly traveler: boolean;
  /** As sent. */
  readonly revisionToken?: string | undefined;
  /** The bytes of a challenge that this server issued. */
  readonly challenge?: Uint8Array | undefined;
}

/** A key as it was sent, base64 decoded. */
export interface BoundKey {
  /** 16 bytes. */
  readonly data: Uint8Array;
  /** Interval number. */
  readonly start: number;
  /** Ten-minute intervals; 0 or absent is a whole day. */
  readonly period?: number | undefined;
  /** Transmission risk level; absent is 0. */
  readonly risk?: number | undefined;
}

/** Intervals of a day, which an absent period stands for. */
const WHOLE_DAY = 144;

const ABSENT = '-';

/**
 * The text that an attestation covers, version 1 of its form: one line for each thing said, in a fixed order, so that two
 * uploads have one text only if they say the same. Everything that could hold a separator is encoded. ASCII, every line
 * ends with LF.
 */
export function bindingText(upload: BoundUpload): string {
  const lines = [
    'en-publish-binding/1',
    `app:${encoded(upload.app)}`,
    `regions:${distinctRegions(upload.regions).map(encoded).join(',')}`,
    `keys:${String(upload.keys.length)}`,
    ...upload.keys.toSorted(byDataThenStart).map(keyLine),
    `verification:${digestOf(upload.verificationPayload)}`,
    `hmackey:${digestOf(upload.hmacKey)}`,
    `onset:${String((upload.onset ?? 0) === 0 ? ABSENT : upload.onset)}`,
    `traveler:${upload.traveler ? '1' : '0'}`,
    `revision:${digestOf(upload.revisionToken)}`,
    `challenge:${isAbsent(upload.challenge) ? ABSENT : encoded(upload.challenge)}`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** SHA-256 over the text of an upload, 32 bytes: what an attestation must carry to count for this upload and no other. */
export const bindingDigest = (upload: BoundUpload): Uint8Array =>
  createHash('sha256').update(bindingText(upload), 'ascii').digest();

/** A digest as a nonce or request hash of Play Integrity spells it: base64url without padding, 43 characters. */
export const digestText = (digest: Uint8Array): string => encoded(digest);

const encoded = (value: string | Uint8Array): string =>
  (typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value)).toString(
    'base64url',
  );

/** Only a to z: a server must not depend on the alphabets that its runtime knows. */
const upperCased = (region: string): string =>
  region.replace(/[a-z]/g, (letter) => letter.toUpperCase());

const distinctRegions = (regions: readonly string[]): readonly string[] =>
  [...new Set(regions.map(upperCased))].toSorted((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );

const periodOf = ({ period = 0 }: BoundKey): number => (period === 0 ? WHOLE_DAY : period);

/** Keys with the same data and start are refused later; until then their order must not depend on how they were sent. */
const byDataThenStart = (a: BoundKey, b: BoundKey): number =>
  Buffer.compare(a.data, b.data) ||
  a.start - b.start ||
  periodOf(a) - periodOf(b) ||
  (a.risk ?? 0) - (b.risk ?? 0);

const keyLine = (key: BoundKey): string =>
  `key:${encoded(key.data)}.${String(key.start)}.${String(periodOf(key))}.${String(key.risk ?? 0)}`;

const isAbsent = (value: string | Uint8Array | undefined): value is undefined =>
  value === undefined || value.length === 0;

const digestOf = (value: string | Uint8Array | undefined): string =>
  isAbsent(value) ? ABSENT : encoded(createHash('sha256').update(value).digest());
