import type { ReferenceDump, Row } from './reference-dump.ts';

/** A configuration in the form of our file, not checked yet, and what the operator must know or decide. */
export interface Translated {
  readonly file: Readonly<Record<string, readonly object[]>>;
  readonly notes: readonly string[];
}

/** The order of the reference's signing keys is that of their ids; phones with iOS go by the latest `from`. */
const FIRST_KEY = Date.UTC(2020, 0, 1);
const KMS_VERSION =
  /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+\/cryptoKeyVersions\/\d+$/;

/** Translates a dump; what has ended at `now` (milliseconds since 1970) is left out, and noted. */
export function fromReference(dump: ReferenceDump, now: number): Translated {
  const notes: string[] = [];
  const present = (row: Row, name: string): boolean => {
    const thru = row['thru_timestamp'];
    const ended = typeof thru === 'string' && Date.parse(thru) <= now;
    if (ended) notes.push(`${name} has ended and is left out`);
    return !ended;
  };
  const signing = dump.signatureinfo.filter((row) => present(row, `signing key ${idOf(row)}`));
  const exports = dump.exportconfig.filter((row) => present(row, `export ${idOf(row)}`));
  const file = {
    authorities: dump.healthauthority.map((row) => authority(row, dump.healthauthoritykey)),
    apps: dump.authorizedapp.map(app),
    signingKeys: signing.map(signingKey),
    exports: exports.map((row) => exporting(row, signing)),
    partners: dump.federationoutauthorization.map((row, n) => partner(row, n, now)),
    queries: dump.federationinquery.map((row) => query(row, now)),
  };
  return { file, notes: [...notes, ...advice(dump, signing)] };
}

function authority(row: Row, keys: readonly Row[]): object {
  return defined({
    ...{ id: row['id'], issuer: row['iss'], audience: row['aud'], name: row['name'] },
    keys: keys
      .filter((key) => key['health_authority_id'] === row['id'])
      .map((key) =>
        defined({
          ...{ version: key['version'], publicKey: key['public_key'] },
          ...span(key),
        }),
      ),
    jwks: row['jwks_uri'] === '' ? undefined : row['jwks_uri'],
    stats: row['enable_stats_api'],
  });
}

const app = (row: Row): object =>
  defined({
    id: row['app_package_name'],
    regions: row['allowed_regions'],
    authorities: row['allowed_health_authority_ids'] ?? [],
    bypassCertificate: row['bypass_health_authority_verification'],
    bypassRevisionToken: row['bypass_revision_token'],
  });

const signingKey = (row: Row): object =>
  defined({
    id: keyName(row['id']),
    signingKey: row['signing_key'],
    keyId: row['signing_key_id'],
    keyVersion: row['signing_key_version'],
    ...span(row),
    from: new Date(FIRST_KEY + Number(row['id']) * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
  });

function exporting(row: Row, signing: readonly Row[]): object {
  const ids = signing.map(({ id }) => id);
  const named = Array.isArray(row['signature_info_ids']) ? row['signature_info_ids'] : [];
  const maxRecords = row['max_records_override'];
  return defined({
    id: `reference-${idOf(row)}`,
    ...{ bucket: row['bucket_name'], filenameRoot: row['filename_root'] },
    period: `${String(row['period_seconds'])}s`,
    outputRegion: row['output_region'],
    ...{ inputRegions: row['input_regions'], excludeRegions: row['exclude_regions'] },
    ...{ includeTravelers: row['include_travelers'], onlyNonTravelers: row['only_non_travelers'] },
    ...span(row),
    signingKeys: named.filter((id) => ids.includes(id)).map(keyName),
    maxRecords: typeof maxRecords === 'number' && maxRecords > 0 ? maxRecords : undefined,
  });
}

const partner = (row: Row, n: number, now: number): object =>
  defined({
    id: `partner-${String(n + 1)}`,
    ...{ issuer: row['oidc_issuer'], subject: row['oidc_subject'], audience: row['oidc_audience'] },
    ...{ includeRegions: row['include_regions'], excludeRegions: row['exclude_regions'] },
    onlyLocalProvenance: row['only_local_provenance'],
    from: new Date(now).toISOString().replace(/\.\d+Z$/, 'Z'),
  });

const query = (row: Row, now: number): object =>
  defined({
    id: typeof row['query_id'] === 'string' ? row['query_id'].replaceAll('_', '-') : undefined,
    ...{ server: row['server_addr'], audience: row['oidc_audience'] },
    ...{ includeRegions: row['include_regions'], excludeRegions: row['exclude_regions'] },
    onlyTravelers: row['only_travelers'],
    onlyLocalProvenance: row['only_local_provenance'],
    from: new Date(now).toISOString().replace(/\.\d+Z$/, 'Z'),
  });

/** What cannot be translated, or must be decided. */
function advice(dump: ReferenceDump, signing: readonly Row[]): readonly string[] {
  const unversioned = signing.filter(({ signing_key: key }) => !KMS_VERSION.test(String(key)));
  return [
    ...unversioned.map(
      (row) => `signing key ${idOf(row)}: name its version in Cloud KMS, …/cryptoKeyVersions/N`,
    ),
    ...dump.federationoutauthorization.flatMap((row, n) =>
      row['only_travelers'] === true
        ? [
            `partner-${String(n + 1)} was given travelers alone, which cannot be said here: it would be given its regions whole`,
          ]
        : [],
    ),
    ...(dump.federationinquery.length === 0
      ? []
      : ['queries: write `partner: reference` to those whose partner runs the reference server']),
  ];
}

const idOf = (row: Row): string => String(row['config_id'] ?? row['id']);
const keyName = (id: unknown): string => `reference-${String(id)}`;

const span = (row: Row): object => ({
  from: instant(row['from_timestamp']),
  thru: instant(row['thru_timestamp']),
});

/** PostgreSQL writes times with an offset; our file has them in UTC and whole seconds. */
function instant(value: unknown): unknown {
  if (typeof value !== 'string') return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? value : `${new Date(time).toISOString().slice(0, 19)}Z`;
}

const defined = (entry: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(
    Object.entries(entry).filter(([, value]) => value !== undefined && value !== null),
  );
