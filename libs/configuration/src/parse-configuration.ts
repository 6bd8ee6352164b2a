import type { ExportConfig, SigningKey } from '@keyserver/export-file';
import type { FederationQuery } from '@keyserver/federation';
import type { AuthorizedApp, HealthAuthority } from '@keyserver/health-authority';
import type { UnixMillis } from '@keyserver/time';
import {
  type EntryCheck,
  appEntry,
  authorityEntry,
  exportEntry,
  partnerEntry,
  queryEntry,
  signingKeyEntry,
  wholeFile,
} from './configuration-schema.ts';
import {
  type Configuration,
  type PartnerOfFile,
  type Problem,
  type Section,
  inOrder,
} from './configuration.ts';
import { privateKeysIn } from './private-keys.ts';
import { readYaml } from './read-yaml.ts';

/** A configuration file as read, or everything that is wrong with it. */
type ParsedConfiguration =
  | { readonly kind: 'configuration'; readonly value: Configuration }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** Reads a configuration file (YAML); refuses it with every problem found, each with its path. */
export function parseConfiguration(text: string): ParsedConfiguration {
  const file = readYaml(text);
  return file.kind === 'refused' ? file : readFile(file.value);
}

function readFile(file: unknown): ParsedConfiguration {
  // First, since checking entries replaces texts by what they stand for.
  const problems: Problem[] = [...privateKeysIn(file)];
  const whole = wholeFile(file, '');
  if (whole.kind === 'refused') problems.push(...whole.problems);
  const placed = placeEntries(file, problems);
  problems.push(...checkConfiguration(placed));
  if (problems.length > 0) return { kind: 'refused', problems };
  const { partners, queries, ...rest } = inOrder(valuesOf(placed));
  const lacks = (section: Section): boolean => memberOf(file, section) === undefined;
  const value = {
    ...rest,
    ...(lacks('partners') ? {} : { partners }),
    ...(lacks('queries') ? {} : { queries }),
  };
  return { kind: 'configuration', value };
}

function valuesOf(placed: PlacedEntries): Required<Configuration> {
  return {
    authorities: placed.authorities.map(({ entry }) => entry),
    apps: placed.apps.map(({ entry }) => entry),
    signingKeys: placed.signingKeys.map(({ entry }) => entry),
    exports: placed.exports.map(({ entry }) => entry),
    partners: placed.partners.map(({ entry }) => entry),
    queries: placed.queries.map(({ entry }) => entry),
  };
}

/** A valid entry of the file, and its path. */
interface Placed<T> {
  readonly path: string;
  readonly entry: T;
}

/**
 * The valid entries of a file, and the ids that all entries claim. With these a reference to an invalid entry is not
 * reported as a second problem.
 */
interface PlacedEntries {
  readonly authorities: readonly Placed<HealthAuthority>[];
  readonly apps: readonly Placed<AuthorizedApp>[];
  readonly signingKeys: readonly Placed<SigningKey>[];
  readonly exports: readonly Placed<ExportConfig>[];
  readonly queries: readonly Placed<FederationQuery>[];
  readonly partners: readonly Placed<PartnerOfFile>[];
  readonly claimed: {
    readonly authorities: ReadonlySet<unknown>;
    readonly signingKeys: ReadonlySet<unknown>;
  };
}

/** Reads every entry of a file on its own; what is wrong with them is added to `problems`. */
function placeEntries(file: unknown, problems: Problem[]): PlacedEntries {
  const read = <T>(section: Section, check: EntryCheck<T>): readonly Placed<T>[] =>
    listIn(file, section).flatMap((value, n) => {
      const path = `${section}[${n}]`;
      const checked = check(value, path);
      if (checked.kind === 'entry') return [{ path, entry: checked.entry }];
      problems.push(...checked.problems);
      return [];
    });
  return {
    authorities: read('authorities', authorityEntry).map(({ path, entry }) => ({
      path,
      entry: { ...entry, keys: entry.keys.map(withEnd) },
    })),
    apps: read('apps', appEntry),
    signingKeys: read('signingKeys', signingKeyEntry).map(placedWithEnd),
    exports: read('exports', exportEntry).map(placedWithEnd),
    queries: read('queries', queryEntry).map(placedWithEnd),
    partners: read('partners', partnerEntry).map(placedWithEnd),
    claimed: {
      authorities: idsIn(listIn(file, 'authorities')),
      signingKeys: idsIn(listIn(file, 'signingKeys')),
    },
  };
}

interface OpenEnd {
  readonly thru?: UnixMillis;
}

const withEnd = <T extends OpenEnd>(entry: T): T & { thru: UnixMillis | undefined } => ({
  ...entry,
  thru: entry.thru,
});

const placedWithEnd = <T extends OpenEnd>({
  path,
  entry,
}: Placed<T>): Placed<T & { thru: UnixMillis | undefined }> => ({ path, entry: withEnd(entry) });

function listIn(file: unknown, section: Section): readonly unknown[] {
  const list = memberOf(file, section);
  return Array.isArray(list) ? list : [];
}

const idsIn = (entries: readonly unknown[]): ReadonlySet<unknown> =>
  new Set(entries.map((entry) => memberOf(entry, 'id')));

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

/** The rules between fields and between entries: unique names, references that exist, times in order. */
function checkConfiguration(file: PlacedEntries): readonly Problem[] {
  const keys = file.authorities.flatMap(({ path, entry }) =>
    entry.keys.map((key, n) => ({ path: `${path}.keys[${n}]`, entry: key, authority: path })),
  );
  return [
    ...repeats(file.authorities, 'id', ({ id }) => String(id)),
    ...repeats(file.authorities, 'issuer', ({ issuer }) => issuer),
    ...repeats(keys, 'version', ({ version }, { authority }) => `${authority} ${version}`),
    ...repeats(file.apps, 'id', ({ id }) => id),
    ...repeats(file.signingKeys, 'id', ({ id }) => id),
    ...repeats(file.signingKeys, 'keyVersion', (key) => `${key.keyId} ${key.keyVersion}`),
    ...repeats(file.exports, 'id', ({ id }) => id),
    ...repeats(file.exports, 'filenameRoot', (config) =>
      `${config.bucket} ${config.filenameRoot}`.toLowerCase(),
    ),
    ...repeats(file.partners, 'id', ({ id }) => id),
    ...repeats(file.partners, 'subject', ({ issuer, subject }) =>
      JSON.stringify([issuer, subject]),
    ),
    ...repeats(file.queries, 'id', ({ id }) => id),
    ...[...keys, ...file.signingKeys, ...file.exports, ...file.partners, ...file.queries].flatMap(
      endsAfterStart,
    ),
    ...unknownReferences(file),
    ...file.exports.flatMap(travelersOnceOnly),
    ...file.partners.flatMap(grantsNothing),
    ...file.queries.flatMap(overlappingRegions),
  ];
}

function repeats<T, P extends Placed<T>>(
  placed: readonly P[],
  field: string,
  identity: (entry: P['entry'], at: P) => string,
): readonly Problem[] {
  const first = new Map<string, string>();
  return placed.flatMap((at) => {
    const key = identity(at.entry, at);
    const before = first.get(key);
    if (before === undefined) first.set(key, at.path);
    return before === undefined
      ? []
      : [
          {
            path: `${at.path}.${field}`,
            message: `${REPEATED[field] ?? 'is the same as'} ${before}`,
          },
        ];
  });
}

const REPEATED: Readonly<Record<string, string>> = {
  filenameRoot: 'with this bucket is the same, but for letter case, as in',
  keyVersion: 'with this keyId is the same as in',
  subject: 'with this issuer is the same as in',
};

function endsAfterStart({
  path,
  entry,
}: Placed<{ readonly from: number; readonly thru: number | undefined }>): readonly Problem[] {
  return entry.thru === undefined || entry.thru > entry.from
    ? []
    : [{ path: `${path}.thru`, message: 'must be after from' }];
}

function unknownReferences({ apps, exports, claimed }: PlacedEntries): readonly Problem[] {
  return [
    ...apps.flatMap(({ path, entry }) =>
      missing(`${path}.authorities`, entry.authorities, claimed.authorities, 'authority'),
    ),
    ...exports.flatMap(({ path, entry }) =>
      missing(`${path}.signingKeys`, entry.signingKeys, claimed.signingKeys, 'signing key'),
    ),
  ];
}

const missing = (
  path: string,
  ids: readonly (string | number)[],
  known: ReadonlySet<unknown>,
  kind: string,
): readonly Problem[] =>
  ids.flatMap((id, n) =>
    known.has(id)
      ? []
      : [{ path: `${path}[${n}]`, message: `names ${kind} ${id}, which this file lacks` }],
  );

const travelersOnceOnly = ({
  path,
  entry,
}: PlacedEntries['exports'][number]): readonly Problem[] =>
  entry.includeTravelers && entry.onlyNonTravelers
    ? [{ path: `${path}.onlyNonTravelers`, message: 'excludes includeTravelers; choose one' }]
    : [];

/** A server refuses a call whose regions overlap. */
const overlappingRegions = ({
  path,
  entry: { includeRegions, excludeRegions },
}: PlacedEntries['queries'][number]): readonly Problem[] => {
  const both = includeRegions.find((region) => excludeRegions.includes(region));
  const message = `has ${both}, which includeRegions has too`;
  return both === undefined ? [] : [{ path: `${path}.excludeRegions`, message }];
};

const grantsNothing = ({
  path,
  entry: { includeRegions, excludeRegions, includeTravelers },
}: Placed<PartnerOfFile>): readonly Problem[] =>
  includeTravelers || includeRegions.some((region) => !excludeRegions.includes(region))
    ? []
    : [{ path: `${path}.excludeRegions`, message: 'excludes every region that is included' }];
