import {
  type ValuesOf,
  ConfigFault,
  integer,
  list,
  listeningVariables,
  oneOf,
  settings,
  storeVariables,
  telemetryVariables,
  text,
} from '@keyserver/config';
import { KEY_RETENTION_HOURS } from '@keyserver/exposure-keys';
import { LOG_LEVELS } from '@keyserver/log';

/** Google's issuer of the identity tokens of service accounts (https://accounts.google.com/.well-known/openid-configuration). */
const GOOGLE = 'https://accounts.google.com=https://www.googleapis.com/oauth2/v3/certs';
const ISSUER_AND_KEYS =
  /^[^=\s]+=(https:\/\/\S+|http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/]\S*)$/;

const certificateFile = (of: string, what: string) =>
  text({
    about: `The file with ${what} in PEM; with ${of} the service speaks TLS itself, without both plain HTTP/2.`,
    default: '',
  });

/** Every variable that the service reads. */
export const federationServeSettings = settings({
  ...listeningVariables('partners are answered'),
  ...storeVariables,
  KEY_RETENTION_HOURS: integer({
    about: 'For how long a published key is kept after its release; every service needs the same.',
    ...KEY_RETENTION_HOURS,
  }),
  FEDERATION_ISSUERS: list({
    about:
      'Who may vouch for partners: each issuer of identity tokens, an equals sign, and where its public keys are.',
    max: 20,
    default: [GOOGLE],
    form: { pattern: ISSUER_AND_KEYS, described: 'issuer=https address, or http of this machine' },
  }),
  CALL_DEADLINE_SECONDS: integer({
    about:
      'How long one call may take before it gives what it has; less than a proxy in front waits.',
    min: 1,
    max: 3600,
    default: 60,
  }),
  MAX_CALLS: integer({
    about:
      'How many calls of all partners are answered at the same time; a quarter of them, or two, for one partner.',
    min: 1,
    max: 1000,
    default: 32,
  }),
  UNIT_CACHE_MB: integer({
    about:
      'How much memory keeps units that were read, MB of 1,000,000 bytes; one that needs more than a quarter of it is read in slices.',
    min: 1,
    max: 16_384,
    default: 128,
  }),
  TLS_CERT_FILE: certificateFile('TLS_KEY_FILE', 'the certificate and its chain'),
  TLS_KEY_FILE: certificateFile('TLS_CERT_FILE', 'the private key of the certificate'),
  ...telemetryVariables,
  LOG_LEVEL: oneOf({
    about: 'The least severity of events that are logged.',
    values: LOG_LEVELS,
    default: 'info',
  }),
});

/** The values of the service's variables. */
export type FederationServeSettings = ValuesOf<typeof federationServeSettings>;

/** The issuers and where their keys are. */
export const issuersOf = ({
  FEDERATION_ISSUERS: pairs,
}: Pick<FederationServeSettings, 'FEDERATION_ISSUERS'>): readonly {
  readonly issuer: string;
  readonly jwksUrl: string;
}[] =>
  pairs.map((pair) => {
    const at = pair.indexOf('=');
    return { issuer: pair.slice(0, at), jwksUrl: pair.slice(at + 1) };
  });

/** The files of the certificate and its key; undefined for plain HTTP/2. Throws a ConfigFault for one without the other. */
export function tlsFilesOf({
  TLS_CERT_FILE: certificate,
  TLS_KEY_FILE: key,
}: Pick<FederationServeSettings, 'TLS_CERT_FILE' | 'TLS_KEY_FILE'>):
  { readonly certificate: string; readonly key: string } | undefined {
  if (certificate === '' && key === '') return undefined;
  if (certificate !== '' && key !== '') return { certificate, key };
  const name = certificate === '' ? 'TLS_CERT_FILE' : 'TLS_KEY_FILE';
  throw new ConfigFault([{ name, kind: 'missing', allowed: 'a file, as the other one is given' }]);
}
