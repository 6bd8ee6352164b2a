import {
  type DocumentOf,
  bool,
  collection,
  int,
  json,
  optional,
  text,
  texts,
} from '@keyserver/docstore';
import type { ExportConfig, SigningKey } from '@keyserver/export-file';
import type { AuthorityKey, AuthorizedApp, HealthAuthority } from '@keyserver/health-authority';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import { appIdOf } from './app-document-id.ts';
import { array, integer, member, record, textOf } from './stored-json.ts';

const appFields = {
  regions: texts(),
  authorities: texts(),
  bypassCertificate: bool(),
  bypassRevisionToken: optional(bool()),
  maxKeysPerDay: optional(int()),
};

/** Applications that may publish; the document id is made of the application's id by `appDocumentId`. */
export const authorizedApps = collection({ name: 'authorizedApps', fields: appFields });

/** The application of a stored document. */
export const appOf = (id: string, stored: DocumentOf<typeof appFields>): AuthorizedApp => ({
  ...stored,
  id: appIdOf(id),
  authorities: stored.authorities.map(Number),
  bypassRevisionToken: stored.bypassRevisionToken ?? false,
});

/** An application as its document. */
export const appDocument = (app: AuthorizedApp): DocumentOf<typeof appFields> => ({
  regions: app.regions,
  authorities: app.authorities.map(String),
  bypassCertificate: app.bypassCertificate,
  bypassRevisionToken: app.bypassRevisionToken,
  ...(app.maxKeysPerDay === undefined ? {} : { maxKeysPerDay: app.maxKeysPerDay }),
});

const authorityFields = {
  issuer: text(),
  audience: text(),
  name: text(),
  keys: json((stored): readonly AuthorityKey[] => array(stored).map(authorityKeyOf)),
  stats: optional(bool()),
  jwks: optional(text()),
};

/** Health authorities with their keys; the document id is the numeric id in decimal. */
export const healthAuthorities = collection({
  name: 'healthAuthorities',
  fields: authorityFields,
  indexes: [['issuer']],
});

/** The authority of a stored document. */
export const authorityOf = (
  id: string,
  stored: DocumentOf<typeof authorityFields>,
): HealthAuthority => ({
  ...stored,
  id: Number(id),
  stats: stored.stats ?? true,
});

/** A health authority as its document. */
export const authorityDocument = (
  authority: HealthAuthority,
): DocumentOf<typeof authorityFields> => ({
  issuer: authority.issuer,
  audience: authority.audience,
  name: authority.name,
  keys: authority.keys,
  stats: authority.stats,
  ...(authority.jwks === undefined ? {} : { jwks: authority.jwks }),
});

function authorityKeyOf(stored: Parameters<typeof record>[0]): AuthorityKey {
  const key = record(stored);
  const thru = member(key, 'thru');
  return {
    version: textOf(member(key, 'version')),
    publicKey: textOf(member(key, 'publicKey')),
    from: unixMillis(integer(member(key, 'from'))),
    thru: thru === undefined ? undefined : unixMillis(integer(thru)),
  };
}

const configFields = {
  bucket: text(),
  filenameRoot: text(),
  period: int(),
  outputRegion: text(),
  inputRegions: texts(),
  excludeRegions: texts(),
  includeTravelers: bool(),
  onlyNonTravelers: bool(),
  from: int(),
  thru: optional(int()),
  signingKeys: texts(),
  minRecords: int(),
  paddingRange: int(),
  maxRecords: int(),
  padEmpty: optional(bool()),
};

/** Export configurations by id. */
export const exportConfigs = collection({ name: 'exportConfigs', fields: configFields });

type ConfigDocument = DocumentOf<typeof configFields>;

/** The export configuration of a stored document. */
export const exportConfigOf = (id: string, stored: ConfigDocument): ExportConfig => ({
  ...stored,
  id,
  from: unixMillis(stored.from),
  thru: optionalTime(stored.thru),
  padEmpty: stored.padEmpty ?? false,
});

/** An export configuration as its document. */
export function exportConfigDocument(config: ExportConfig): ConfigDocument {
  const { id, thru, ...rest } = config;
  return { ...rest, ...(thru === undefined ? {} : { thru }) };
}

const signingKeyFields = {
  signingKey: text(),
  keyId: text(),
  keyVersion: text(),
  from: int(),
  thru: optional(int()),
};

/** Signing keys by id: what phones call them and where they are kept; never the key itself. */
export const signingKeys = collection({ name: 'signingKeys', fields: signingKeyFields });

/** The signing key of a stored document. */
export const signingKeyOf = (
  id: string,
  stored: DocumentOf<typeof signingKeyFields>,
): SigningKey => ({
  ...stored,
  id,
  from: unixMillis(stored.from),
  thru: optionalTime(stored.thru),
});

/** A signing key as its document. */
export const signingKeyDocument = (key: SigningKey): DocumentOf<typeof signingKeyFields> => ({
  signingKey: key.signingKey,
  keyId: key.keyId,
  keyVersion: key.keyVersion,
  from: key.from,
  ...(key.thru === undefined ? {} : { thru: key.thru }),
});

const optionalTime = (t: number | undefined): UnixMillis | undefined =>
  t === undefined ? undefined : unixMillis(t);
