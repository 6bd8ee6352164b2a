import type { ExportConfig, SigningKey } from '@keyserver/export-file';
import type { FederationQuery, Partner } from '@keyserver/federation';
import type { AuthorizedApp, HealthAuthority } from '@keyserver/health-authority';
import type { UnixMillis } from '@keyserver/time';

/** Everything an operator edits. Lists are in the order of their ids; regions and references are sorted, each once. */
export interface Configuration {
  readonly authorities: readonly HealthAuthority[];
  readonly apps: readonly AuthorizedApp[];
  readonly signingKeys: readonly SigningKey[];
  readonly exports: readonly ExportConfig[];
  /** Absent where nothing is said of partners; that is refused while some are stored. */
  readonly partners?: readonly PartnerOfFile[];
  /** The same of queries. */
  readonly queries?: readonly FederationQuery[];
}

/** A partner as a file names it: the unit may be left to the store, whose profile, windows and exports decide which fit. */
export type PartnerOfFile = Omit<Partner, 'unit'> & { readonly unit?: number };

/** A configuration that says something of every part. */
export interface WholeConfiguration extends Required<Configuration> {
  readonly partners: readonly Partner[];
}

/** The parts of a configuration, as the file names them. */
export type Section = keyof Configuration;

/** The lists that a file may lack while nothing is stored of them, since there are files from before there were such lists. */
export const LATER_SECTIONS = ['partners', 'queries'] as const satisfies readonly Section[];

/** Something wrong with a configuration: where, such as `exports[0].period`, and what. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** The same configuration in its one canonical order, so that two that mean the same are equal. */
export const inOrder = (configuration: Required<Configuration>): Required<Configuration> => ({
  authorities: configuration.authorities
    .map((authority) => ({ ...authority, keys: authority.keys.toSorted(byVersion) }))
    .toSorted((a, b) => a.id - b.id),
  apps: configuration.apps
    .map((app) => ({
      ...app,
      regions: eachOnce(app.regions),
      authorities: [...new Set(app.authorities)].sort((a, b) => a - b),
    }))
    .toSorted(byId),
  signingKeys: configuration.signingKeys.toSorted(byId),
  exports: configuration.exports
    .map((config) => ({
      ...config,
      inputRegions: eachOnce(config.inputRegions),
      excludeRegions: eachOnce(config.excludeRegions),
      signingKeys: eachOnce(config.signingKeys),
    }))
    .toSorted(byId),
  queries: configuration.queries
    .map((query) => ({
      ...query,
      includeRegions: eachOnce(query.includeRegions),
      excludeRegions: eachOnce(query.excludeRegions),
    }))
    .toSorted(byId),
  partners: configuration.partners
    .map((partner) => ({
      ...partner,
      includeRegions: eachOnce(partner.includeRegions),
      excludeRegions: eachOnce(partner.excludeRegions),
    }))
    .toSorted(byId),
});

const eachOnce = (texts: readonly string[]): readonly string[] => [...new Set(texts)].sort();
const byId = (a: { readonly id: string }, b: { readonly id: string }): number =>
  compare(a.id, b.id);
const byVersion = (a: { readonly version: string }, b: { readonly version: string }): number =>
  compare(a.version, b.version);
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** When an entry is in force: a span of time, its start included, its end not; without an end it lasts for ever. */
export interface Span {
  readonly from: UnixMillis;
  readonly thru: UnixMillis | undefined;
}

/** Whether a span has ended. */
export const isOver = ({ thru }: Pick<Span, 'thru'>, now: UnixMillis): boolean =>
  thru !== undefined && thru <= now;

/**
 * How the development server and its command-line tool name things: the launcher configures them on the first start,
 * and `keyserver publish` uses them when it is told nothing else.
 */
export const DEVELOPMENT_NAMES = {
  app: 'org.example.exposures',
  authority: {
    ...{ id: 1, issuer: 'https://authority.example', kid: 'dev-1' },
    audience: 'keyserver.example', // of certificates; statistics have another
  },
  /** Where the authority's private key (PKCS#8 PEM) lies, below the data directory. */
  authorityKeyFile: 'keys/authority/dev.pem',
} as const;
