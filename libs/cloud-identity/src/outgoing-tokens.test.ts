import { machine } from '../../../test/support/machine.ts';
import { MINUTE, type SimulatedClock, simulatedClock, unixMillis } from '@keyserver/time';
import { type MetadataStandIn, startMetadataStandIn } from '@keyserver/stand-ins/metadata';
import { type IdTokenFor, outgoingTokens } from './outgoing-tokens.ts';

const NOW = 1_700_000_000;
const PARTNER = 'https://federation.example';

let clock: SimulatedClock;
let metadata: MetadataStandIn;
let made: number;
/** The claims of the next token, over those that are right. */
let claims: Record<string, unknown>;
let tokenFor: IdTokenFor;
const environment = process.env;

const seconds = (): number => Math.floor(clock.now() / 1000);
const tokenOf = (audience: string): string => {
  const payload = { aud: audience, exp: seconds() + 3600, n: (made += 1), ...claims };
  const part = (of: unknown): string => Buffer.from(JSON.stringify(of)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part(payload)}.c2lnbmVk`;
};
/** Which of the tokens that were made it is. */
const numberOf = (token: string): unknown => {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(payload) as { n: unknown }).n;
};

beforeEach(async () => {
  clock = simulatedClock(unixMillis(NOW * 1000));
  made = 0;
  claims = {};
  metadata = await startMetadataStandIn(tokenOf);
  process.env = {
    CLOUDSDK_CONFIG: '/nowhere', // no credentials of whoever runs the tests
    METADATA_SERVER_DETECTION: 'assume-present',
    GCE_METADATA_HOST: metadata.address,
  };
  tokenFor = outgoingTokens({ ...machine, projectId: 'health', clock, deadlineMs: 2000 });
});
afterEach(async () => {
  process.env = environment;
  await metadata.close();
});

describe('a token that says who we are', () => {
  it('is fetched for the audience that it is meant for', async () => {
    expect(numberOf(await tokenFor(PARTNER))).toBe(1);
    expect(numberOf(await tokenFor('https://other.example:8443/a'))).toBe(2);
    expect(metadata.asked).toEqual([PARTNER, 'https://other.example:8443/a']);
  });

  it('serves until five minutes before its end', async () => {
    await tokenFor(PARTNER);
    clock.advance(55 * MINUTE - 1);
    expect(numberOf(await tokenFor(PARTNER))).toBe(1);
    clock.advance(1);
    expect(numberOf(await tokenFor(PARTNER))).toBe(2);
  });

  it('is fetched once for many who need it at once', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 20 }, async () => await tokenFor(PARTNER)),
    );
    expect(new Set(tokens).size).toBe(1);
    expect(metadata.asked).toHaveLength(1);
  });

  it('serves on while no other is to be had, up to its last minute', async () => {
    await tokenFor(PARTNER);
    clock.advance(56 * MINUTE);
    metadata.fault({ kind: 'fail', status: 404, times: 2 });
    expect(numberOf(await tokenFor(PARTNER))).toBe(1);
    clock.advance(3 * MINUTE);
    await expect(tokenFor(PARTNER)).rejects.toThrow(`no identity token for ${PARTNER}: `);
    expect(numberOf(await tokenFor(PARTNER))).toBe(2);
  });

  it('is fetched anew after the clock was set back', async () => {
    await tokenFor(PARTNER);
    clock.set(unixMillis(NOW * 1000 - 1));
    expect(numberOf(await tokenFor(PARTNER))).toBe(2);
  });
});

describe('there is no token', () => {
  it.each([
    ['for another audience', { aud: '1234.apps.example' }, /use a service account/],
    ['for several audiences', { aud: [PARTNER, 'x'] }, /use a service account/],
    ['without an end', { exp: undefined }, /is no identity token/],
    ['that has ended', { exp: NOW }, /has ended already/],
  ])('in one %s', async (_which, change, sentence) => {
    claims = change;
    await expect(tokenFor(PARTNER)).rejects.toThrow(sentence);
  });

  it.each(['', 'no token', 'a.b.c', 'a.bnVsbA.c', '{"a":1}'])(
    'in the answer %p',
    async (answer) => {
      await metadata.close();
      metadata = await startMetadataStandIn(() => answer);
      process.env['GCE_METADATA_HOST'] = metadata.address;
      await expect(tokenFor(PARTNER)).rejects.toThrow('what was given is no identity token');
    },
  );

  it.each([
    '',
    'https://a.example/?b=c',
    'https://a.example&scopes=x',
    'https://a.example#b',
    'a b',
  ])('for %p, which would not reach the issuer as it is', async (audience) => {
    await expect(tokenFor(audience)).rejects.toThrow('an audience is a plain address');
    expect(metadata.asked).toEqual([]);
  });

  it('when it is never given, and the wait has an end', async () => {
    metadata.fault({ kind: 'hang', times: 9 });
    const hasty = outgoingTokens({ ...machine, projectId: 'health', clock, deadlineMs: 50 });
    await expect(hasty(PARTNER)).rejects.toThrow('no answer within 50 ms');
  });

  it('when nobody is there to give one', async () => {
    await metadata.close();
    await expect(tokenFor(PARTNER)).rejects.toThrow(/^no identity token for https:/);
    metadata = await startMetadataStandIn(tokenOf);
  });

  it('without any credentials', async () => {
    process.env['METADATA_SERVER_DETECTION'] = 'none';
    await expect(tokenFor(PARTNER)).rejects.toThrow(/default credentials/);
    expect(metadata.asked).toEqual([]);
  });
});
