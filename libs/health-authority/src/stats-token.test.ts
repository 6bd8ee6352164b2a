import { generateKeyPairSync } from 'node:crypto';
import { unixMillis, unixSeconds } from '@keyserver/time';
import type { HealthAuthority } from './authority.ts';
import { certificateVerifier } from './certificate.ts';
import { signCompactToken } from './compact-token.ts';
import { DEFAULT_STATS_AUDIENCE, issueStatsToken, statsTokenVerifier } from './stats-token.ts';
import { certifyingAuthority } from './testing/certifying.ts';
import {
  S32,
  SPELLING,
  VECTOR_CERTIFICATE,
  VECTOR_STATS_TOKEN,
  vectorApp,
  vectorAuthority,
  vectorKey,
} from './testing/vectors.ts';

const NOW = 1_620_123_030;

const outcome = async (
  token: string,
  { authority = vectorAuthority, now = NOW, audience = DEFAULT_STATS_AUDIENCE } = {},
) => {
  const find = async (issuer: string) =>
    await Promise.resolve(issuer === authority.issuer ? authority : undefined);
  const verdict = await statsTokenVerifier(find, audience)(token, unixSeconds(now));
  return verdict.kind === 'refused' ? verdict.reason : verdict.authority.id;
};

describe('the published statistics token (V7)', () => {
  it.each([1_620_123_000, NOW, 1_620_123_060])('is verified at second %d', async (now) => {
    expect(await outcome(VECTOR_STATS_TOKEN, { now })).toBe(vectorAuthority.id);
  });

  it.each([
    [1_620_122_999, 'not_yet_valid'],
    [1_620_123_061, 'expired'],
  ])('is refused at second %d: %s', async (now, reason) => {
    expect(await outcome(VECTOR_STATS_TOKEN, { now })).toBe(reason);
  });

  it('is no certificate', async () => {
    const verify = certificateVerifier(async () => await Promise.resolve(vectorAuthority));
    const hmacKey = Buffer.from(S32).toString('base64');
    const keys = [vectorKey(SPELLING.A, 2_700_144, 144)];
    const presented = { certificate: VECTOR_STATS_TOKEN, hmacKey, keys, app: vectorApp };
    expect(await verify(presented, unixSeconds(NOW))).toMatchObject({ reason: 'wrong_audience' });
  });

  it('does not open with a certificate', async () => {
    expect(await outcome(VECTOR_CERTIFICATE)).toBe('wrong_audience');
  });

  it('does not open with a certificate where both have one audience', async () => {
    const { audience } = vectorAuthority;
    expect(await outcome(VECTOR_CERTIFICATE, { audience })).toBe('wrong_audience');
  });

  it('opens nothing of an authority whose statistics are off, whatever else is wrong', async () => {
    const authority = { ...vectorAuthority, stats: false };
    expect(await outcome(VECTOR_STATS_TOKEN, { authority, now: NOW + 3600 })).toBe(
      'stats_disabled',
    );
  });

  it.each<[string, Partial<HealthAuthority['keys'][number]>]>([
    ['has another version', { version: 'r2' }],
    ['is not valid yet', { from: unixMillis(NOW * 1000) }],
    ['is not valid any more', { thru: unixMillis(NOW * 1000) }],
  ])('is refused when the key %s', async (_, change) => {
    const keys = vectorAuthority.keys.map((key) => ({ ...key, ...change }));
    expect(await outcome(VECTOR_STATS_TOKEN, { authority: { ...vectorAuthority, keys } })).toBe(
      'no_active_key',
    );
  });
});

const { authority, privateKey } = certifyingAuthority({ id: 9 });
const HEADER = { alg: 'ES256', kid: 'v1', typ: 'JWT' };
const CLAIMS = { iss: authority.issuer, aud: 'keyserver', iat: NOW, nbf: NOW, exp: NOW + 60 };

const made = async (claims: object, header: object = {}, key = privateKey) =>
  await outcome(
    signCompactToken(
      JSON.stringify({ ...HEADER, ...header }),
      JSON.stringify({ ...CLAIMS, ...claims }),
      key,
    ),
    { authority },
  );

describe('a statistics token', () => {
  it('is verified as its authority issues it', async () => {
    const token = issueStatsToken({
      ...{ privateKey, kid: 'v1', issuer: authority.issuer, lifetimeSeconds: 60 },
      issuedAt: unixSeconds(NOW),
    });
    expect(await outcome(token, { authority })).toBe(9);
    expect(await outcome(token, { authority, now: NOW + 61 })).toBe('expired');
    expect(await outcome(token, { authority, audience: 'another' })).toBe('wrong_audience');
  });

  it.each<[string, object]>([
    ['has no times', { iat: undefined, nbf: undefined, exp: undefined }],
    ['has claims of other meanings', { reportType: 5, tekmac: null, symptomOnsetInterval: 'x' }],
  ])('may be one that %s', async (_, claims) => {
    expect(await made(claims)).toBe(9);
  });

  it.each<[string, object, object]>([
    ['malformed', { aud: ['keyserver'] }, {}],
    ['malformed', { exp: NOW + 60.5 }, {}],
    ['malformed', { iss: 7 }, {}],
    ['unusable_algorithm', {}, { alg: 'es256' }],
    ['unsupported_algorithm', {}, { alg: 'none' }],
    ['unsupported_algorithm', {}, { alg: 'HS256' }],
    ['critical_extension', {}, { crit: ['exp'] }],
    ['missing_key_id', {}, { kid: undefined }],
    ['invalid_key_id', {}, { kid: 1 }],
    ['invalid_key_id', { iss: 'nobody' }, { kid: null }],
    ['unknown_issuer', { iss: 'nobody' }, {}],
    ['unknown_issuer', { iss: undefined }, {}],
    ['no_active_key', {}, { kid: 'V1' }],
    ['not_yet_valid', { iat: NOW + 1 }, {}],
    ['not_yet_valid', { nbf: NOW + 1 }, {}],
    ['expired', { exp: NOW - 1 }, {}],
    ['wrong_audience', { aud: authority.audience }, {}],
    ['wrong_audience', { aud: undefined }, {}],
  ])('is refused: %s (%j, %j)', async (reason, claims, header) => {
    expect(await made(claims, header)).toBe(reason);
  });

  it.each([
    ['', 'malformed'],
    ['a.b', 'malformed'],
    ['a.b.c.d', 'malformed'],
    [`${'a'.repeat(64_000)}.b.c`, 'malformed'],
  ])('is refused when it is no token', async (text, reason) => {
    expect(await outcome(text)).toBe(reason);
  });

  it('is refused when somebody else signed it, expired or not, for whomever it is', async () => {
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    expect(await made({}, {}, stranger)).toBe('bad_signature');
    expect(await made({ exp: NOW - 1, aud: 'another' }, {}, stranger)).toBe('bad_signature');
    expect(await made({ iat: NOW + 1 }, {}, stranger)).toBe('not_yet_valid');
  });
});
