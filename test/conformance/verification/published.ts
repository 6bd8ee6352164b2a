import { createHmac } from 'node:crypto';
import type { OfferedKey } from '@keyserver/exposure-keys';
import type { HealthAuthority } from '@keyserver/health-authority';
import { SECOND, unixMillis } from '@keyserver/time';
import type { Ground } from '../publish/ground.ts';
import { APPS, AUTHORITY, newKey, outcomeOf, publish } from '../publish/phone.ts';
import { sendStatsToken } from './stats-tokens.ts';

/** The certificate was issued at this second, and expires 900 seconds later. */
const ISSUED = 1_620_123_000;
const EXPIRES = 1_620_123_900;
/** How far ahead of this server a certificate may be issued, in seconds. */
const SKEW = 5;

/** Before the published certificate is valid, however far ahead the authority's clock may be. */
export const BEFORE = unixMillis((ISSUED - SKEW - 1) * SECOND);

const PEM = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9pDkHkWGiipYehPDZQ1EQqT6edsi
4+tWSDpv2GNvvCNm2EJBxhcLf1vB8ZUryag7q8uSxU0pXaWIztMhrAifQw==
-----END PUBLIC KEY-----`;

const CERTIFICATE = [
  'eyJhbGciOiJFUzI1NiIsImtpZCI6InIxIiwidHlwIjoiSldUIn0',
  'eyJhdWQiOiJrZXlzLmV4YW1wbGUub3JnIiwiZXhwIjoxNjIwMTIzOTAwLCJpYXQiOjE2MjAxMjMwMDAsImlzcyI6ImRvaC5leGFtcGxlLmdvdiIsInJlcG9ydFR5cGUiOiJsaWtlbHkiLCJzeW1wdG9tT25zZXRJbnRlcnZhbCI6MjY5OTg1NiwidGVrbWFjIjoiMFNBbVNoVW5RMHB5RmpyTFI0bklFRjdyb0RxdThrNTJ5aEJzMUdPaG1HTT0ifQ',
  'Net9QlxHk-K7PRYrmLiWjvy9FEf277xg18uUs0tfDZASsYCWyl1s7I2owihziAXOagbY6Khzs0j5or3At1_2LQ',
].join('.');

/** The same with another signature. */
const ALTERED = CERTIFICATE.replace(/Q$/u, 'A');

/** The published token for statistics; it expires a minute after its issue. */
const STATS_TOKEN = [
  'eyJhbGciOiJFUzI1NiIsImtpZCI6InIxIiwidHlwIjoiSldUIn0',
  'eyJhdWQiOiJrZXlzZXJ2ZXIiLCJleHAiOjE2MjAxMjMwNjAsImlhdCI6MTYyMDEyMzAwMCwiaXNzIjoiZG9oLmV4YW1wbGUuZ292IiwibmJmIjoxNjIwMTIzMDAwfQ',
  '9rpQ1CtBBNrxHlR79oVsxs_DIjl6lW1iOe1BLKC6bWxGKKjYtkWg1xCQAF-Ga2eihUcjbCACKy6mtFUQ1yjgIA',
].join('.');

/** The bytes 00 to 1f. */
const S32 = Buffer.from(Array.from({ length: 32 }, (_, n) => n));
/** The bytes 01 to 10. */
const S16 = Buffer.from(Array.from({ length: 16 }, (_, n) => n + 1));

const A = 'AAECAwQFBgcICQoLDA0ODw==';
const B = 'EBESExQVFhcYGRobHB0eHw==';
const C = '+/D/7t3Mu6qZiHdmVUQzIg==';
const BARE_C = '-_D_7t3Mu6qZiHdmVUQzIg';
const D = '/////////////////////w==';

const keyOf = (key: string, start: number, period: number, risk = 0): OfferedKey =>
  newKey({ key, rollingStartNumber: start, rollingPeriod: period, transmissionRisk: risk });

const KEYS = [keyOf(C, 2_700_000, 144), keyOf(A, 2_700_144, 144)];

const withKey = (version: string, over: Partial<HealthAuthority> = {}): HealthAuthority => ({
  ...AUTHORITY,
  keys: [{ version, publicKey: PEM, from: unixMillis(0), thru: undefined }],
  ...over,
});

/** Rows about the certificate that was published with the protocol, and the MACs. Time goes from its second to the last. */
export function describePublishedCertificate(on: () => Ground): void {
  describe('the published certificate', () => {
    describeCertificate(on, EARLY);
  });
  describe('the published token for statistics', () => {
    describeStatsToken(on);
  });
  describe('the published certificate, later', () => {
    describeCertificate(on, LATE);
    it('says that the result is likely, and when symptoms began', async () => {
      const { key } = (await on().stored(C))[0] ?? {};
      expect(key).toMatchObject({ reportType: 'likely', onsetDays: 1 });
    });
  });
  describe('the published MACs', () => {
    describeVectors(on);
  });
}

interface Change {
  readonly authority?: HealthAuthority;
  readonly certificate?: string;
  readonly keys?: readonly OfferedKey[];
  readonly app?: (typeof APPS)[keyof typeof APPS];
}

/** What the certificate is, at which second, with what changed, and why it is refused. */
type CertificateRow = [string, number, Change, string | undefined];

const EARLY: CertificateRow[] = [
  ['is not valid yet before it was issued', ISSUED - SKEW - 1, {}, 'not_yet_valid'],
  [
    'is not valid yet then, even with another signature',
    ISSUED - SKEW - 1,
    { certificate: ALTERED },
    'not_yet_valid',
  ],
  ['is valid when the authority’s clock is 5 s ahead', ISSUED - SKEW, {}, undefined],
  ['is valid from its issue on', ISSUED, {}, undefined],
];

const LATE: CertificateRow[] = [
  ['is valid in between', 1_620_123_420, {}, undefined],
  [
    'does not cover a key with a risk',
    1_620_123_420,
    { keys: [KEYS[0]!, { ...KEYS[1]!, transmissionRisk: 1 }] },
    'mac_mismatch',
  ],
  [
    'does not cover a key in another spelling',
    1_620_123_420,
    { keys: [{ ...KEYS[0]!, key: BARE_C }, KEYS[1]!] },
    'mac_mismatch',
  ],
  [
    'is not for an authority with another audience',
    1_620_123_420,
    { authority: withKey('r1', { audience: 'other' }) },
    'wrong_audience',
  ],
  [
    'is not signed with a key that is registered as another version',
    1_620_123_420,
    { authority: withKey('r2') },
    'no_active_key',
  ],
  [
    'is not for an app that does not trust the authority',
    1_620_123_420,
    { app: APPS.stranger },
    'issuer_not_authorized',
  ],
  [
    'does not hold with another signature',
    1_620_123_420,
    { certificate: ALTERED },
    'bad_signature',
  ],
  ['is valid through its last second', EXPIRES, {}, undefined],
  ['has expired a second later', EXPIRES + 1, {}, 'expired'],
  [
    'is badly signed rather than expired when it is both',
    EXPIRES + 1,
    { certificate: ALTERED },
    'bad_signature',
  ],
];

function describeCertificate(on: () => Ground, rows: CertificateRow[]): void {
  afterAll(async () => {
    await on().configure({ authorities: [AUTHORITY] });
  });

  const send = async ({
    authority = withKey('r1'),
    certificate = CERTIFICATE,
    ...rest
  }: Change) => {
    const { keys = KEYS, app = APPS.home } = rest;
    await on().configure({ authorities: [authority] });
    const body = {
      ...{ verificationPayload: certificate, hmacKey: S32.toString('base64') },
      symptomOnsetInterval: 0,
    };
    const answer = await publish(on(), keys, { app, body });
    return { ...answer, reason: answer.service.lastEvent()['certificate'] };
  };

  it.each(rows)('%s', async (_, second, change, reason) => {
    on().clock.set(unixMillis(second * SECOND));
    const answer = await send(change);
    expect(outcomeOf(answer)).toBe(
      reason === undefined ? '200' : '401 health_authority_verification_certificate_invalid',
    );
    expect(answer.reason).toBe(reason);
  });
}

function describeStatsToken(on: () => Ground): void {
  beforeAll(async () => {
    await on().configure({ authorities: [withKey('r1')] });
  });
  afterAll(async () => {
    await on().configure({ authorities: [AUTHORITY] });
  });

  it('is no certificate', async () => {
    const body = { verificationPayload: STATS_TOKEN, hmacKey: S32.toString('base64') };
    const { service } = await publish(on(), KEYS, { body });
    expect(service.lastEvent()['certificate']).toBe('wrong_audience');
  });

  it.each<[string, number, string, string | undefined]>([
    ['is valid from its issue on', ISSUED, STATS_TOKEN, undefined],
    ['is valid through its last second', ISSUED + 60, STATS_TOKEN, undefined],
    ['has expired a second later', ISSUED + 61, STATS_TOKEN, 'expired'],
    ['is not the published certificate', ISSUED + 61, CERTIFICATE, 'wrong_audience'],
  ])('%s', async (_, second, token, reason) => {
    on().clock.set(unixMillis(second * SECOND));
    const answer = await sendStatsToken(on(), `Bearer ${token}`);
    expect(answer.status).toBe(reason === undefined ? 200 : 401);
    expect(answer.reason).toBe(reason);
  });
}

const MIXED = [keyOf(C, 2_700_000, 144, 3), keyOf(B, 2_700_288, 100, 8), keyOf(A, 2_700_144, 144)];
const ZEROS = MIXED.map((key) => ({ ...key, transmissionRisk: 0 }));
const TWO = (spelling: string) => [keyOf(spelling, 2_700_000, 144), keyOf(A, 2_700_144, 144)];

function describeVectors(on: () => Ground): void {
  beforeAll(() => {
    on().clock.advance(3 * 24 * 3600 * SECOND); // the latest of these keys has begun
  });

  const rows: [string, OfferedKey[], Buffer, string][] = [
    ['of risks that differ', MIXED, S32, 'eFAiwIwBKr2sg4mDhRf8Rl17UrJlaIR+ZNpybCoGm4Q='],
    ['of no risks, in full', ZEROS, S32, 'x3Sd8oGwKd52azISWnfbhASu3hCv+nTB64QVRmVqzQ4='],
    ['of no risks, in short', ZEROS, S32, 'iu7olGjfK4bHeT7VkRJugNQu5EhIabB9cbB2gpkbjzo='],
    ['of padded keys, in short', TWO(C), S32, '0SAmShUnQ0pyFjrLR4nIEF7roDqu8k52yhBs1GOhmGM='],
    ['of padded keys, in full', TWO(C), S32, '5xIDdebVeqA+qB0YduT/Jste0jucG22FjO04zolUxSU='],
    ['of a bare key, in short', TWO(BARE_C), S32, '9HP/3m7oKlfbJA9gmLWW7YRLPxkj0UkAGZd+xtuJUpk='],
    ['of a bare key, in full', TWO(BARE_C), S32, 'CGs+evwo2CruTCZc7nm99vO9AEcn8qfMGU1r+alvwyQ='],
    [
      'under 16 bytes',

      [keyOf(D, 2_700_000, 1, 1)],
      S16,
      'ZQc06DGSLXu8qZJsoQLZRGNC+uFl+UvAItAkg5GqFNY=',
    ],
    [
      'under no bytes, in full',
      [keyOf(D, 2_700_000, 1)],
      Buffer.alloc(0),
      '8xgNluJxEm0ew8DBF2TCUAodnaIqPCKa5QEnzijoEdY=',
    ],
    [
      'under no bytes, in short',
      [keyOf(D, 2_700_000, 1)],
      Buffer.alloc(0),
      'bZU99FwCwPZHh7W8L9pktLzTqQWiYMRTlENujsq0Sjk=',
    ],
  ];
  it.each(rows)('%s are accepted', async (_, keys, secret, tekmac) => {
    const body = { hmacKey: secret.toString('base64') };
    // Many of these keys are stored already: an app that needs no token may send them again.
    const app = APPS.withoutToken;
    const { service } = await publish(on(), keys, { app, claims: { tekmac }, body });
    expect(service.lastEvent()['certificate']).toBeUndefined();
  });

  it.each([
    ['in short where a key has a risk', MIXED, shortOf(MIXED)],
    ['of keys of which some have a risk part', ZEROS, mixedOf(ZEROS)],
    ['in short where the risks of other keys are 0', [MIXED[0]!, ZEROS[2]!], shortOf(TWO(C))],
  ])('%s are not', async (_, keys, tekmac) => {
    const body = { hmacKey: S32.toString('base64') };
    const { service } = await publish(on(), keys, { claims: { tekmac }, body });
    expect(service.lastEvent()['certificate']).toBe('mac_mismatch');
  });
}

const sorted = (keys: readonly OfferedKey[]): readonly OfferedKey[] =>
  keys.toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));

const macOfTexts = (texts: readonly string[]): string =>
  createHmac('sha256', S32).update(texts.join(',')).digest('base64');

const short = ({ key, rollingStartNumber, rollingPeriod }: OfferedKey): string =>
  `${key}.${rollingStartNumber}.${rollingPeriod}`;

function shortOf(keys: readonly OfferedKey[]): string {
  return macOfTexts(sorted(keys).map(short));
}

function mixedOf(keys: readonly OfferedKey[]): string {
  return macOfTexts(sorted(keys).map((key, n) => (n === 0 ? short(key) : `${short(key)}.0`)));
}
