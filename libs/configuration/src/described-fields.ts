import { createHash } from 'node:crypto';
import type { ExportConfig, SigningKey } from '@keyserver/export-file';
import type { AuthorizedApp, HealthAuthority } from '@keyserver/health-authority';
import type { UnixMillis } from '@keyserver/time';
import { formatDuration, formatTime } from './time-text.ts';

/** The fields of a configuration document as an operator reads them; equal documents, and only they, have equal fields. */
export type DescribedFields = ReadonlyMap<string, string>;

type FieldText = readonly [field: string, text: string];

/** The fields of an authority; each of its keys is three fields, the key itself by its fingerprint. */
export const authorityFields = (authority: HealthAuthority): DescribedFields =>
  new Map<string, string>([
    ['issuer', authority.issuer],
    ['audience', authority.audience],
    ['name', authority.name],
    ...authority.keys.flatMap((key): readonly FieldText[] => [
      [`keys.${key.version}.publicKey`, `sha256:${fingerprint(key.publicKey)}`],
      ...validity(key, `keys.${key.version}.`),
    ]),
  ]);

/** The fields of an application. */
export const appFields = (app: AuthorizedApp): DescribedFields =>
  new Map<string, string>([
    ['regions', app.regions.join(', ')],
    ['authorities', app.authorities.join(', ')],
    ['bypassCertificate', String(app.bypassCertificate)],
  ]);

/** The fields of a signing key. */
export const signingKeyFields = (key: SigningKey): DescribedFields =>
  new Map<string, string>([
    ['signingKey', key.signingKey],
    ['keyId', key.keyId],
    ['keyVersion', key.keyVersion],
    ...validity(key),
  ]);

/** The fields of an export. */
export const exportFields = (config: ExportConfig): DescribedFields =>
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
  ]);

function validity(
  of: { readonly from: UnixMillis; readonly thru: UnixMillis | undefined },
  prefix = '',
): readonly FieldText[] {
  const from: FieldText = [`${prefix}from`, formatTime(of.from)];
  return of.thru === undefined ? [from] : [from, [`${prefix}thru`, formatTime(of.thru)]];
}

// Line breaks are no part of a key.
const fingerprint = (pem: string): string =>
  createHash('sha256').update(pem.replace(/\s/g, '')).digest('hex');
