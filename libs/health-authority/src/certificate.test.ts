import { generateKeyPairSync, sign } from 'node:crypto';
import type { OfferedKey } from '@keyserver/exposure-keys';
import { unixMillis, unixSeconds } from '@keyserver/time';
import fc from 'fast-check';
import type { AuthorityKey, AuthorizedApp, HealthAuthority } from './authority.ts';
import { certificateVerifier } from './certificate.ts';
import { signCompactToken } from './compact-token.ts';
import { keysMacs } from './keys-mac.ts';
import { certifyingAuthority } from './testing/certifying.ts';
import {
  S32,
  SPELLING,
  VECTOR_CERTIFICATE,
  vectorApp,
  vectorAuthority,
  vectorKey,
} from './testing/vectors.ts';
import { anyCharacter } from '../../../test/support/any-character.ts';

const { A, C, unpaddedC } = SPELLING;
const keys = [vectorKey(C, 2_700_000, 144), vectorKey(A, 2_700_144, 144)];
const inTime = 1_620_123_420;

interface Case {
  certificate?: string;
  hmacKey?: string;
  keys?: readonly OfferedKey[];
  app?: AuthorizedApp;
  authority?: HealthAuthority;
  now?: number;
  /** Seconds; none unless the case is about it. */
  clockSkew?: number;
}

/** The outcome at the vector's authority; the reason alone when the certificate is refused. */
async function outcome(given: Case = {}) {
  const authority = given.authority ?? vectorAuthority;
  const verify = certificateVerifier(
    (issuer) => Promise.resolve(issuer === authority.issuer ? authority : undefined),
    given.clockSkew ?? 0,
  );
  const verdict = await verify(
    {
      certificate: given.certificate ?? VECTOR_CERTIFICATE,
      hmacKey: given.hmacKey ?? Buffer.from(S32).toString('base64'),
      keys: given.keys ?? keys,
      app: given.app ?? vectorApp,
    },
    unixSeconds(given.now ?? inTime),
  );
  return verdict.kind === 'refused' ? verdict.reason : verdict;
}

const { authority: ours, privateKey } = certifyingAuthority({ id: 7 });
const goodHeader = { alg: 'ES256', kid: 'v1', typ: 'JWT' };
const goodClaims = {
  iss: ours.issuer,
  aud: ours.audience,
  reportType: 'confirmed',
  tekmac: Buffer.from(keysMacs(keys, S32)[0]!).toString('base64'),
};
const VERIFIED = {
  kind: 'verified',
  authority: { id: 7, name: 'Test Authority' },
  reportType: 'confirmed',
  onset: undefined,
};

/** The outcome of a certificate of our own: a good one with some claims and header fields replaced (undefined: removed). */
const issued = async (claims: object = {}, header: object = {}, given: Case = {}) =>
  await issuedText(
    JSON.stringify({ ...goodClaims, ...claims }),
    JSON.stringify({ ...goodHeader, ...header }),
    given,
  );
const issuedText = async (claims: string, header: string, given: Case = {}) =>
  await outcome({
    authority: ours,
    certificate: signCompactToken(header, claims, privateKey),
    ...given,
  });
/** The good claims with one more member in the given JSON spelling. */
const withMember = (json: string) => `${JSON.stringify(goodClaims).slice(0, -1)},${json}}`;

/** A good certificate of so many characters. */
function certificateOf(length: number): string {
  const rest = signCompactToken('', '', privateKey).length;
  for (const typ of ['', 'J', 'JW', 'JWT']) {
    const header = JSON.stringify({ ...goodHeader, typ });
    const bytes = Math.floor((length - rest - encode(header).length) * 0.75);
    const claims = withMember(`"x":"${'x'.repeat(bytes - withMember('"x":""').length)}"`);
    const certificate = signCompactToken(header, claims, privateKey);
    if (certificate.length === length) return certificate;
  }
  throw new Error('there is none of this length');
}

const segments = (certificate: string): [string, string, string] => {
  const [header = '', claims = '', signature = ''] = certificate.split('.');
  return [header, claims, signature];
};
const encode = (text: string) => Buffer.from(text).toString('base64url');

describe('the published certificate', () => {
  it.each([1_620_123_000, inTime, 1_620_123_900])('is verified at second %d', async (now) => {
    expect(await outcome({ now })).toEqual({
      kind: 'verified',
      authority: { id: 7, name: 'Example Department of Health' },
      reportType: 'likely',
      onset: 2_699_856,
    });
  });

  it.each<[string, Case, string]>([
    ['before it was issued', { now: 1_620_122_999 }, 'not_yet_valid'],
    ['after it expired', { now: 1_620_123_901 }, 'expired'],
    [
      'with a risk added to a key',
      { keys: [keys[0]!, { ...keys[1]!, transmissionRisk: 1 }] },
      'mac_mismatch',
    ],
    [
      'with a key in another spelling',
      { keys: [{ ...keys[0]!, key: unpaddedC }, keys[1]!] },
      'mac_mismatch',
    ],
    ['with a key left out', { keys: [keys[0]!] }, 'mac_mismatch'],
    ['with a key twice', { keys: [...keys, keys[0]!] }, 'mac_mismatch'],
    ['without keys', { keys: [] }, 'mac_mismatch'],
    ['with another secret', { hmacKey: 'AAAA' }, 'mac_mismatch'],
    ['without a secret', { hmacKey: '' }, 'mac_mismatch'],
    ['with a secret that is not base64', { hmacKey: '*' }, 'undecodable_hmac_key'],
    [
      'at another audience',
      { authority: { ...vectorAuthority, audience: 'other' } },
      'wrong_audience',
    ],
    [
      'from another issuer',
      { authority: { ...vectorAuthority, issuer: 'other' } },
      'unknown_issuer',
    ],
    [
      'for an application that does not trust the authority',
      { app: { ...vectorApp, authorities: [6, 8] } },
      'issuer_not_authorized',
    ],
    [
      'for an application that trusts nobody',
      { app: { ...vectorApp, authorities: [] } },
      'issuer_not_authorized',
    ],
  ])('is refused %s', async (_what, given, reason) => {
    expect(await outcome(given)).toBe(reason);
  });

  it('is verified with the keys in another order and the secret in another spelling', async () => {
    const hmacKey = Buffer.from(S32).toString('base64url');
    expect(await outcome({ keys: keys.toReversed(), hmacKey })).toMatchObject({ kind: 'verified' });
  });
});

describe('the public key', () => {
  const [key] = vectorAuthority.keys;
  const withKeys = async (...changes: Partial<AuthorityKey>[]) =>
    await outcome({
      authority: { ...vectorAuthority, keys: changes.map((change) => ({ ...key!, ...change })) },
    });
  const t = (offset: number) => unixMillis(inTime * 1000 + offset);

  it.each<[string, Partial<AuthorityKey>]>([
    ['registered under another version', { version: 'r2' }],
    ['that becomes valid now', { from: t(0) }],
    ['that becomes valid later', { from: t(1) }],
    ['that was revoked now', { thru: t(0) }],
    ['that was revoked before', { thru: t(-1) }],
    ['that cannot be read', { publicKey: 'not a key' }],
  ])('is not one %s', async (_what, change) => {
    expect(await withKeys(change)).toBe('no_active_key');
  });

  it('is missing when the authority has none', async () => {
    expect(await withKeys()).toBe('no_active_key');
  });

  it.each<[string, Partial<AuthorityKey>]>([
    ['is valid since a moment ago', { from: t(-1) }],
    ['is revoked in a moment', { thru: t(1) }],
  ])('is used when it %s', async (_what, change) => {
    expect(await withKeys(change)).toMatchObject({ kind: 'verified' });
  });

  it('is found among others', async () => {
    expect(await withKeys({ version: 'r0' }, { version: 'r2' }, {})).toMatchObject({
      kind: 'verified',
    });
  });

  it('is the one of the named version, whatever other keys would verify', async () => {
    const other = certifyingAuthority().authority.keys[0]!.publicKey;
    expect(await withKeys({ publicKey: other }, { version: 'r2' })).toBe('bad_signature');
  });
});

describe('the form of a certificate', () => {
  const [header, claims, signature] = segments(VECTOR_CERTIFICATE);

  it.each([
    ['nothing', ''],
    ['a word', 'certificate'],
    ['two segments', `${header}.${claims}`],
    ['four segments', `${VECTOR_CERTIFICATE}.`],
    ['five segments', `${VECTOR_CERTIFICATE}.a.b`],
    ['an empty header', `.${claims}.${signature}`],
    ['empty claims', `${header}..${signature}`],
    ['a padded header', `${header}=.${claims}.${signature}`],
    ['claims in the other alphabet', `${header}.${claims}+/.${signature}`],
    ['a line break', `${header}\n.${claims}.${signature}`],
    ['white space around it', ` ${VECTOR_CERTIFICATE} `],
    ['a header that is no JSON', `${encode('{')}.${claims}.${signature}`],
    ['a header that is a list', `${encode('[]')}.${claims}.${signature}`],
    ['a header that is text', `${encode('"ES256"')}.${claims}.${signature}`],
    ['claims that are null', `${header}.${encode('null')}.${signature}`],
    ['claims that are a number', `${header}.${encode('1')}.${signature}`],
    ['claims with something after them', `${header}.${encode('{} {}')}.${signature}`],
    ['claims nested too deeply', `${header}.${encode('['.repeat(20_000))}.${signature}`],
    [
      'claims nested too deeply but closed',
      `${header}.${encode(`{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`)}.${signature}`,
    ],
    ['more than a request can carry', `${header}.${claims}.${'A'.repeat(64_000)}`],
  ])('is refused as malformed: %s', async (_what, certificate) => {
    expect(await outcome({ certificate })).toBe('malformed');
  });

  it.each([
    [64_000, VERIFIED],
    [64_001, 'malformed'],
  ])('is read when it has no more than 64,000 characters: %d', async (length, verdict) => {
    const certificate = certificateOf(length);
    expect(certificate).toHaveLength(length);
    expect(await outcome({ authority: ours, certificate })).toEqual(verdict);
  });

  it.each([
    ['no signature', ''],
    ['a short signature', signature.slice(0, -4)],
    ['a long signature', `${signature}AAAA`],
    ['a padded signature', `${signature}==`],
    ['a signature in another spelling', `${signature.slice(0, -1)}R`],
    ['a signature that is no base64', `*${signature.slice(1)}`],
    ['a signature of zeros', 'A'.repeat(86)],
  ])('is refused for its signature: %s', async (_what, other) => {
    expect(await outcome({ certificate: `${header}.${claims}.${other}` })).toBe('bad_signature');
  });

  it('has no signature in DER', async () => {
    const signed = `${encode(JSON.stringify(goodHeader))}.${encode(JSON.stringify(goodClaims))}`;
    const der = sign('sha256', Buffer.from(signed), privateKey).toString('base64url');
    expect(await outcome({ authority: ours, certificate: `${signed}.${der}` })).toBe(
      'bad_signature',
    );
  });
});

describe('the header of a certificate', () => {
  it.each([undefined, null, 1, '', 'es256', 'ES256 ', 'ES256K', ['ES256'], 'EXAMPLE'])(
    'may not name the algorithm %j',
    async (alg) => {
      expect(await issued({}, { alg })).toBe('unusable_algorithm');
    },
  );

  it.each(['none', 'HS256', 'RS256', 'PS256', 'ES384', 'ES512', 'EdDSA'])(
    'may not name the algorithm %s, whatever the signature is',
    async (alg) => {
      expect(await issued({}, { alg })).toBe('unsupported_algorithm');
    },
  );

  it('cannot make the public key a shared secret', async () => {
    const header = encode(JSON.stringify({ alg: 'HS256', kid: 'v1' }));
    const signed = `${header}.${encode(JSON.stringify(goodClaims))}`;
    expect(await outcome({ authority: ours, certificate: `${signed}.${encode('mac')}` })).toBe(
      'unsupported_algorithm',
    );
  });

  it('must name a key', async () => {
    expect(await issued({}, { kid: undefined })).toBe('missing_key_id');
  });

  it.each([null, '', 1, 'V1', 'v1 ', ['v1'], { v1: 'v1' }])('names no key by %j', async (kid) => {
    expect(await issued({}, { kid })).toBe('no_active_key');
  });

  it.each([undefined, 'at+jwt', 5])('may state the type %j', async (typ) => {
    expect(await issued({}, { typ })).toEqual(VERIFIED);
  });
});

describe('the claims of a certificate', () => {
  it('need no times', async () => {
    expect(await issued()).toEqual(VERIFIED);
  });

  it.each<[string, object]>([
    ['zero times', { exp: 0, iat: 0, nbf: 0 }],
    ['null times', { exp: null, iat: null, nbf: null }],
    ['times equal to now', { exp: inTime, iat: inTime, nbf: inTime }],
    ['a negative issue time', { iat: -1, nbf: -1 }],
    ['legacy risks', { trisk: [{ tr: 7, sinceRollingInterval: 1.5 }] }],
    ['legacy data', { phadata: { a: 'b' }, keyVersion: 'v9', testDateInterval: 'x' }],
    ['registered names of any type', { jti: 5, sub: ['x'] }],
    ['unknown names', { constructor: 1, unknown: { nested: [1.5] } }],
    ['a claim in other letter case', { EXP: 1, Aud: [] }],
    ['no onset', { symptomOnsetInterval: 0 }],
    ['a null onset', { symptomOnsetInterval: null }],
  ])('may hold %s', async (_what, claims) => {
    expect(await issued(claims)).toEqual(VERIFIED);
  });

  it.each([1, 2_699_856, 2 ** 32 - 1])('may state the onset %d', async (onset) => {
    expect(await issued({ symptomOnsetInterval: onset })).toEqual({ ...VERIFIED, onset });
  });

  it.each(['confirmed', 'likely', 'user-report', 'negative'])(
    'may state the report type %s',
    async (reportType) => {
      expect(await issued({ reportType })).toEqual({ ...VERIFIED, reportType });
    },
  );

  it.each<[string, object]>([
    ['a list of audiences', { aud: [ours.audience] }],
    ['an issuer that is no text', { iss: 1 }],
    ['a report type that is no text', { reportType: ['confirmed'] }],
    ['a MAC that is no text', { tekmac: {} }],
    ['an expiry in text', { exp: String(inTime) }],
    ['an issue time that is true', { iat: true }],
    ['a fraction of a second', { nbf: inTime - 0.5 }],
    ['an onset in text', { symptomOnsetInterval: '2699856' }],
    ['a negative onset', { symptomOnsetInterval: -1 }],
    ['an onset beyond 32 bits', { symptomOnsetInterval: 2 ** 32 }],
    ['an onset between intervals', { symptomOnsetInterval: 2_699_856.5 }],
  ])('are malformed with %s', async (_what, claims) => {
    expect(await issued(claims)).toBe('malformed');
  });

  it.each([
    '"exp":1620123900.0',
    '"exp":1.6201239e9',
    '"exp":1620123900e0',
    '"exp":9223372036854777856',
    `"exp":1${'0'.repeat(400)}`,
    '"exp":1e999',
    '"symptomOnsetInterval":2699856.0',
    '"symptomOnsetInterval":0.0',
    '"iat":0e0',
  ])('are malformed with a number written as %s', async (member) => {
    expect(await issuedText(withMember(member), JSON.stringify(goodHeader))).toBe('malformed');
  });

  it.each(['"exp":9223372036854775807', '"iat":-9223372036854775808', '"iat":-0'])(
    'may hold the 64-bit integer %s',
    async (member) => {
      expect(await issuedText(withMember(member), JSON.stringify(goodHeader))).toEqual(VERIFIED);
    },
  );

  it.each<[string, object, string]>([
    ['no issuer', { iss: undefined }, 'unknown_issuer'],
    ['a null issuer', { iss: null }, 'unknown_issuer'],
    ['an empty issuer', { iss: '' }, 'unknown_issuer'],
    ['an issuer in other letter case', { iss: ours.issuer.toUpperCase() }, 'unknown_issuer'],
    ['no audience', { aud: undefined }, 'wrong_audience'],
    ['an empty audience', { aud: '' }, 'wrong_audience'],
    ['an audience in other letter case', { aud: ours.audience.toUpperCase() }, 'wrong_audience'],
    ['an expiry a second ago', { exp: inTime - 1 }, 'expired'],
    ['an expiry before 1970', { exp: -1 }, 'expired'],
    ['an issue time in a second', { iat: inTime + 1 }, 'not_yet_valid'],
    ['a start in a second', { nbf: inTime + 1 }, 'not_yet_valid'],
    ['no report type', { reportType: undefined }, 'invalid_report_type'],
    ['an empty report type', { reportType: '' }, 'invalid_report_type'],
    ['a report type in other letter case', { reportType: 'Confirmed' }, 'invalid_report_type'],
    ['an unknown report type', { reportType: 'self-report' }, 'invalid_report_type'],
    ['a MAC that is not base64', { tekmac: '*' }, 'undecodable_mac'],
    ['no MAC', { tekmac: undefined }, 'mac_mismatch'],
    ['an empty MAC', { tekmac: '' }, 'mac_mismatch'],
    ['a shortened MAC', { tekmac: goodClaims.tekmac.slice(0, 40) }, 'mac_mismatch'],
  ])('are refused with %s', async (_what, claims, reason) => {
    expect(await issued(claims)).toBe(reason);
  });

  it('may hold the MAC in another spelling', async () => {
    const tekmac = goodClaims.tekmac.replaceAll('+', '-').replaceAll('/', '_').replace('=', '');
    expect(await issued({ tekmac })).toEqual(VERIFIED);
  });
});

describe('an authority whose clock runs ahead', () => {
  it.each(['iat', 'nbf'])('is believed when %s lies as far ahead as is allowed', async (claim) => {
    expect(await issued({ [claim]: inTime + 5 }, {}, { clockSkew: 5 })).toEqual(VERIFIED);
    expect(await issued({ [claim]: inTime + 60 }, {}, { clockSkew: 60 })).toEqual(VERIFIED);
  });

  it.each(['iat', 'nbf'])('is not believed when %s lies a second further', async (claim) => {
    expect(await issued({ [claim]: inTime + 6 }, {}, { clockSkew: 5 })).toBe('not_yet_valid');
    expect(await issued({ [claim]: inTime + 61 }, {}, { clockSkew: 60 })).toBe('not_yet_valid');
  });

  it('is allowed 5 seconds where nothing else is said', async () => {
    const verify = certificateVerifier(() => Promise.resolve(ours));
    const at = async (iat: number) => {
      const certificate = signCompactToken(
        JSON.stringify(goodHeader),
        JSON.stringify({ ...goodClaims, iat }),
        privateKey,
      );
      const hmacKey = Buffer.from(S32).toString('base64');
      const presented = { certificate, hmacKey, keys, app: vectorApp };
      return await verify(presented, unixSeconds(inTime));
    };
    expect([await at(inTime + 5), await at(inTime + 6)]).toEqual([
      VERIFIED,
      { kind: 'refused', reason: 'not_yet_valid' },
    ]);
  });

  it('gets no longer life for its certificates', async () => {
    expect(await issued({ exp: inTime - 1 }, {}, { clockSkew: 60 })).toBe('expired');
  });
});

describe('a certificate with critical extensions', () => {
  it.each<[string, unknown]>([
    ['an unknown one', ['b64']],
    ['none that it names', []],
    ['something that is no list', 'exp'],
    ['null', null],
  ])('is refused when they are %s', async (_what, crit) => {
    expect(await issued({}, { crit })).toBe('critical_extension');
  });

  it('is refused for its algorithm first, and for its key id last', async () => {
    expect(await issued({}, { crit: [], alg: 'none' })).toBe('unsupported_algorithm');
    expect(await issued({}, { crit: [], kid: undefined })).toBe('critical_extension');
  });
});

describe('a certificate that fails several checks is refused for the first', () => {
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const forged = async (claims: object, header: object = {}, given: Case = {}) =>
    await outcome({
      authority: ours,
      certificate: signCompactToken(
        JSON.stringify({ ...goodHeader, ...header }),
        JSON.stringify({ ...goodClaims, ...claims }),
        stranger,
      ),
      ...given,
    });

  it.each<[string, { claims?: object; header?: object } & Case, string]>([
    ['form, then algorithm', { claims: { aud: [] }, header: { alg: 'none' } }, 'malformed'],
    [
      'algorithm, then key id',
      { header: { alg: 'none', kid: undefined } },
      'unsupported_algorithm',
    ],
    ['key id, then issuer', { claims: { iss: 'x' }, header: { kid: undefined } }, 'missing_key_id'],
    ['issuer, then audience', { claims: { iss: 'x', aud: 'y' } }, 'unknown_issuer'],
    ['audience, then key', { claims: { aud: 'y' }, header: { kid: 'z' } }, 'wrong_audience'],
    ['key, then times', { claims: { iat: inTime + 1 }, header: { kid: 'z' } }, 'no_active_key'],
    ['a time to come, then signature', { claims: { iat: inTime + 1 } }, 'not_yet_valid'],
    ['a start to come, then signature', { claims: { nbf: inTime + 1, exp: 1 } }, 'not_yet_valid'],
    ['signature, then expiry', { claims: { exp: inTime - 1 } }, 'bad_signature'],
    ['signature, then application', { app: { ...vectorApp, authorities: [] } }, 'bad_signature'],
  ])('%s', async (_what, { claims = {}, header = {}, ...given }, reason) => {
    expect(await forged(claims, header, given)).toBe(reason);
  });

  it.each<[string, object, Case, string]>([
    ['expiry, then application', { exp: 1 }, { app: { ...vectorApp, authorities: [] } }, 'expired'],
    ['a time to come, then expiry', { exp: 1, iat: inTime + 1 }, {}, 'not_yet_valid'],
    [
      'application, then report type',
      { reportType: 'x' },
      { app: { ...vectorApp, authorities: [] } },
      'issuer_not_authorized',
    ],
    [
      'report type, then MAC',
      { reportType: 'x', tekmac: '*' },
      { hmacKey: '*' },
      'invalid_report_type',
    ],
    ['MAC, then secret', { tekmac: '*' }, { hmacKey: '*' }, 'undecodable_mac'],
    ['secret, then keys', {}, { hmacKey: '*', keys: [] }, 'undecodable_hmac_key'],
  ])('%s', async (_what, claims, given, reason) => {
    expect(await issued(claims, {}, given)).toBe(reason);
  });

  it('a future certificate with a broken signature is not valid yet', async () => {
    const [header, claims, signature] = segments(VECTOR_CERTIFICATE);
    const certificate = `${header}.${claims}.A${signature.slice(1)}`;
    expect(await outcome({ certificate, now: 1_620_122_999 })).toBe('not_yet_valid');
    expect(await outcome({ certificate })).toBe('bad_signature');
  });
});

describe('the directory of authorities', () => {
  const ask = async (certificate: string, find: (issuer: string) => Promise<undefined>) =>
    await certificateVerifier(find)(
      { certificate, hmacKey: '', keys, app: vectorApp },
      unixSeconds(inTime),
    );

  it('that fails is a fault and no refusal', async () => {
    const fault = new Error('reading the authority failed');
    await expect(ask(VECTOR_CERTIFICATE, () => Promise.reject(fault))).rejects.toBe(fault);
  });

  it('is not asked about a malformed certificate', async () => {
    const fault = () => Promise.reject(new Error('asked'));
    expect(await ask('a.b.c', fault)).toEqual({ kind: 'refused', reason: 'malformed' });
  });
});

describe('any other certificate', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n{}é';
  const letter = fc.constantFrom(...Array.from(alphabet));
  const at = fc.nat(VECTOR_CERTIFICATE.length - 1);
  const replace = fc.tuple(at, letter).map(
    ([n, c]) =>
      (text: string) =>
        text.slice(0, n) + c + text.slice(n + 1),
  );
  const insert = fc.tuple(at, letter).map(
    ([n, c]) =>
      (text: string) =>
        text.slice(0, n) + c + text.slice(n),
  );
  const cut = fc.tuple(at, fc.nat(8)).map(
    ([n, m]) =>
      (text: string) =>
        text.slice(0, n) + text.slice(n + 1 + m),
  );
  const swap = fc.tuple(at, at).map(
    ([n, m]) =>
      (text: string) =>
        text.slice(n) + text.slice(0, m),
  );
  const mutations = fc.array(fc.oneof(replace, insert, cut, swap), { minLength: 1, maxLength: 3 });

  it('made by changing a good one is refused and never thrown at', async () => {
    await fc.assert(
      fc.asyncProperty(mutations, async (changes) => {
        const certificate = changes.reduce((text, change) => change(text), VECTOR_CERTIFICATE);
        fc.pre(certificate !== VECTOR_CERTIFICATE);
        expect(await outcome({ certificate })).toEqual(expect.any(String));
      }),
      { numRuns: 1000 },
    );
  });

  it('of any text is refused', async () => {
    const text = fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc
        .tuple(fc.json(), fc.json(), fc.base64String())
        .map(([a, b, c]) => `${encode(a)}.${encode(b)}.${c}`),
    );
    await fc.assert(
      fc.asyncProperty(text, async (certificate) => {
        expect(await outcome({ certificate })).toEqual(expect.any(String));
      }),
    );
  });

  it('that is signed but covers no keys is refused, whatever its claims are', async () => {
    const claim = fc.constantFrom(
      'iss',
      'aud',
      'exp',
      'iat',
      'nbf',
      'reportType',
      'symptomOnsetInterval',
      'tekmac',
      '__proto__',
      'x',
    );
    const claims = fc.dictionary(claim, fc.jsonValue());
    const header = fc.dictionary(fc.constantFrom('alg', 'kid', 'typ', '__proto__'), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(claims, header, fc.boolean(), async (odd, oddHeader, keep) => {
        const base = keep ? { ...goodClaims, tekmac: 'AAAA' } : { ...goodClaims };
        expect(
          await issued({ ...base, ...odd, ...(keep ? {} : { tekmac: '' }) }, oddHeader),
        ).toEqual(expect.any(String));
      }),
      { numRuns: 300 },
    );
  });

  it('does not verify for keys that differ in anything', async () => {
    const changed = fc.record<Partial<OfferedKey>, keyof OfferedKey>(
      {
        key: fc.string(),
        rollingStartNumber: fc.integer(),
        rollingPeriod: fc.integer(),
        transmissionRisk: fc.integer({ min: 1, max: 8 }),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(changed, async (change) => {
        const other = { ...keys[0]!, ...change };
        fc.pre(JSON.stringify(other) !== JSON.stringify(keys[0]));
        expect(await outcome({ keys: [other, keys[1]!] })).toBe('mac_mismatch');
      }),
    );
  });
});
