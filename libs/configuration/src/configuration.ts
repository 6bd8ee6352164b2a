import type { ExportConfig, SigningKey } from '@keyserver/export-file';
import type { AuthorizedApp, HealthAuthority } from '@keyserver/health-authority';

/** Everything an operator edits. Lists are in the order of their ids; regions and references are sorted, each once. */
export interface Configuration {
  readonly authorities: readonly HealthAuthority[];
  readonly apps: readonly AuthorizedApp[];
  readonly signingKeys: readonly SigningKey[];
  readonly exports: readonly ExportConfig[];
}

/** The parts of a configuration, as the file names them. */
export type Section = keyof Configuration;

/** Something wrong with a configuration: where, such as `exports[0].period`, and what. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** The same configuration in its one canonical order, so that two that mean the same are equal. */
export const inOrder = (configuration: Configuration): Configuration => ({
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
});

const eachOnce = (texts: readonly string[]): readonly string[] => [...new Set(texts)].sort();
const byId = (a: { readonly id: string }, b: { readonly id: string }): number =>
  compare(a.id, b.id);
const byVersion = (a: { readonly version: string }, b: { readonly version: string }): number =>
  compare(a.version, b.version);
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
