import type { HealthAuthority } from '@keyserver/health-authority';
import { unixMillis } from '@keyserver/time';
import type { Answer, Ground } from '../publish/ground.ts';
import { AUTHORITY, STRANGE, certificateOver, pemOf } from '../publish/phone.ts';

/** Sends a token for statistics; the answer, and the reason that is logged. */
export async function sendStatsToken(
  ground: Ground,
  authorization: string | undefined,
): Promise<Answer & { readonly reason: unknown }> {
  const service = await ground.service();
  const headers = {
    'content-type': 'application/json',
    ...(authorization === undefined ? {} : { authorization }),
  };
  const answer = await service.send('{}', { headers }, '/v1/stats');
  return { ...answer, reason: service.lastEvent()['reason'] };
}

/** How it ended: "taken", or why not. */
const judgementOf = ({ status, body, reason }: Awaited<ReturnType<typeof sendStatsToken>>) =>
  status === 200 ? 'taken' : status === 401 && body['code'] === 'unauthorized' ? reason : status;

type Claims = Readonly<Record<string, unknown>>;

interface Token {
  readonly claims?: Claims;
  readonly header?: Claims;
  readonly signer?: typeof STRANGE.privateKey;
}

/** Rows about the token with which an authority reads its statistics. */
export function describeStatsTokens(on: () => Ground): void {
  const tokenOf = ({ claims = {}, header = {}, signer }: Token = {}): string => {
    const own = { aud: 'keyserver', reportType: undefined, tekmac: undefined, ...claims };
    const signing = signer === undefined ? {} : { signer };
    return certificateOver([], on().clock.now(), { claims: own, header, ...signing });
  };
  const judged = async (token: Token): Promise<unknown> =>
    judgementOf(await sendStatsToken(on(), `Bearer ${tokenOf(token)}`));
  const now = (): number => Math.floor(on().clock.now() / 1000);

  describe('the token for statistics', () => {
    afterEach(async () => {
      await on().configure({ authorities: [AUTHORITY] });
    });

    describeClaims(judged, now);
    describeHeader(on, tokenOf);
    describeOrder(on, judged, now);
  });
}

type Judge = (token: Token) => Promise<unknown>;

function describeClaims(judged: Judge, now: () => number): void {
  it.each<[string, () => Claims, string]>([
    ['no times', () => ({ iat: undefined, exp: undefined }), 'taken'],
    ['times that are 0', () => ({ iat: 0, nbf: 0, exp: 0 }), 'taken'],
    ['its last second', () => ({ exp: now() }), 'taken'],
    ['an end a second ago', () => ({ exp: now() - 1 }), 'expired'],
    ['a beginning now', () => ({ nbf: now() }), 'taken'],
    ['a beginning in a second', () => ({ nbf: now() + 1 }), 'not_yet_valid'],
    ['an issue in a second', () => ({ iat: now() + 1 }), 'not_yet_valid'],
    ['the audience of certificates', () => ({ aud: AUTHORITY.audience }), 'wrong_audience'],
    ['no audience', () => ({ aud: undefined }), 'wrong_audience'],
    ['a list of audiences', () => ({ aud: ['keyserver'] }), 'malformed'],
    ['another issuer', () => ({ iss: 'nobody' }), 'unknown_issuer'],
    ['no issuer', () => ({ iss: undefined }), 'unknown_issuer'],
    ['claims of other meanings', () => ({ sub: 'x', reportType: 7, days: [] }), 'taken'],
  ])('with %s', async (_, claims, judgement) => {
    expect(await judged({ claims: claims() })).toBe(judgement);
  });

  it.each<[string, Claims, string]>([
    ['another version of the key', { kid: 'v2' }, 'no_active_key'],
    ['a version in other letters', { kid: 'V1' }, 'no_active_key'],
    ['no version', { kid: undefined }, 'missing_key_id'],
    ['a version that is no text', { kid: 1 }, 'invalid_key_id'],
    ['the algorithm none', { alg: 'none' }, 'unsupported_algorithm'],
    ['the algorithm HS256', { alg: 'HS256' }, 'unsupported_algorithm'],
    ['an algorithm that is none', { alg: 'es256' }, 'unusable_algorithm'],
    ['no type', { typ: undefined }, 'taken'],
  ])('with %s in its header', async (_, header, judgement) => {
    expect(await judged({ header })).toBe(judgement);
  });
}

function describeHeader(on: () => Ground, tokenOf: () => string): void {
  it.each<[string, (token: string) => string | undefined, string]>([
    ['after "Bearer "', (token) => `Bearer ${token}`, 'taken'],
    ['without a header', () => undefined, 'missing'],
    ['alone', (token) => token, 'not_bearer'],
    ['after "bearer "', (token) => `bearer ${token}`, 'not_bearer'],
    ['after "Bearer" without a space', (token) => `Bearer${token}`, 'not_bearer'],
    ['after two spaces', (token) => `Bearer  ${token}`, 'malformed'],
    ['without its signature', (token) => `Bearer ${token.replace(/\.[^.]+$/u, '')}`, 'malformed'],
  ])('%s', async (_, write, judgement) => {
    const answer = await sendStatsToken(on(), write(tokenOf()));
    expect(judgementOf(answer)).toBe(judgement);
    if (judgement !== 'taken') expect(answer.body['error']).toMatch(/\w/u);
  });
}

function describeOrder(on: () => Ground, judged: Judge, now: () => number): void {
  const key = AUTHORITY.keys[0]!;
  const registered = async (over: Partial<HealthAuthority>): Promise<void> => {
    await on().configure({ authorities: [{ ...AUTHORITY, ...over }] });
  };

  it('opens nothing where statistics are off, whatever else is wrong', async () => {
    await registered({ stats: false });
    expect(await judged({})).toBe('stats_disabled');
    expect(await judged({ header: { kid: 'v2' }, signer: STRANGE.privateKey })).toBe(
      'stats_disabled',
    );
  });

  it.each<[string, (at: number) => Partial<typeof key>]>([
    ['that is not valid yet', (at) => ({ from: unixMillis(at) })],
    ['that is not valid any more', (at) => ({ thru: unixMillis(at) })],
  ])('is not signed with a key %s', async (_, over) => {
    await registered({ keys: [{ ...key, ...over(on().clock.now()) }] });
    expect(await judged({})).toBe('no_active_key');
  });

  it('is not signed by anybody else', async () => {
    expect(await judged({ signer: STRANGE.privateKey })).toBe('bad_signature');
    await registered({ keys: [{ ...key, publicKey: pemOf(STRANGE.publicKey) }] });
    expect(await judged({ signer: STRANGE.privateKey })).toBe('taken');
  });

  it.each<[string, () => Token, string]>([
    [
      'no version before the issuer',
      () => ({ header: { kid: undefined }, claims: { iss: 'x' } }),
      'missing_key_id',
    ],
    [
      'no text before the issuer',
      () => ({ header: { kid: 1 }, claims: { iss: 'x' } }),
      'invalid_key_id',
    ],
    [
      'the issuer before the key',
      () => ({ header: { kid: 'v2' }, claims: { iss: 'x' } }),
      'unknown_issuer',
    ],
    [
      'the key before the signature',
      () => ({ header: { kid: 'v2' }, signer: STRANGE.privateKey }),
      'no_active_key',
    ],
    [
      'the signature before the end',
      () => ({ claims: { exp: now() - 1 }, signer: STRANGE.privateKey }),
      'bad_signature',
    ],
    [
      'a beginning to come before the signature',
      () => ({ claims: { nbf: now() + 1 }, signer: STRANGE.privateKey }),
      'not_yet_valid',
    ],
    ['the end before the audience', () => ({ claims: { exp: now() - 1, aud: 'x' } }), 'expired'],
    [
      'the signature before the audience',
      () => ({ claims: { aud: 'x' }, signer: STRANGE.privateKey }),
      'bad_signature',
    ],
  ])('fails by %s', async (_, token, judgement) => {
    expect(await judged(token())).toBe(judgement);
  });
}
