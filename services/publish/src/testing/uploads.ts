import { type KeyObject, generateKeyPairSync } from 'node:crypto';
import type { OfferedKey } from '@keyserver/exposure-keys';
import {
  type AuthorizedApp,
  type Diagnosis,
  type HealthAuthority,
  issueCertificate,
  issueStatsToken,
} from '@keyserver/health-authority';
import { secondsOf, unixMillis } from '@keyserver/time';
import type { PublishRequest } from '../publish-keys.ts';

/** 2021-05-04T10:17:00Z, in interval 2700205. */
export const NOW = unixMillis(1_620_123_420_000);

const pair: { privateKey: KeyObject; publicKey: KeyObject } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
});

/** A health authority with one key, `v1`, valid from half an hour before NOW for a day. */
export const authority: HealthAuthority = {
  id: 7,
  issuer: 'doh.example.gov',
  audience: 'keys.example.org',
  name: 'Department of Health',
  keys: [
    {
      version: 'v1',
      publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      from: unixMillis(NOW - 1_800_000),
      thru: unixMillis(NOW + 86_400_000),
    },
  ],
  stats: true,
};

/** An application that may publish with certificates of the authority. */
export const app: AuthorizedApp = {
  id: 'gov.example.doh',
  regions: ['US'],
  authorities: [authority.id],
  bypassCertificate: false,
  bypassRevisionToken: false,
};

/** An application of a test deployment, which may publish without a certificate. */
export const bypassApp: AuthorizedApp = {
  ...app,
  id: 'gov.example.test',
  bypassCertificate: true,
  bypassRevisionToken: false,
};

/** An application whose id was made for a server of another make. */
export const oddlyNamedApp: AuthorizedApp = { ...app, id: 'dept of health / état "1"' };

/** A key that a phone offers: of the whole day before NOW unless told otherwise. */
export const aKey = (n: number, overrides: Partial<OfferedKey> = {}): OfferedKey => ({
  key: Buffer.alloc(16, n).toString('base64'),
  rollingStartNumber: 2_700_000,
  rollingPeriod: 144,
  transmissionRisk: 0,
  ...overrides,
});

/** The secret that a phone keeps until it publishes. */
export const HMAC_KEY = Buffer.alloc(32, 5);

/** A certificate of the authority for these keys. */
export const certificateFor = (
  keys: readonly OfferedKey[],
  overrides: Partial<Diagnosis> = {},
): string =>
  issueCertificate({
    privateKey: pair.privateKey,
    kid: 'v1',
    issuer: authority.issuer,
    audience: authority.audience,
    reportType: 'confirmed',
    keys,
    hmacKey: HMAC_KEY,
    issuedAt: secondsOf(NOW),
    lifetimeSeconds: 600,
    ...overrides,
  });

/** A token with which the authority reads its statistics, valid for ten minutes. */
export const statsToken = (
  overrides: Partial<Parameters<typeof issueStatsToken>[0]> = {},
): string =>
  issueStatsToken({
    ...{ privateKey: pair.privateKey, kid: 'v1', issuer: authority.issuer },
    ...{ issuedAt: secondsOf(NOW), lifetimeSeconds: 600, ...overrides },
  });

/** An upload of these keys with a certificate that covers them. */
export const anUpload = (
  keys: readonly OfferedKey[],
  overrides: Partial<PublishRequest> = {},
): PublishRequest => ({
  appId: app.id,
  certificate: keys.length === 0 ? '' : certificateFor(keys),
  hmacKey: HMAC_KEY.toString('base64'),
  keys,
  onset: 2_699_712,
  traveler: false,
  revisionToken: '',
  platform: 'unknown',
  ...overrides,
});

/** An upload as the JSON value that a phone sends. */
export const wireBody = (upload: PublishRequest): Readonly<Record<string, unknown>> => ({
  temporaryExposureKeys: upload.keys,
  healthAuthorityID: upload.appId,
  verificationPayload: upload.certificate,
  hmacKey: upload.hmacKey,
  symptomOnsetInterval: upload.onset,
  traveler: upload.traveler,
  revisionToken: upload.revisionToken,
  padding: 'cGFkZGluZw==',
});
