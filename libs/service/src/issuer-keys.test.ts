import {
  DAY,
  HOUR,
  MINUTE,
  SECOND,
  simulatedClock,
  unixMillis,
  systemTimers,
} from '@keyserver/time';
import { type Caller, callerVerifier } from './index.ts';
import { type TestIssuer, testIssuer } from './testing/test-issuer.ts';

const START = 1_700_000_000_000;
let issuer: TestIssuer;

beforeEach(async () => {
  issuer = await testIssuer();
});
afterEach(async () => {
  await issuer.close();
});

function calling() {
  const clock = simulatedClock(unixMillis(START));
  const verify = callerVerifier({
    issuers: [issuer],
    audience: 'us',
    emails: ['a@example.org'],
    clock,
    timers: systemTimers,
    allowHttpJwks: true,
  });
  const mint = async (header?: Record<string, unknown>): Promise<string> => {
    const iat = Math.floor(clock.now() / SECOND);
    const claims = { iss: issuer.issuer, aud: 'us', email: 'a@example.org', email_verified: true };
    return await issuer.mint({ ...claims, iat, exp: iat + 600 }, header);
  };
  const call = async (header?: Record<string, unknown>): Promise<Caller['kind']> =>
    (await verify([`Bearer ${await mint(header)}`])).kind;
  return { clock, verify, mint, call };
}
const saying = (maxAge: string): void => {
  issuer.answer.headers = { 'cache-control': maxAge };
};

describe("an issuer's keys", () => {
  it('are fetched once for many first calls at once', async () => {
    const { call } = calling();
    const kinds = await Promise.all(Array.from({ length: 20 }, async () => await call()));
    expect(new Set(kinds)).toEqual(new Set(['caller']));
    expect(issuer.fetches).toBe(1);
  });

  it.each([
    ['public, max-age=7200, must-revalidate', 2 * HOUR],
    ['max-age=1', 5 * MINUTE],
    ['no-store', 5 * MINUTE],
    ['s-max-age=7200', 5 * MINUTE],
    ['max-age=999999999', DAY],
  ])('answered with %s are kept for %d ms', async (cacheControl, span) => {
    saying(cacheControl);
    const { clock, call } = calling();
    await call();
    clock.advance(span - 1);
    await call();
    expect(issuer.fetches).toBe(1);
    clock.advance(1);
    expect(await call()).toBe('caller');
    expect(issuer.fetches).toBe(2);
  });

  it('are fetched anew for a key that is not known yet', async () => {
    const { clock, call } = calling();
    await call();
    await issuer.rotate();
    clock.advance(30 * SECOND);
    expect(await call()).toBe('caller');
    expect(issuer.fetches).toBe(2);
  });

  it('are fetched at most every 30 seconds, however many unknown keys are named', async () => {
    const { clock, call } = calling();
    await call();
    for (let n = 0; n < 29; n += 1) {
      clock.advance(SECOND);
      expect(await call({ kid: `made up ${String(n)}` })).toBe('unauthenticated');
    }
    expect(issuer.fetches).toBe(1);
    clock.advance(SECOND);
    await Promise.all([1, 2, 3].map(async (n) => await call({ kid: `made up ${String(n)}` })));
    expect(issuer.fetches).toBe(2);
  });

  it('serve on for a day while the issuer is away, and no longer', async () => {
    saying('max-age=3600');
    const { clock, call } = calling();
    await call();
    issuer.answer.status = 503;
    clock.advance(HOUR);
    expect(await call()).toBe('caller');
    expect(issuer.fetches).toBe(2);
    clock.advance(SECOND);
    expect(await call()).toBe('caller');
    expect(issuer.fetches).toBe(2); // it is not asked again at once
    clock.set(unixMillis(START + HOUR + DAY - 1));
    expect(await call()).toBe('caller');
    clock.advance(1);
    clock.advance(MINUTE);
    expect(await call()).toBe('unverifiable');
  });

  it('are asked for again after the clock was set back', async () => {
    const { clock, call } = calling();
    await call();
    clock.set(unixMillis(START - DAY));
    expect(await call()).toBe('caller');
    expect(issuer.fetches).toBe(2);
  });

  it('that cannot be had when they are first needed leave callers unverifiable, not refused', async () => {
    issuer.answer.status = 500;
    const { clock, call } = calling();
    expect(await call()).toBe('unverifiable');
    issuer.answer.status = 200;
    expect(await call()).toBe('unverifiable');
    expect(issuer.fetches).toBe(1);
    clock.advance(SECOND);
    expect(await call()).toBe('caller');
  });

  it('of an issuer that does not listen leave callers unverifiable', async () => {
    const { call } = calling();
    await issuer.close();
    expect(await call()).toBe('unverifiable');
  });

  it.each([
    ['an empty set', 200, '{"keys":[]}'],
    ['no set', 200, '{"keys":{}}'],
    ['no keys', 200, '{"keys":[null]}'],
    ['keys without a kind', 200, '{"keys":[{"kid":"key-1"}]}'],
    ['null', 200, 'null'],
    ['a page', 200, '<html></html>'],
    ['nothing', 200, ''],
    ['an error', 404, '{"keys":[{"kty":"RSA"}]}'],
    ['too much', 200, `{"keys":[{"kty":"RSA"}],"x":"${'x'.repeat(64 * 1024)}"}`],
  ])(
    'are not taken from an answer with %s, and the known ones stay',
    async (_what, status, body) => {
      const { clock, call } = calling();
      await call();
      issuer.answer = { ...issuer.answer, status, body };
      clock.advance(HOUR);
      expect(await call()).toBe('caller');
      expect(issuer.fetches).toBe(2);
    },
  );

  it('are not looked for where an answer points elsewhere', async () => {
    issuer.answer = { status: 302, body: '', headers: { location: issuer.jwksUrl } };
    expect(await calling().call()).toBe('unverifiable');
    expect(issuer.fetches).toBe(1);
  });

  it('may be a large set', async () => {
    const [key] = (JSON.parse(issuer.answer.body) as { keys: object[] }).keys;
    const others = Array.from({ length: 50 }, (_, n) => ({ ...key, kid: `other-${String(n)}` }));
    issuer.answer.body = JSON.stringify({ keys: [...others, key] });
    expect(await calling().call()).toBe('caller');
  });
});
