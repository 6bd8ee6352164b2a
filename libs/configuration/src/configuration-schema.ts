import type { AuthorityKey, AuthorizedApp, HealthAuthority } from '@keyserver/health-authority';
import {
  type ExportConfig,
  MAX_FILE_RECORDS,
  MAX_SIGNERS,
  type SigningKey,
} from '@keyserver/export-file';
import type { UnixMillis } from '@keyserver/time';
import { type GrammarName } from './grammar.ts';
import { type EntryCheck, checkOf } from './schema-check.ts';

/** An entry of the file, where an open end is a missing field. */
type Open<T> = Omit<T, 'thru'> & { readonly thru?: UnixMillis };

/** An authority of the file. */
export type AuthorityEntry = Omit<HealthAuthority, 'keys'> & {
  readonly keys: readonly Open<AuthorityKey>[];
};

const text = (grammar: GrammarName): object => ({ type: 'string', grammar });
const whole = (minimum: number, maximum: number): object => ({ type: 'integer', minimum, maximum });
const list = (items: object, atLeast: number, atMost: number): object => ({
  type: 'array',
  items,
  minItems: atLeast,
  maxItems: atMost,
});
const flag = { type: 'boolean', default: false };
const orElse = (schema: object, value: unknown): object => ({ ...schema, default: value });

/** A group of fields; those with a default, and `thru`, may be missing. */
function group(properties: Readonly<Record<string, object>>): object {
  const required = Object.entries(properties)
    .filter(([name, schema]) => !('default' in schema) && name !== 'thru')
    .map(([name]) => name);
  return { type: 'object', properties, required, additionalProperties: false };
}

const MAX_REGIONS = 300;
const authorityId = whole(1, 2 ** 31 - 1);
const validity = { from: text('time'), thru: text('time') };

/** Checks and reads one entry of `authorities`. */
export const authorityEntry: EntryCheck<AuthorityEntry> = checkOf(
  group({
    id: authorityId,
    issuer: text('label'),
    audience: text('label'),
    name: text('label'),
    keys: list(
      group({ version: text('label'), publicKey: text('publicKey'), ...validity }),
      0,
      100,
    ),
  }),
);

/** Checks and reads one entry of `apps`. */
export const appEntry: EntryCheck<AuthorizedApp> = checkOf(
  group({
    id: text('appId'),
    regions: list(text('region'), 1, MAX_REGIONS),
    authorities: list(authorityId, 0, 100),
    bypassCertificate: flag,
  }),
);

/** Checks and reads one entry of `signingKeys`. */
export const signingKeyEntry: EntryCheck<Open<SigningKey>> = checkOf(
  group({
    id: text('id'),
    signingKey: text('signingKey'),
    keyId: text('keyId'),
    keyVersion: text('keyVersion'),
    ...validity,
  }),
);

/** Checks and reads one entry of `exports`. */
export const exportEntry: EntryCheck<Open<ExportConfig>> = checkOf(
  group({
    id: text('id'),
    bucket: text('bucket'),
    filenameRoot: text('filenameRoot'),
    period: text('period'),
    outputRegion: text('region'),
    inputRegions: orElse(list(text('region'), 0, MAX_REGIONS), []),
    excludeRegions: orElse(list(text('region'), 0, MAX_REGIONS), []),
    includeTravelers: flag,
    onlyNonTravelers: flag,
    ...validity,
    signingKeys: list(text('id'), 1, MAX_SIGNERS),
    minRecords: orElse(whole(0, 100_000), 1000),
    paddingRange: orElse(whole(0, 100_000), 100),
    maxRecords: orElse(whole(1, MAX_FILE_RECORDS), 500_000),
  }),
);

/** Checks that a file has its four lists and nothing else; what lies in them is checked entry by entry. */
export const wholeFile: EntryCheck<Readonly<Record<string, readonly unknown[]>>> = checkOf(
  group(
    Object.fromEntries(
      ['authorities', 'apps', 'signingKeys', 'exports'].map((section) => [
        section,
        { type: 'array', maxItems: 400 },
      ]),
    ),
  ),
);
