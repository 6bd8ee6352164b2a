import type { Collection, Transaction } from '@keyserver/docstore';
import type { ExportConfig, SigningKey } from '@keyserver/export-file';
import type { FederationQuery, Partner } from '@keyserver/federation';
import {
  type AuthorizedApp,
  type HealthAuthority,
  keyFingerprint,
} from '@keyserver/health-authority';
import {
  appDocument,
  appDocumentId,
  appOf,
  authorityDocument,
  authorityOf,
  authorizedApps,
  exportConfigDocument,
  exportConfigOf,
  exportConfigs,
  federationQueries,
  healthAuthorities,
  partnerDocument,
  partnerOf,
  partners,
  queryDocument,
  queryOf,
  signingKeyDocument,
  signingKeyOf,
  signingKeys,
} from '@keyserver/stores';
import type { UnixMillis } from '@keyserver/time';
import { type Section, type WholeConfiguration, inOrder } from './configuration.ts';
import { formatDuration, formatTime } from './grammar.ts';
import { wholeOf } from './usual-units.ts';

/** The configuration as it is stored. */
export const readStored = async (tx: Transaction): Promise<WholeConfiguration> =>
  wholeOf(
    inOrder({
      authorities: await all(tx, healthAuthorities, authorityOf),
      apps: await all(tx, authorizedApps, appOf),
      signingKeys: await all(tx, signingKeys, signingKeyOf),
      exports: await all(tx, exportConfigs, exportConfigOf),
      queries: await all(tx, federationQueries, queryOf),
      partners: await all(tx, partners, partnerOf),
    }),
  );

async function all<D, T>(
  tx: Transaction,
  from: Collection<D>,
  read: (id: string, stored: D) => T,
): Promise<readonly T[]> {
  return (await tx.find(from, {})).map(({ id, value }) => read(id, value));
}

/** A document of the configuration as an operator sees it, with the way to store it. */
export interface Described {
  readonly section: Section;
  readonly id: string;
  readonly fields: DescribedFields;
  readonly write: (tx: Transaction) => void;
  readonly remove: (tx: Transaction) => void;
}

/** Every document of a configuration. */
export const describe = (configuration: WholeConfiguration): readonly Described[] => [
  ...configuration.authorities.map((authority) =>
    described(
      { section: 'authorities', id: String(authority.id), fields: authorityFields(authority) },
      healthAuthorities,
      authorityDocument(authority),
    ),
  ),
  ...configuration.apps.map((app) =>
    described(
      {
        section: 'apps',
        id: app.id,
        fields: appFields(app),
        documentId: appDocumentId(app.id),
      },
      authorizedApps,
      appDocument(app),
    ),
  ),
  ...configuration.signingKeys.map((key) =>
    described(
      { section: 'signingKeys', id: key.id, fields: signingKeyFields(key) },
      signingKeys,
      signingKeyDocument(key),
    ),
  ),
  ...configuration.exports.map((config) =>
    described(
      { section: 'exports', id: config.id, fields: exportFields(config) },
      exportConfigs,
      exportConfigDocument(config),
    ),
  ),
  ...configuration.partners.map((partner) =>
    described(
      { section: 'partners', id: partner.id, fields: partnerFields(partner) },
      partners,
      partnerDocument(partner),
    ),
  ),
  ...configuration.queries.map((query) =>
    described(
      { section: 'queries', id: query.id, fields: queryFields(query) },
      federationQueries,
      queryDocument(query),
    ),
  ),
];

const described = <D>(
  {
    documentId,
    ...rest
  }: Pick<Described, 'section' | 'id' | 'fields'> & {
    /** Where it is not the id itself. */
    readonly documentId?: string;
  },
  into: Collection<D>,
  document: D,
): Described => ({
  ...rest,
  write: (tx) => {
    tx.set(into, documentId ?? rest.id, document);
  },
  remove: (tx) => {
    tx.delete(into, documentId ?? rest.id);
  },
});

/** The fields of a configuration document as an operator reads them; equal documents, and only they, have equal fields. */
export type DescribedFields = ReadonlyMap<string, string>;

type FieldText = readonly [field: string, text: string];

/** The fields of an authority; each of its keys is three fields, the key itself by its fingerprint. */
const authorityFields = (authority: HealthAuthority): DescribedFields =>
  new Map<string, string>([
    ['issuer', authority.issuer],
    ['audience', authority.audience],
    ['name', authority.name],
    ...authority.keys.flatMap((key): readonly FieldText[] => [
      [`keys.${key.version}.publicKey`, `sha256:${keyFingerprint(key.publicKey)}`],
      ...validity(key, `keys.${key.version}.`),
    ]),
    ...(authority.jwks === undefined ? [] : [['jwks', authority.jwks] as const]),
    ['stats', String(authority.stats)],
  ]);

/** The fields of an application. */
const appFields = (app: AuthorizedApp): DescribedFields =>
  new Map<string, string>([
    ['regions', app.regions.join(', ')],
    ['authorities', app.authorities.join(', ')],
    ['bypassCertificate', String(app.bypassCertificate)],
    ['bypassRevisionToken', String(app.bypassRevisionToken)],
    ...(app.maxKeysPerDay === undefined
      ? []
      : [['maxKeysPerDay', String(app.maxKeysPerDay)] as const]),
  ]);

/** The fields of a signing key. */
const signingKeyFields = (key: SigningKey): DescribedFields =>
  new Map<string, string>([
    ['signingKey', key.signingKey],
    ['keyId', key.keyId],
    ['keyVersion', key.keyVersion],
    ...validity(key),
  ]);

/** The fields of an export. */
const exportFields = (config: ExportConfig): DescribedFields =>
  new Map<string, string>([
    ['bucket', config.bucket],
    ['filenameRoot', config.filenameRoot],
    ['period', formatDuration(config.period)],
    ['outputRegion', config.outputRegion],
    ['inputRegions', config.inputRegions.join(', ')],
    ['excludeRegions', config.excludeRegions.join(', ')],
    ['includeTravelers', String(config.includeTravelers)],
    ['onlyNonTravelers', String(config.onlyNonTravelers)],
    ...validity(config),
    ['signingKeys', config.signingKeys.join(', ')],
    ['minRecords', String(config.minRecords)],
    ['paddingRange', String(config.paddingRange)],
    ['maxRecords', String(config.maxRecords)],
    ['padEmpty', String(config.padEmpty)],
  ]);

/** The fields of a federation query. */
const queryFields = (query: FederationQuery): DescribedFields =>
  new Map<string, string>([
    ['server', query.server],
    ['audience', query.audience],
    ['partner', query.partner],
    ['includeRegions', query.includeRegions.join(', ')],
    ['excludeRegions', query.excludeRegions.join(', ')],
    ['onlyTravelers', String(query.onlyTravelers)],
    ['onlyLocalProvenance', String(query.onlyLocalProvenance)],
    ['maxPageKeys', String(query.maxPageKeys)],
    ['acceptSelfReport', String(query.acceptSelfReport)],
    ['acceptRecursive', String(query.acceptRecursive)],
    ...validity(query),
  ]);

/** The fields of a partner. */
const partnerFields = (partner: Partner): DescribedFields =>
  new Map<string, string>([
    ['issuer', partner.issuer],
    ['subject', partner.subject],
    ['audience', partner.audience],
    ['includeRegions', partner.includeRegions.join(', ')],
    ['excludeRegions', partner.excludeRegions.join(', ')],
    ['includeTravelers', String(partner.includeTravelers)],
    ['onlyLocalProvenance', String(partner.onlyLocalProvenance)],
    ['mode', partner.mode],
    ['unit', formatDuration(partner.unit)],
    ['minRecords', String(partner.minRecords)],
    ['paddingRange', String(partner.paddingRange)],
    ['maxPageKeys', String(partner.maxPageKeys)],
    ['callsPerMinute', String(partner.callsPerMinute)],
    ...validity(partner),
  ]);

function validity(
  entry: { readonly from: UnixMillis; readonly thru: UnixMillis | undefined },
  prefix = '',
): readonly FieldText[] {
  const from: FieldText = [`${prefix}from`, formatTime(entry.from)];
  return entry.thru === undefined ? [from] : [from, [`${prefix}thru`, formatTime(entry.thru)]];
}
