import { createPublicKey } from 'node:crypto';
import { isP256PublicKey, parseAppId } from '@keyserver/health-authority';
import { windowLength } from '@keyserver/time';
import { parseDuration, parseTime } from './time-text.ts';

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
    parse: (text) => matching(/^[A-Za-z0-9-]{1,20}$/)(text)?.toUpperCase(),
  },
  label: {
    allowed: 'one line of 1 to 200 printable characters without space at either end',
    parse: matching(/^(?=.{1,200}$)[^\s\p{C}]+( +[^\s\p{C}]+)*$/u),
  },
  keyVersion: {
    allowed: '1 to 40 of letters, digits and "_"',
    parse: matching(/^[A-Za-z0-9_]{1,40}$/),
  },
  keyId: {
    allowed: '1 to 40 of letters, digits and "_"',
    // Keys that are stored may have the other two; new-key-ids.ts refuses them for others.
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
  time: {
    allowed: 'an RFC 3339 time in UTC, such as 2024-05-01T00:00:00Z',
    parse: parseTime,
  },
  period: {
    allowed: 'a duration that divides a day, such as 24h, 4h, 15m or 30s',
    parse: (text) => windowLength(parseDuration(text) ?? 0),
  },
  publicKey: {
    allowed: 'a P-256 public key in PEM (BEGIN PUBLIC KEY)',
    parse: (text) => (isP256PublicKey(text) ? canonicalPem(text) : undefined),
  },
} satisfies Readonly<Record<string, Grammar>>;

/** The names of the grammars. */
export type GrammarName = keyof typeof GRAMMARS;

// One key has many spellings in PEM; one of them is stored, so that a mere reformatting is no change.
const canonicalPem = (pem: string): string =>
  createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString().trim();
