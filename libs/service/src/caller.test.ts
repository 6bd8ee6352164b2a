import { createHmac } from 'node:crypto';
import { type SimulatedClock, simulatedClock, unixMillis, systemTimers } from '@keyserver/time';
import fc from 'fast-check';
import { SignJWT, exportSPKI, generateKeyPair } from 'jose';
import { type Caller, type CallerRules, type VerifyCaller, callerVerifier } from './index.ts';
import { type TestIssuer, testIssuer } from './testing/test-issuer.ts';

const NOW = 1_700_000_000;
const AUDIENCE = 'https://export.example';
const EMAIL = 'scheduler@project.iam.gserviceaccount.com';

let issuer: TestIssuer;
let clock: SimulatedClock;
let verify: VerifyCaller;

const rules = (change: Partial<CallerRules> = {}): CallerRules => ({
  issuers: [issuer],
  audience: AUDIENCE,
  emails: [EMAIL],
  clock,
  timers: systemTimers,
  allowHttpJwks: true,
  ...change,
});
const claims = (change: Record<string, unknown> = {}): Record<string, unknown> => ({
  iss: issuer.issuer,
  aud: AUDIENCE,
  sub: '1234567890',
  email: EMAIL,
  email_verified: true,
  iat: NOW,
  exp: NOW + 3600,
  ...change,
});
const callWith = async (token: string): Promise<Caller> => await verify([`Bearer ${token}`]);
const call = async (change: Record<string, unknown> = {}): Promise<Caller> =>
  await callWith(await issuer.mint(claims(change)));
const unauthenticated = (reason: string): unknown => ({ kind: 'unauthenticated', reason });
const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');

beforeAll(async () => {
  issuer = await testIssuer();
});
afterAll(async () => {
  await issuer.close();
});
beforeEach(() => {
  clock = simulatedClock(unixMillis(NOW * 1000));
  verify = callerVerifier(rules());
});

describe('a caller', () => {
  it('is known by a token that is signed, current, for us, and of an account with a grant', async () => {
    expect(await call()).toEqual({ kind: 'caller', email: EMAIL });
  });

  it.each(['bearer', 'BEARER', 'Bearer '])('may spell the scheme %p', async (scheme) => {
    const token = await issuer.mint(claims());
    expect(await verify([`${scheme} ${token}`])).toMatchObject({ kind: 'caller' });
  });

  it('without a grant is known and still refused', async () => {
    const outcome = await call({ email: 'other@project.iam.gserviceaccount.com' });
    expect(outcome).toEqual({ kind: 'forbidden', reason: 'not_granted' });
  });

  it('has no grant where nobody is listed', async () => {
    verify = callerVerifier(rules({ emails: [] }));
    expect(await call()).toMatchObject({ kind: 'forbidden' });
  });

  it('may come from any name of one issuer, whose keys are fetched once', async () => {
    const fetched = issuer.fetches;
    const other = { issuer: 'accounts.example', jwksUrl: issuer.jwksUrl };
    verify = callerVerifier(rules({ issuers: [issuer, other] }));
    expect(await call({ iss: 'accounts.example' })).toMatchObject({ kind: 'caller' });
    expect(await call()).toMatchObject({ kind: 'caller' });
    expect(issuer.fetches - fetched).toBe(1);
  });
});

describe('the issuer Google', () => {
  const [full, bare] = ['https://accounts.google.com', 'accounts.google.com'];

  it.each([
    [full, full],
    [full, bare],
    [bare, full],
    [bare, bare],
  ])('trusted as %s may call itself %s', async (issuer_, iss) => {
    verify = callerVerifier(rules({ issuers: [{ issuer: issuer_, jwksUrl: issuer.jwksUrl }] }));
    expect(await call({ iss })).toEqual({ kind: 'caller', email: EMAIL });
  });

  it('has one set of keys under both names', async () => {
    const fetched = issuer.fetches;
    verify = callerVerifier(rules({ issuers: [{ issuer: full, jwksUrl: issuer.jwksUrl }] }));
    await Promise.all([call({ iss: full }), call({ iss: bare })]);
    expect(issuer.fetches - fetched).toBe(1);
  });

  it.each(['http://accounts.google.com', 'https://accounts.google.com/', 'ACCOUNTS.GOOGLE.COM'])(
    'has no other name: %s',
    async (iss) => {
      verify = callerVerifier(rules({ issuers: [{ issuer: full, jwksUrl: issuer.jwksUrl }] }));
      expect(await call({ iss })).toEqual(unauthenticated('issuer'));
    },
  );

  it('is nobody to a service that trusts another issuer', async () => {
    expect(await call({ iss: bare })).toEqual(unauthenticated('issuer'));
  });
});

describe('a token is refused', () => {
  it.each([
    ['for another audience', { aud: 'https://publish.example' }, 'audience'],
    ['for several audiences', { aud: [AUDIENCE, 'https://publish.example'] }, 'audience'],
    ['for one audience in a list', { aud: [AUDIENCE] }, 'audience'],
    ['without an audience', { aud: undefined }, 'audience'],
    ['from another issuer', { iss: 'https://accounts.example' }, 'issuer'],
    ['without an issuer', { iss: undefined }, 'issuer'],
    ['with an issuer that is no text', { iss: 7 }, 'issuer'],
    ['that has expired', { iat: NOW - 3661, exp: NOW - 61 }, 'time'],
    ['that is not yet valid', { nbf: NOW + 61 }, 'time'],
    ['made in the future', { iat: NOW + 61, exp: NOW + 3000 }, 'time'],
    ['without an expiry', { exp: undefined }, 'time'],
    ['without a time of issue', { iat: undefined }, 'time'],
    ['with an expiry that is no number', { exp: '9999999999' }, 'time'],
    ['that lives for too long', { exp: NOW + 3601 }, 'lifetime'],
    ['that ends before it begins', { iat: NOW + 30, exp: NOW + 29 }, 'lifetime'],
    ['without an e-mail address', { email: undefined }, 'email'],
    ['with an e-mail address nobody verified', { email_verified: false }, 'email'],
    ['with a claim of verification that is text', { email_verified: 'true' }, 'email'],
    ['with several e-mail addresses', { email: [EMAIL] }, 'email'],
  ])('%s', async (_which, change, reason) => {
    expect(await call(change)).toEqual(unauthenticated(reason));
  });

  it.each([
    ['expired less than a minute ago', { iat: NOW - 3659, exp: NOW - 59 }],
    ['made less than a minute from now', { iat: NOW + 59, exp: NOW + 3000 }],
  ])('but not when it was %s, for clocks differ', async (_which, change) => {
    expect(await call(change)).toMatchObject({ kind: 'caller' });
  });

  it('signed by another key of the same name', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    const forged = new SignJWT(claims()).setProtectedHeader({ alg: 'RS256', kid: 'key-1' });
    expect(await callWith(await forged.sign(privateKey))).toEqual(unauthenticated('signature'));
  });

  it('signed with a key that the token itself brings', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const jwk = await crypto.subtle.exportKey('jwk', publicKey);
    const forged = new SignJWT(claims()).setProtectedHeader({ alg: 'RS256', jwk });
    expect(await callWith(await forged.sign(privateKey))).toEqual(unauthenticated('signature'));
  });

  it('without a signature, by the algorithm none', async () => {
    const unsigned = `${encode({ alg: 'none' })}.${encode(claims())}.`;
    expect(await callWith(unsigned)).toEqual(unauthenticated('malformed'));
    expect(await callWith(`${unsigned}AAAA`)).toEqual(unauthenticated('signature'));
  });

  it('signed by HS256 with the public key as the secret', async () => {
    const secret = await exportSPKI(issuer.publicKey());
    const head = `${encode({ alg: 'HS256', kid: 'key-1' })}.${encode(claims())}`;
    const forged = `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
    expect(await callWith(forged)).toEqual(unauthenticated('signature'));
  });

  it('signed by another algorithm of the same key', async () => {
    const published = issuer.answer;
    // Keys that do not name their algorithm: only our own list of them stands between.
    const unnamed = published.body.replaceAll('"alg":"RS256",', '');
    issuer.answer = { ...published, body: unnamed };
    try {
      expect(unnamed).not.toContain('alg');
      expect(await call()).toMatchObject({ kind: 'caller' });
      const token = await issuer.mintBy('PS256', claims());
      expect(await callWith(token)).toEqual(unauthenticated('signature'));
    } finally {
      issuer.answer = published;
    }
  });

  it('with the marker that Cloud Run puts in place of a signature it consumed', async () => {
    const [header, payload] = (await issuer.mint(claims())).split('.');
    const marked = `${String(header)}.${String(payload)}.SIGNATURE_REMOVED_BY_GOOGLE`;
    expect(await callWith(marked)).toEqual(unauthenticated('signature_removed'));
  });

  it('signed with ES256, even by a key that its issuer publishes', async () => {
    const curved = await testIssuer('ES256');
    try {
      // An issuer of our accounts has no say in its algorithms, whatever its rules are made from.
      const trusted = { issuer: curved.issuer, jwksUrl: curved.jwksUrl, es256: true };
      verify = callerVerifier(rules({ issuers: [trusted] }));
      const token = await curved.mint(claims({ iss: curved.issuer }));
      expect(await callWith(token)).toEqual(unauthenticated('signature'));
    } finally {
      await curved.close();
    }
  });

  it('with a critical header that we do not know', async () => {
    const token = await issuer.mint(claims());
    const [, payload, signature] = token.split('.');
    const header = encode({ alg: 'RS256', kid: 'key-1', crit: ['x'], x: 1 });
    const marked = `${header}.${String(payload)}.${String(signature)}`;
    expect(await callWith(marked)).toEqual(unauthenticated('signature'));
  });

  it('whose payload was changed by one letter', async () => {
    const token = await issuer.mint(claims());
    const [header = '', payload = '', signature = ''] = token.split('.');
    const at = fc.integer({ min: 0, max: payload.length - 2 });
    await fc.assert(
      fc.asyncProperty(at, async (n) => {
        const letter = payload[n] === 'A' ? 'B' : 'A';
        const changed = payload.slice(0, n) + letter + payload.slice(n + 1);
        return (await callWith(`${header}.${changed}.${signature}`)).kind === 'unauthenticated';
      }),
      { numRuns: 50 },
    );
  });
});

describe('an Authorization header', () => {
  it('must be there, and only once', async () => {
    const header = `Bearer ${await issuer.mint(claims())}`;
    expect(await verify([])).toEqual(unauthenticated('missing'));
    expect(await verify([header, header])).toEqual(unauthenticated('several'));
  });

  it.each([
    '',
    'Bearer',
    'Bearer ',
    'Basic dTpw',
    'Bearer a.b',
    'Bearer a.b.c.d',
    'Bearer a.b.c d',
  ])('spelled %p is malformed', async (header) => {
    expect(await verify([header])).toEqual(unauthenticated('malformed'));
  });

  it('with anything in it is never a reason to throw or to let in', async () => {
    const part = fc.oneof(
      fc.string(),
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
      fc.constantFrom(encode({ alg: 'RS256' }), encode({ iss: 'x' }), encode(null), 'AAAA'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 4 }), async (parts) => {
        return (await verify([`Bearer ${parts.join('.')}`])).kind === 'unauthenticated';
      }),
    );
  });
});

describe('rules that would let strangers in', () => {
  it.each(['', ' '])('are refused: the audience %p', (audience) => {
    expect(() => callerVerifier(rules({ audience }))).toThrow('audience');
  });

  it('are refused: an issuer with two sets of keys', () => {
    const jwksUrl = 'https://issuer.example/keys';
    const google = { issuer: 'https://accounts.google.com', jwksUrl };
    const again = { issuer: 'accounts.google.com', jwksUrl: 'https://elsewhere.example/keys' };
    expect(() => callerVerifier(rules({ issuers: [google, again] }))).toThrow('twice');
  });

  it.each([
    ['http://issuer.example/keys', true],
    ['http://127.0.0.1/keys', false],
    ['ftp://127.0.0.1/keys', true],
    ['http://127.0.0.1.example/keys', true],
  ])('are refused: keys from %s', (jwksUrl, allowHttpJwks) => {
    const issuers = [{ issuer: 'x', jwksUrl }];
    expect(() => callerVerifier(rules({ issuers, allowHttpJwks }))).toThrow('https');
  });

  it('need http to be allowed: by default it is not', async () => {
    const { issuers, audience, emails, timers } = rules();
    expect(() => callerVerifier({ issuers, audience, emails, clock, timers })).toThrow('https');
    const safe = [{ issuer: 'x', jwksUrl: 'https://issuer.example/keys' }];
    const strict = callerVerifier({ issuers: safe, audience, emails, clock, timers });
    expect(await strict([`Bearer ${await issuer.mint(claims())}`])).toEqual(
      unauthenticated('issuer'),
    );
  });
});
