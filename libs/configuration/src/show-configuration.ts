import type { DocumentStore } from '@keyserver/docstore';
import type { UnixMillis } from '@keyserver/time';
import { stringify } from 'yaml';
import type { WholeConfiguration } from './configuration.ts';
import { readStored } from './stored-configuration.ts';
import { formatDuration, formatTime } from './grammar.ts';

/** The stored configuration as a configuration file (YAML). */
export const showConfiguration = async (store: DocumentStore): Promise<string> =>
  renderConfiguration(await store.transact(readStored));

/** A configuration as the file that describes it. */
export const renderConfiguration = (configuration: WholeConfiguration): string =>
  stringify(
    {
      authorities: configuration.authorities.map(({ keys, jwks, stats, ...authority }) => ({
        id: authority.id,
        issuer: authority.issuer,
        audience: authority.audience,
        name: authority.name,
        keys: keys.map(({ version, publicKey, ...rest }) => ({
          version,
          publicKey,
          ...validity(rest),
        })),
        ...(jwks === undefined ? {} : { jwks }),
        stats,
      })),
      apps: configuration.apps.map((app) => ({
        id: app.id,
        regions: app.regions,
        authorities: app.authorities,
        bypassCertificate: app.bypassCertificate,
        bypassRevisionToken: app.bypassRevisionToken,
        ...(app.maxKeysPerDay === undefined ? {} : { maxKeysPerDay: app.maxKeysPerDay }),
      })),
      signingKeys: configuration.signingKeys.map(
        ({ id, signingKey, keyId, keyVersion, ...rest }) => ({
          id,
          signingKey,
          keyId,
          keyVersion,
          ...validity(rest),
        }),
      ),
      exports: configuration.exports.map(exportEntry),
      partners: configuration.partners.map(partnerEntry),
      queries: configuration.queries.map(queryEntry),
    },
    // A folded line or an alias would read the same, but nobody would write it.
    { lineWidth: 0, aliasDuplicateObjects: false },
  );

const exportEntry = (config: WholeConfiguration['exports'][number]): object => ({
  id: config.id,
  bucket: config.bucket,
  filenameRoot: config.filenameRoot,
  period: formatDuration(config.period),
  outputRegion: config.outputRegion,
  inputRegions: config.inputRegions,
  excludeRegions: config.excludeRegions,
  includeTravelers: config.includeTravelers,
  onlyNonTravelers: config.onlyNonTravelers,
  ...validity(config),
  signingKeys: config.signingKeys,
  minRecords: config.minRecords,
  paddingRange: config.paddingRange,
  maxRecords: config.maxRecords,
  padEmpty: config.padEmpty,
});

const queryEntry = ({ from, thru, ...query }: WholeConfiguration['queries'][number]): object => ({
  id: query.id,
  server: query.server,
  audience: query.audience,
  partner: query.partner,
  includeRegions: query.includeRegions,
  excludeRegions: query.excludeRegions,
  onlyTravelers: query.onlyTravelers,
  onlyLocalProvenance: query.onlyLocalProvenance,
  maxPageKeys: query.maxPageKeys,
  acceptSelfReport: query.acceptSelfReport,
  acceptRecursive: query.acceptRecursive,
  ...validity({ from, thru }),
});

const partnerEntry = (partner: WholeConfiguration['partners'][number]): object => ({
  id: partner.id,
  issuer: partner.issuer,
  subject: partner.subject,
  audience: partner.audience,
  includeRegions: partner.includeRegions,
  excludeRegions: partner.excludeRegions,
  includeTravelers: partner.includeTravelers,
  onlyLocalProvenance: partner.onlyLocalProvenance,
  mode: partner.mode,
  unit: formatDuration(partner.unit),
  minRecords: partner.minRecords,
  paddingRange: partner.paddingRange,
  maxPageKeys: partner.maxPageKeys,
  callsPerMinute: partner.callsPerMinute,
  ...validity(partner),
});

const validity = (entry: {
  readonly from: UnixMillis;
  readonly thru: UnixMillis | undefined;
}): object => ({
  from: formatTime(entry.from),
  ...(entry.thru === undefined ? {} : { thru: formatTime(entry.thru) }),
});
