import { type KeyObject, generateKeyPairSync } from 'node:crypto';
import type { AuthorityKey } from '@keyserver/health-authority';
import { MINUTE, unixMillis } from '@keyserver/time';
import type { Ground } from '../publish/ground.ts';
import {
  AUTHORITY,
  SIGNING,
  STRANGE,
  pemOf,
  newKey,
  outcomeOf,
  publish,
} from '../publish/phone.ts';

const INVALID = '401 health_authority_verification_certificate_invalid';

/** Rows about header, claims, report types and the keys of an authority. */
export function describeCertificates(on: () => Ground): void {
  describe('the header of a certificate', () => {
    describeHeaders(on);
  });
  describe('the claims of a certificate', () => {
    describeClaims(on);
  });
  describe('the report type of a certificate', () => {
    describeReportTypes(on);
  });
  describe('the key of an authority', () => {
    describeKeys(on);
  });
}

/** How a certificate ended that is good but for this, and why. */
async function judged(on: () => Ground, sending: Parameters<typeof publish>[2]): Promise<string> {
  const answer = await publish(on(), [newKey()], sending);
  const outcome = outcomeOf(answer);
  if (outcome === '200') return 'taken';
  expect(outcome).toBe(INVALID);
  return String(answer.service.lastEvent()['certificate']);
}

function describeHeaders(on: () => Ground): void {
  it.each(['none', 'HS256', 'HS512', 'RS256', 'PS256', 'ES384', 'ES512', 'EdDSA'])(
    'may not name the algorithm %s',
    async (alg) => {
      expect(await judged(on, { header: { alg } })).toBe('unsupported_algorithm');
    },
  );

  it.each([undefined, null, '', 'es256', 'ES256 ', 'ES256K', 256, ['ES256']])(
    'may not name an algorithm that nobody knows: %j',
    async (alg) => {
      expect(await judged(on, { header: { alg } })).toBe('unusable_algorithm');
    },
  );

  it('must name a key', async () => {
    expect(await judged(on, { header: { kid: undefined } })).toBe('missing_key_id');
  });

  it.each(['', 'V1', 'v1 ', ' v1', 'v2', 1, null, ['v1']])(
    'names no registered key by %j',
    async (kid) => {
      expect(await judged(on, { header: { kid } })).toBe('no_active_key');
    },
  );

  it.each([undefined, 'JWT', 'jwt', 'at+jwt', 5])('may have any type: %j', async (typ) => {
    expect(await judged(on, { header: { typ } })).toBe('taken');
  });

  it('may have fields that mean nothing here', async () => {
    expect(await judged(on, { header: { x5t: 'x', jwk: {} } })).toBe('taken');
  });

  it.each([[[]], [['exp']], ['b64'], [null]])('may not demand an extension: %j', async (crit) => {
    expect(await judged(on, { header: { crit } })).toBe('critical_extension');
  });
}

const seconds = (on: () => Ground): number => Math.floor(on().clock.now() / 1000);

function describeClaims(on: () => Ground): void {
  it.each([undefined, '', 'doh.example', 'DOH.example.gov', 'doh.example.gov ', null])(
    'name no known issuer by %j',
    async (iss) => {
      expect(await judged(on, { claims: { iss } })).toBe('unknown_issuer');
    },
  );

  it.each([undefined, '', 'keys.example', 'KEYS.example.org', 'keyserver', null])(
    'are not for the audience %j',
    async (aud) => {
      expect(await judged(on, { claims: { aud } })).toBe('wrong_audience');
    },
  );

  it.each<[string, object]>([
    ['a list of audiences', { aud: [AUTHORITY.audience] }],
    ['a number as issuer', { iss: 7 }],
    ['an object as report type', { reportType: {} }],
    ['a number as MAC', { tekmac: 1 }],
    ['an expiry in text', { exp: '1620123900' }],
    ['an expiry in text that is no number', { exp: 'never' }],
    ['an issue time that is a truth value', { iat: true }],
    ['a list as start', { nbf: [0] }],
    ['an onset in text', { symptomOnsetInterval: '2699856' }],
    ['a negative onset', { symptomOnsetInterval: -1 }],
    ['an onset beyond 32 bits', { symptomOnsetInterval: 2 ** 32 }],
  ])('may not be %s', async (_, claims) => {
    expect(await judged(on, { claims })).toBe('malformed');
  });

  const times: [string, (now: number) => object, string][] = [
    ['no times at all', () => ({ iat: undefined, exp: undefined }), 'taken'],
    ['times of 0, which are none', () => ({ iat: 0, nbf: 0, exp: 0 }), 'taken'],
    ['times that are null, which are none', () => ({ iat: null, nbf: null, exp: null }), 'taken'],
    ['this second as their end', (now) => ({ exp: now }), 'taken'],
    ['the second before as their end', (now) => ({ exp: now - 1 }), 'expired'],
    ['this second as their beginning', (now) => ({ iat: now, nbf: now }), 'taken'],
    ['an issue time 5 s ahead', (now) => ({ iat: now + 5 }), 'taken'],
    ['an issue time 6 s ahead', (now) => ({ iat: now + 6 }), 'not_yet_valid'],
    ['a beginning 5 s ahead', (now) => ({ nbf: now + 5 }), 'taken'],
    ['a beginning 6 s ahead', (now) => ({ nbf: now + 6 }), 'not_yet_valid'],
    ['an end before a beginning to come', (now) => ({ exp: 1, nbf: now + 6 }), 'not_yet_valid'],
    ['an issue time of long ago', () => ({ iat: 1 }), 'taken'],
    ['an end in a hundred years', (now) => ({ exp: now + 3_000_000_000 }), 'taken'],
    ['a negative end', () => ({ exp: -1 }), 'expired'],
  ];
  it.each(times)('may have, or not, %s', async (_, claims, expected) => {
    expect(await judged(on, { claims: claims(seconds(on)) })).toBe(expected);
  });

  it.each([0, undefined, 1, 2_699_856, 2 ** 32 - 1])(
    'may name any interval as onset, for it is judged later: %j',
    async (symptomOnsetInterval) => {
      expect(await judged(on, { claims: { symptomOnsetInterval } })).toBe('taken');
    },
  );

  it.each<[string, object]>([
    ['an id and a subject', { jti: 'x', sub: 'y' }],
    ['the risks of earlier versions', { trisk: [{ tr: 1, sinceRollingInterval: 2 }] }],
    ['no such risks', { trisk: [] }],
    ['anything else', { other: { deep: [1.5] } }],
    ['the names of claims in another case', { ISS: 1, Exp: 1, REPORTTYPE: 'x' }],
  ])('may also hold %s', async (_, claims) => {
    expect(await judged(on, { claims })).toBe('taken');
  });
}

function describeReportTypes(on: () => Ground): void {
  it.each(['confirmed', 'likely', 'user-report'])(
    'may be %s, and is stored',
    async (reportType) => {
      const key = newKey();
      expect(outcomeOf(await publish(on(), [key], { reportType }))).toBe('200');
      expect(await on().stored(key.key)).toMatchObject([{ key: { reportType } }]);
    },
  );

  it('may be negative, and new keys are not stored', async () => {
    const key = newKey();
    expect(outcomeOf(await publish(on(), [key], { reportType: 'negative' }))).toBe('200');
    expect(await on().stored(key.key)).toEqual([]);
  });

  it.each(['', 'Confirmed', 'CONFIRMED', 'confirmed ', 'self-report', 'recursive', 'revoked', '1'])(
    'may not be %j',
    async (reportType) => {
      expect(await judged(on, { reportType })).toBe('invalid_report_type');
    },
  );

  it.each([undefined, null])('may not be left out: %j', async (reportType) => {
    expect(await judged(on, { claims: { reportType } })).toBe('invalid_report_type');
  });
}

const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const privatePem = (key: KeyObject): string =>
  key.export({ type: 'pkcs8', format: 'pem' }).toString();

function describeKeys(on: () => Ground): void {
  afterAll(async () => {
    await on().configure({ authorities: [AUTHORITY] });
  });

  const KEY = AUTHORITY.keys[0]!;
  const register = async (...keys: Partial<AuthorityKey>[]): Promise<void> => {
    const all = keys.map((key) => ({ ...KEY, ...key }));
    await on().configure({ authorities: [{ ...AUTHORITY, keys: all }] });
  };
  const now = (): number => on().clock.now();

  const rows: [string, () => Partial<AuthorityKey>, 'taken' | 'no_active_key'][] = [
    ['without an end is valid', () => ({}), 'taken'],
    ['is valid right after its beginning', () => ({ from: unixMillis(now() - 1) }), 'taken'],
    ['is not valid at its beginning', () => ({ from: unixMillis(now()) }), 'no_active_key'],
    ['is not valid before', () => ({ from: unixMillis(now() + 1) }), 'no_active_key'],
    ['is valid right before its end', () => ({ thru: unixMillis(now() + 1) }), 'taken'],
    ['is not valid at its end', () => ({ thru: unixMillis(now()) }), 'no_active_key'],
    ['is not valid after', () => ({ thru: unixMillis(now() - 1) }), 'no_active_key'],
    [
      'that ends where it begins is never valid',
      () => ({ from: unixMillis(now() - 1), thru: unixMillis(now() - 1) }),
      'no_active_key',
    ],
    ['that is no PEM is none', () => ({ publicKey: 'no key' }), 'no_active_key'],
    ['that is empty is none', () => ({ publicKey: '' }), 'no_active_key'],
    ['on another curve is none', () => ({ publicKey: pemOf(p384.publicKey) }), 'no_active_key'],
    ['of another kind is none', () => ({ publicKey: pemOf(rsa.publicKey) }), 'no_active_key'],
    [
      'that is a private key is none',
      () => ({ publicKey: privatePem(SIGNING.privateKey) }),
      'no_active_key',
    ],
  ];
  it.each(rows)('%s', async (_, key, expected) => {
    await register(key());
    expect(await judged(on, {})).toBe(expected);
  });

  it('is the one of the version that the certificate names', async () => {
    const other = { version: 'v0', publicKey: pemOf(STRANGE.publicKey) };
    await register(other, {});
    expect(await judged(on, {})).toBe('taken');
    expect(await judged(on, { header: { kid: 'v0' } })).toBe('bad_signature');
  });

  it('may be one of several that are valid together, by which keys are changed', async () => {
    await register({ version: 'v0' }, { version: 'v2' });
    expect(await judged(on, { header: { kid: 'v0' } })).toBe('taken');
    expect(await judged(on, { header: { kid: 'v2' } })).toBe('taken');
    expect(await judged(on, { header: { kid: 'v1' } })).toBe('no_active_key');
  });

  it('that is new is known five minutes after the authority was asked for, or earlier', async () => {
    const settings = { CONFIG_CACHE_SECONDS: '300' };
    const sending = { settings, header: { kid: 'v5' } };
    await register({});
    expect(await judged(on, sending)).toBe('no_active_key');
    await register({}, { version: 'v5' });
    on().clock.advance(5 * MINUTE - 1);
    expect(await judged(on, sending)).toBe('no_active_key');
    on().clock.advance(1);
    expect(await judged(on, sending)).toBe('taken');
  });

  it('does not exist for an authority that has none', async () => {
    await register();
    expect(await judged(on, {})).toBe('no_active_key');
  });
}
