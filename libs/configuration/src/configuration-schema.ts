import {
  type ExportConfig,
  MAX_FILE_RECORDS,
  MAX_SIGNERS,
  type SigningKey,
} from '@keyserver/export-file';
import {
  CALLS_PER_MINUTE,
  type FederationQuery,
  PAGE_KEYS,
  type Partner,
} from '@keyserver/federation';
import {
  type AuthorityKey,
  type AuthorizedApp,
  type HealthAuthority,
  MAX_AUTHORITY_KEYS,
  MAX_REGIONS,
} from '@keyserver/health-authority';
import type { UnixMillis } from '@keyserver/time';
import { Ajv, type ErrorObject, type SchemaObject, type ValidateFunction } from 'ajv';
import type { DataValidateFunction } from 'ajv/dist/types/index.js';
import { LATER_SECTIONS, type Problem } from './configuration.ts';
import { GRAMMARS, type Grammar, type GrammarName } from './grammar.ts';

/** What became of one entry of the file. */
type Checked<T> =
  | { readonly kind: 'entry'; readonly entry: T }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** Reads a value of the file: its texts turned into what they stand for, or every problem in it. */
export type EntryCheck<T> = (value: unknown, path: string) => Checked<T>;

const ajv = new Ajv({ allErrors: true, useDefaults: true });

// Reads a text where it stands: once the schema has passed, the value is the one that the grammar gives.
ajv.addKeyword({
  keyword: 'grammar',
  type: 'string',
  modifying: true,
  errors: true,
  compile: (name: GrammarName) => readerOf(GRAMMARS[name]),
});

function readerOf(grammar: Grammar): DataValidateFunction {
  const read: DataValidateFunction = (text: string, at) => {
    const value = grammar.parse(text);
    if (value === undefined || at === undefined) {
      read.errors = [{ keyword: 'grammar', message: `must be ${grammar.allowed}` }];
      return false;
    }
    Reflect.set(at.parentData, at.parentDataProperty, value);
    return true;
  };
  return read;
}

/** The check that a schema describes. It replaces texts in the value itself, so each value must be given to it only once. */
export function checkOf<T>(schema: SchemaObject): EntryCheck<T> {
  const validate: ValidateFunction<T> = ajv.compile<T>(schema);
  return (value, path) =>
    validate(value)
      ? { kind: 'entry', entry: value }
      : { kind: 'refused', problems: (validate.errors ?? []).map((e) => problemOf(e, path)) };
}

const TYPE_NAME: Readonly<Record<string, string>> = {
  string: 'text (in quotes, if it looks like a number or a word such as true)',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of fields',
};

function problemOf(error: ErrorObject, root: string): Problem {
  const path = error.instancePath.split('/').slice(1).reduce(step, root);
  const named = (name: unknown, message: string): Problem => ({
    path: step(path, String(name)),
    message,
  });
  switch (error.keyword) {
    case 'required':
      return named(error.params['missingProperty'], 'is missing');
    case 'additionalProperties':
      return named(error.params['additionalProperty'], 'is not a known field');
    case 'type':
      return { path, message: `must be ${TYPE_NAME[String(error.params['type'])] ?? 'different'}` };
    case 'enum':
      return { path, message: `must be ${[error.params['allowedValues']].flat().join(' or ')}` };
    default:
      return { path, message: error.message ?? 'is not allowed' };
  }
}

function step(path: string, name: string): string {
  if (/^\d+$/.test(name)) return `${path}[${name}]`;
  return path === '' ? name : `${path}.${name}`;
}

/** An entry of the file, where an open end is a missing field. */
type Open<T> = Omit<T, 'thru'> & { readonly thru?: UnixMillis };

/** An authority of the file. */
type AuthorityEntry = Omit<HealthAuthority, 'keys'> & {
  readonly keys: readonly Open<AuthorityKey>[];
};

export const text = (grammar: GrammarName): object => ({ type: 'string', grammar });
export const whole = (minimum: number, maximum: number): object => ({
  type: 'integer',
  minimum,
  maximum,
});
export const list = (items: object, atLeast: number, atMost: number): object => ({
  type: 'array',
  items,
  minItems: atLeast,
  maxItems: atMost,
});
export const flag = { type: 'boolean', default: false };
export const orElse = (schema: object, value: unknown): object => ({ ...schema, default: value });

/** Fields that are absent where they say nothing. */
const MAY_BE_ABSENT: readonly string[] = [
  ...['thru', 'maxKeysPerDay', 'unit', 'jwks'],
  ...['playIntegrity', 'appAttest', 'safetyNet', 'minVersionCode', 'categories'],
  ...LATER_SECTIONS,
];

/** A group of fields; those with a default, and those that may be absent, may be missing. */
export function group(properties: Readonly<Record<string, object>>): object {
  const required = Object.entries(properties)
    .filter(([name, schema]) => !('default' in schema) && !MAY_BE_ABSENT.includes(name))
    .map(([name]) => name);
  return { type: 'object', properties, required, additionalProperties: false };
}

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
      group({
        version: text('authorityKeyVersion'),
        publicKey: text('publicKey'),
        ...validity,
      }),
      0,
      MAX_AUTHORITY_KEYS,
    ),
    jwks: text('jwks'),
    stats: { type: 'boolean', default: true },
  }),
);

/** Checks and reads one entry of `apps`. */
export const appEntry: EntryCheck<AuthorizedApp> = checkOf(
  group({
    id: text('appId'),
    regions: list(text('region'), 1, MAX_REGIONS),
    authorities: list(authorityId, 0, 100),
    bypassCertificate: flag,
    bypassRevisionToken: flag,
    maxKeysPerDay: whole(1, 1_000_000_000),
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

const PADDING = {
  minRecords: orElse(whole(0, 100_000), 1000),
  paddingRange: orElse(whole(0, 100_000), 100),
};

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
    ...PADDING,
    maxRecords: orElse(whole(1, MAX_FILE_RECORDS), 500_000),
    padEmpty: flag,
  }),
);

/** Checks and reads one entry of `queries`. */
export const queryEntry: EntryCheck<Open<FederationQuery>> = checkOf(
  group({
    id: text('id'),
    server: text('server'),
    audience: text('federationAudience'),
    partner: orElse({ type: 'string', enum: ['standard', 'reference'] }, 'standard'),
    includeRegions: orElse(list(text('region'), 0, MAX_REGIONS), []),
    excludeRegions: orElse(list(text('region'), 0, MAX_REGIONS), []),
    onlyTravelers: flag,
    onlyLocalProvenance: orElse({ type: 'boolean' }, true),
    maxPageKeys: orElse(whole(PAGE_KEYS.least, PAGE_KEYS.most), PAGE_KEYS.usual),
    acceptSelfReport: flag,
    acceptRecursive: flag,
    ...validity,
  }),
);

/** A partner of the file; a unit that it does not name is chosen when all exports are known. */
export type PartnerEntry = Omit<Open<Partner>, 'unit'> & { readonly unit?: number };

/** Checks and reads one entry of `partners`. */
export const partnerEntry: EntryCheck<PartnerEntry> = checkOf(
  group({
    id: text('id'),
    issuer: text('label'),
    subject: text('label'),
    audience: text('audience'),
    includeRegions: list(text('region'), 1, MAX_REGIONS),
    excludeRegions: orElse(list(text('region'), 0, MAX_REGIONS), []),
    includeTravelers: flag,
    onlyLocalProvenance: orElse({ type: 'boolean' }, true),
    mode: orElse({ enum: ['padded', 'fresh'] }, 'padded'),
    unit: text('period'),
    ...PADDING,
    maxPageKeys: orElse(whole(PAGE_KEYS.least, PAGE_KEYS.most), PAGE_KEYS.usual),
    callsPerMinute: orElse(
      whole(CALLS_PER_MINUTE.least, CALLS_PER_MINUTE.most),
      CALLS_PER_MINUTE.usual,
    ),
    ...validity,
  }),
);

/** Checks that a file has its lists and nothing else; what lies in them is checked entry by entry. */
export const wholeFile: EntryCheck<Readonly<Record<string, readonly unknown[]>>> = checkOf(
  group(
    Object.fromEntries(
      ['authorities', 'apps', 'signingKeys', 'exports', ...LATER_SECTIONS].map((section) => [
        section,
        { type: 'array', maxItems: 400 },
      ]),
    ),
  ),
);
