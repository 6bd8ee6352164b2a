import { type KeyObject, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import type { OfferedKey } from '@keyserver/exposure-keys';
import type { AuthorizedApp, HealthAuthority } from '@keyserver/health-authority';
import { unixMillis } from '@keyserver/time';
import type { Answer, Ground, Service } from './ground.ts';

/** 2021-05-04T10:17:00Z, in interval 2700205. */
export const NOW = unixMillis(1_620_123_420_000);
/** The interval of NOW. */
export const CURRENT = 2_700_205;
/** The midnight before NOW, as an interval. */
export const TODAY = 2_700_144;
/** The first interval in which a key may end that is published in the interval of NOW. */
export const EARLIEST_END = 2_698_045;

/** The keys of the health authority that signs the certificates of the suite. */
export const SIGNING = generateKeyPairSync('ec', { namedCurve: 'P-256' });
/** Keys that nobody has registered. */
export const STRANGE = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** A public key as it is configured. */
export const pemOf = (key: KeyObject): string =>
  key.export({ type: 'spki', format: 'pem' }).toString();

/** The health authority of the suite, with one key that is always valid. */
export const AUTHORITY: HealthAuthority = {
  stats: true,
  id: 7,
  issuer: 'doh.example.gov',
  audience: 'keys.example.org',
  name: 'Department of Health',
  keys: [
    { version: 'v1', publicKey: pemOf(SIGNING.publicKey), from: unixMillis(0), thru: undefined },
  ],
};

const anApp = (id: string, over: Partial<AuthorizedApp> = {}): AuthorizedApp => ({
  ...{ id, regions: ['us'], authorities: [AUTHORITY.id] },
  ...{ bypassCertificate: false, bypassRevisionToken: false },
  ...over,
});

/** The applications of the suite. */
export const APPS = {
  home: anApp('gov.example.doh'),
  /** Another one for the same region. */
  neighbour: anApp('gov.example.neighbour', { bypassRevisionToken: true }),
  withoutCertificate: anApp('gov.example.test', { bypassCertificate: true }),
  withoutToken: anApp('gov.example.free', { bypassRevisionToken: true }),
  withoutRegions: anApp('gov.example.nowhere', { regions: [] }),
  manyRegions: anApp('gov.example.wide', { regions: ['us', 'Ca', 'MX'] }),
  /** Trusts another authority alone. */
  stranger: anApp('gov.example.stranger', { authorities: [8] }),
} as const;

/** Configures the authority and the applications. */
export async function configureSuite(ground: Ground): Promise<void> {
  await ground.configure({ apps: Object.values(APPS), authorities: [AUTHORITY] });
}

let drawn = 0;

/** What `newKey` takes for a key that is valid from one interval on, for so many of them. */
export const spanning = (start: number, period: number): Partial<Omit<OfferedKey, 'key'>> => ({
  rollingStartNumber: start,
  rollingPeriod: period,
});

/** A key that no other row has: of the day before NOW unless told otherwise. */
export function newKey(over: Partial<OfferedKey> = {}): OfferedKey {
  const data = Buffer.alloc(16, 0x5a);
  data.writeUInt32BE((drawn += 1));
  return {
    ...{ key: data.toString('base64'), rollingStartNumber: 2_700_000, rollingPeriod: 144 },
    transmissionRisk: 0,
    ...over,
  };
}

/** The secret that a phone keeps until it publishes. */
export const SECRET = Buffer.alloc(32, 5);

/** The keys' MAC, computed from the text that the protocol names: with the risk or without. */
export function macOf(
  keys: readonly OfferedKey[],
  { form = 'full', secret = SECRET }: { form?: 'full' | 'short'; secret?: Uint8Array } = {},
): string {
  const texts = keys
    .toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
    .map((one) => {
      const short = `${one.key}.${one.rollingStartNumber}.${one.rollingPeriod}`;
      return form === 'full' ? `${short}.${one.transmissionRisk}` : short;
    });
  return createHmac('sha256', secret).update(texts.join(',')).digest('base64');
}

/** What goes into a certificate, and how it is signed. */
export interface CertificateOptions {
  readonly header?: object;
  readonly claims?: object;
  /** The JSON texts themselves, where a row is about them. */
  readonly headerText?: string;
  readonly claimsText?: string;
  readonly signer?: KeyObject;
  readonly encoding?: 'ieee-p1363' | 'der';
}

/** A certificate over these keys, made without any code of the server. A claim that is undefined is left out. */
export function certificateOver(
  keys: readonly OfferedKey[],
  now: number,
  options: CertificateOptions = {},
): string {
  const header = { alg: 'ES256', kid: 'v1', typ: 'JWT', ...options.header };
  const claims = {
    ...{ iss: AUTHORITY.issuer, aud: AUTHORITY.audience, reportType: 'confirmed' },
    ...{ iat: Math.floor(now / 1000), exp: Math.floor(now / 1000) + 600, tekmac: macOf(keys) },
    ...options.claims,
  };
  const signed = [
    options.headerText ?? JSON.stringify(header),
    options.claimsText ?? JSON.stringify(claims),
  ]
    .map((text) => Buffer.from(text).toString('base64url'))
    .join('.');
  const key = options.signer ?? SIGNING.privateKey;
  const dsaEncoding = options.encoding ?? 'ieee-p1363';
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding });
  return `${signed}.${signature.toString('base64url')}`;
}

/** What a phone sends, apart from the keys. */
export interface Sending {
  readonly app?: AuthorizedApp;
  readonly reportType?: string;
  readonly claims?: object;
  readonly header?: object;
  /** The token, or an answer that has one. */
  readonly token?: Answer | string;
  /** Fields of the body, in place of those that are made. */
  readonly body?: object;
  readonly settings?: Readonly<Record<string, string>>;
}

/** Onset three days before NOW. */
const ONSET = 2_699_712;

/** An upload of these keys as the JSON value that a phone sends, certified at `now`. */
export function bodyOf(keys: readonly OfferedKey[], now: number, sending: Sending = {}): object {
  const { app = APPS.home, reportType = 'confirmed', claims, header = {}, token } = sending;
  return {
    temporaryExposureKeys: keys,
    healthAuthorityID: app.id,
    verificationPayload: certificateOver(keys, now, { header, claims: { reportType, ...claims } }),
    hmacKey: SECRET.toString('base64'),
    symptomOnsetInterval: ONSET,
    ...(token === undefined ? {} : { revisionToken: tokenOf(token) }),
    padding: 'cGFkZGluZw==',
    ...sending.body,
  };
}

const tokenOf = (token: Answer | string): unknown =>
  typeof token === 'string' ? token : token.body['revisionToken'];

/** Publishes keys as a phone does. */
export async function publish(
  ground: Ground,
  keys: readonly OfferedKey[],
  sending: Sending = {},
): Promise<Answer & { readonly service: Service }> {
  const service = await ground.service(sending.settings);
  const answer = await service.send(JSON.stringify(bodyOf(keys, ground.clock.now(), sending)));
  return { ...answer, service };
}

/** How an upload ended, in one line: "200", "200 partial_failure", "401 unknown_health_authority_id". */
export function outcomeOf({ status, body: { code } }: Answer): string {
  return typeof code === 'string' ? `${status} ${code}` : String(status);
}
