import { MAX_FRESHNESS } from '@keyserver/attestation';
import {
  parseAppId,
  parseKeyVersion,
  parsePublicKey,
  parseRegion,
} from '@keyserver/health-authority';
import { HOUR, MINUTE, SECOND, type UnixMillis, unixMillis, windowLength } from '@keyserver/time';

/** What a text of the configuration may be: `allowed` completes "must be …", `parse` gives the value it stands for. */
export interface Grammar {
  readonly allowed: string;
  readonly parse: (text: string) => string | number | undefined;
}

const matching =
  (pattern: RegExp) =>
  (text: string): string | undefined =>
    pattern.test(text) ? text : undefined;

/** The texts of a configuration, by the name that the schema uses. */
export const GRAMMARS = {
  id: {
    allowed: '1 to 40 of a-z, 0-9 and -',
    parse: matching(/^[a-z0-9-]{1,40}$/),
  },
  appId: {
    allowed: 'the text that the app sends: 1 to 255 bytes of UTF-8 without control characters',
    parse: parseAppId,
  },
  region: {
    allowed: '1 to 20 of A-Z, 0-9 and -',
    parse: parseRegion,
  },
  label: {
    allowed: 'one line of 1 to 200 printable characters without space at either end',
    parse: matching(/^(?=.{1,200}$)[^\s\p{C}]+( +[^\s\p{C}]+)*$/u),
  },
  authorityKeyVersion: {
    allowed: 'one line of 1 to 200 printable characters without space at either end',
    parse: parseKeyVersion,
  },
  jwks: {
    allowed:
      'an https address of at most 400 characters without a user, such as https://verification.example.org/jwks.json',
    // Plain http is for this very machine, and change-rules.ts takes it in the development profile alone.
    parse: (text) =>
      /^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost)[:/])[\w.~:/?&=%+,;[\]-]{1,380}$/.test(text) &&
      URL.canParse(text)
        ? text
        : undefined,
  },
  audience: {
    allowed: 'an https URL of at most 200 characters, such as https://keys.example.org/federation',
    parse: (text) =>
      /^https:\/\/[!-~]{1,192}$/.test(text) && URL.canParse(text) ? text : undefined,
  },
  keyVersion: {
    allowed: '1 to 40 of letters, digits and "_"',
    parse: matching(/^[A-Za-z0-9_]{1,40}$/),
  },
  keyId: {
    allowed: '1 to 40 of letters, digits and "_"',
    // Keys that are stored may have the other two; change-rules.ts refuses them for others.
    parse: matching(/^[A-Za-z0-9._-]{1,40}$/),
  },
  signingKey: {
    allowed:
      'the name of a key file or of a KMS key version: letters, digits, ".", "_", "-" and "/"',
    parse: matching(/^(?=.{1,400}$)[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/),
  },
  bucket: {
    allowed: '3 to 63 of a-z, 0-9, ".", "_" and "-", with a letter or digit at both ends',
    parse: matching(/^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/),
  },
  filenameRoot: {
    allowed:
      'path segments of letters, digits, ".", "_" and "-", joined by "/", none starting with "."',
    parse: matching(/^(?=.{1,200}$)[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/),
  },
  server: {
    allowed: 'a host name in lower case, alone or with a port, such as keys.example.org:443',
    parse: matching(
      /^(?=.{1,253}(:|$))[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[1-9]\d{0,4})?$/,
    ),
  },
  federationAudience: {
    allowed: 'an https address of at most 200 characters',
    parse: matching(/^(?=.{1,200}$)https:\/\/[\w:/.~-]+$/),
  },
  time: {
    allowed: 'an RFC 3339 time in UTC, such as 2024-05-01T00:00:00Z',
    parse: parseTime,
  },
  period: {
    allowed: 'a duration that divides a day, such as 24h, 4h, 15m or 30s',
    parse: (text) => windowLength(parseDuration(text) ?? 0),
  },
  androidPackage: {
    allowed: 'an Android package name of at most 255 characters, such as org.example.app',
    parse: matching(/^(?=.{3,255}$)[A-Za-z]\w*(\.[A-Za-z]\w*)+$/),
  },
  certificateDigest: {
    allowed: 'SHA-256 of a signing certificate in hex (with or without colons) or in base64',
    parse: parseDigest,
  },
  appleTeam: {
    allowed: 'a team id of ten upper-case letters and digits',
    parse: matching(/^[A-Z0-9]{10}$/),
  },
  bundleId: {
    allowed: 'a bundle id of at most 155 letters, digits, "-" and "."',
    parse: matching(/^[A-Za-z0-9.-]{1,155}$/),
  },
  attestationAge: {
    allowed: 'a duration of at most an hour, such as 10m',
    parse: (text) => upTo(MAX_FRESHNESS.maxAge, parseDuration(text)),
  },
  attestationSkew: {
    allowed: 'a duration of at most ten minutes, such as 1m',
    parse: (text) => upTo(MAX_FRESHNESS.maxSkew, parseDuration(text)),
  },
  publicKey: {
    allowed: 'a P-256 public key in PEM (BEGIN PUBLIC KEY)',
    // One key has many spellings in PEM; one of them is stored, so that a mere reformatting is no change.
    parse: parsePublicKey,
  },
} satisfies Readonly<Record<string, Grammar>>;

const upTo = (most: number, ms: number | undefined): number | undefined =>
  ms !== undefined && ms <= most ? ms : undefined;

/** A SHA-256 digest in hex, from the spellings that vendors' tools print; undefined for anything else. */
function parseDigest(text: string): string | undefined {
  const hex = text.replaceAll(':', '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hex)) return hex;
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(text)
    ? Buffer.from(text, 'base64').toString('hex')
    : undefined;
}

/** The names of the grammars. */
export type GrammarName = keyof typeof GRAMMARS;

const RFC3339_UTC = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d{1,3})?Z$/;

/** An RFC 3339 time in UTC, such as 2024-05-01T00:00:00Z, to the millisecond; undefined for anything else. */
export function parseTime(text: string): UnixMillis | undefined {
  const seconds = RFC3339_UTC.exec(text)?.[1];
  const t = Date.parse(text);
  if (seconds === undefined || !(t >= 0)) return undefined;
  // Date.parse carries 30 February over into March.
  return new Date(t).toISOString().startsWith(seconds) ? unixMillis(t) : undefined;
}

/** An instant as RFC 3339 in UTC, without a fraction where it is a whole second. */
export const formatTime = (t: UnixMillis): string =>
  new Date(t).toISOString().replace('.000Z', 'Z');

const UNIT: Readonly<Record<string, number>> = { h: HOUR, m: MINUTE, s: SECOND };

/** A duration in whole hours, minutes or seconds, such as 24h, in milliseconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, count, letter = ''] = /^([1-9]\d{0,5})([hms])$/.exec(text) ?? [];
  const unit = UNIT[letter];
  return unit === undefined ? undefined : Number(count) * unit;
}

/** Whole seconds in milliseconds as a duration, in the largest unit that divides it. */
export function formatDuration(ms: number): string {
  const [letter, unit] = Object.entries(UNIT).find(([, size]) => ms % size === 0) ?? ['s', SECOND];
  return `${ms / unit}${letter}`;
}
