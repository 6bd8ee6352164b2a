import { simulatedClock, unixMillis, systemTimers } from '@keyserver/time';
import { type PartnerIdentity, partnerVerifier } from './index.ts';
import type { PartnerCaller, PartnerRules } from './partner.ts';
import { type TestIssuer, testIssuer } from './testing/test-issuer.ts';

const NOW = 1_700_000_000;
const DAY = 86_400;
const AUDIENCE = 'https://federation.example';
const SUBJECT = '109876543210987654321';

let rsa: TestIssuer;
let curved: TestIssuer;
beforeAll(async () => {
  [rsa, curved] = await Promise.all([testIssuer(), testIssuer('ES256')]);
});
afterAll(async () => {
  await Promise.all([rsa.close(), curved.close()]);
});

interface Neighbour {
  readonly id: string;
  readonly audience: string;
}
type Rules = PartnerRules<Neighbour>;
const NEIGHBOUR: Neighbour = { id: 'neighbour', audience: AUDIENCE };
const partnerOf =
  (identity: PartnerIdentity, partner = NEIGHBOUR) =>
  ({ issuer, subject }: PartnerIdentity): Promise<Neighbour | undefined> =>
    Promise.resolve(
      issuer === identity.issuer && subject === identity.subject ? partner : undefined,
    );
const rules = (change: Partial<Rules> = {}): Rules => ({
  issuers: [rsa],
  findPartner: partnerOf({ issuer: rsa.issuer, subject: SUBJECT }),
  clock: simulatedClock(unixMillis(NOW * 1000)),
  timers: systemTimers,
  allowHttpJwks: true,
  ...change,
});
const claims = (change: Record<string, unknown> = {}): Record<string, unknown> => ({
  iss: rsa.issuer,
  aud: AUDIENCE,
  sub: SUBJECT,
  iat: NOW,
  exp: NOW + DAY,
  ...change,
});
async function call(
  change: Record<string, unknown> = {},
  { partners: accepted = rules(), by = rsa }: { partners?: Rules; by?: TestIssuer } = {},
): Promise<PartnerCaller<Neighbour>> {
  return await partnerVerifier(accepted)([`Bearer ${await by.mint(claims(change))}`]);
}
const unauthenticated = (reason: string): unknown => ({ kind: 'unauthenticated', reason });
const notGranted = { kind: 'forbidden', reason: 'not_granted' };

describe('a partner', () => {
  it('is known by the issuer and the subject of a token that lives for up to a day', async () => {
    expect(await call()).toEqual({ kind: 'caller', partner: NEIGHBOUR });
  });

  it('may be vouched for by an issuer that signs with ES256, where that is agreed', async () => {
    const accepted = rules({
      issuers: [rsa, { issuer: curved.issuer, jwksUrl: curved.jwksUrl, es256: true }],
      findPartner: partnerOf({ issuer: curved.issuer, subject: SUBJECT }),
    });
    const outcome = await call({ iss: curved.issuer }, { partners: accepted, by: curved });
    expect(outcome).toEqual({ kind: 'caller', partner: NEIGHBOUR });
  });

  it('of Google is looked for under one name of the issuer', async () => {
    const google = 'https://accounts.google.com';
    const accepted = rules({
      issuers: [{ issuer: google, jwksUrl: rsa.jwksUrl }],
      findPartner: partnerOf({ issuer: google, subject: SUBJECT }),
    });
    expect(await call({ iss: 'accounts.google.com' }, { partners: accepted })).toMatchObject({
      kind: 'caller',
    });
  });
});

describe('a partner is refused', () => {
  it.each([
    ['that another partner of its issuer would be', { sub: '1' }],
    ['whose subject differs by a space', { sub: `${SUBJECT} ` }],
    ['without a subject', { sub: undefined }],
    ['with an empty subject', { sub: '' }],
    ['with only a verified e-mail', { sub: undefined, email: SUBJECT, email_verified: true }],
  ])('%s', async (_which, change) => {
    expect(await call(change)).toEqual(notGranted);
  });

  it('with the subject of a partner of another issuer', async () => {
    const other = { issuer: 'https://other.example', jwksUrl: rsa.jwksUrl };
    const accepted = rules({ issuers: [rsa, other] });
    expect(await call({ iss: other.issuer }, { partners: accepted })).toEqual(notGranted);
  });

  it.each([
    ['for nobody', { aud: undefined }, 'audience'],
    ['for somebody else', { aud: 'https://other.example' }, 'audience'],
    ['for several', { aud: [AUDIENCE, 'https://other.example'] }, 'audience'],
    ['of a stranger', { iss: 'https://stranger.example' }, 'issuer'],
    ['that lives for longer than a day', { exp: NOW + DAY + 1 }, 'lifetime'],
    ['that never ends', { exp: undefined }, 'time'],
    ['without a beginning', { iat: undefined }, 'time'],
    ['that has ended', { iat: NOW - DAY, exp: NOW - 61 }, 'time'],
  ])('with a token %s', async (_which, change, reason) => {
    expect(await call(change)).toEqual(unauthenticated(reason));
  });

  it('with a token that is signed with ES256 where that is not agreed', async () => {
    const accepted = rules({ issuers: [{ issuer: curved.issuer, jwksUrl: curved.jwksUrl }] });
    const outcome = await call({ iss: curved.issuer }, { partners: accepted, by: curved });
    expect(outcome).toEqual(unauthenticated('signature'));
  });

  it('with a subject that is no text', async () => {
    const outcome = await call({ sub: Number(SUBJECT) });
    expect(outcome).toEqual(notGranted);
  });

  it('until the keys of its issuer can be had', async () => {
    const jwksUrl = 'http://127.0.0.1:1/jwks'; // nobody listens there
    const outcome = await call(
      {},
      { partners: rules({ issuers: [{ issuer: rsa.issuer, jwksUrl }] }) },
    );
    expect(outcome.kind).toBe('unverifiable');
  });
});

it.each(['', ' '])('takes nobody as a partner whose audience is "%s"', async (audience) => {
  const findPartner = partnerOf(
    { issuer: rsa.issuer, subject: SUBJECT },
    { id: 'careless', audience },
  );
  for (const aud of [audience, AUDIENCE, undefined])
    expect(await call({ aud }, { partners: rules({ findPartner }) })).toEqual(
      unauthenticated('audience'),
    );
});

it('takes a partner only with its own audience, not with that of another', async () => {
  const findPartner = partnerOf(
    { issuer: rsa.issuer, subject: SUBJECT },
    { id: 'other', audience: 'https://other.example' },
  );
  expect(await call({}, { partners: rules({ findPartner }) })).toEqual(unauthenticated('audience'));
  expect(
    await call({ aud: 'https://other.example' }, { partners: rules({ findPartner }) }),
  ).toMatchObject({ kind: 'caller' });
});

it('takes no keys over plain http unless it is allowed', () => {
  const { issuers, findPartner, clock, timers } = rules();
  expect(() => partnerVerifier({ issuers, findPartner, clock, timers })).toThrow('https');
});

describe('a token that a partner sends again', () => {
  const clockAt = (seconds: number) => simulatedClock(unixMillis(seconds * 1000));
  const sent = async () => [`Bearer ${await rsa.mint(claims({ exp: NOW + 30 }))}`];

  it('is taken for a minute without a look at its signature, and no longer', async () => {
    const own = await testIssuer();
    const clock = clockAt(NOW);
    const findPartner = partnerOf({ issuer: own.issuer, subject: SUBJECT });
    const verify = partnerVerifier(rules({ clock, issuers: [own], findPartner }));
    const mint = async (jti: string) => [
      `Bearer ${await own.mint(claims({ iss: own.issuer, jti }))}`,
    ];
    const [first, sent, unknown] = [await mint('1'), await mint('2'), await mint('3')];
    expect(await verify(first)).toMatchObject({ kind: 'caller' });
    clock.advance(290_000);
    expect(await verify(sent)).toMatchObject({ kind: 'caller' });
    await own.rotate();
    clock.advance(30_000); // what the issuer published before lasts for five minutes
    expect(await verify(unknown)).toEqual(unauthenticated('signature'));
    expect(await verify(sent)).toMatchObject({ kind: 'caller' });
    clock.advance(30_000);
    expect(await verify(sent)).toEqual(unauthenticated('signature'));
    await own.close();
  });

  it('is refused once it has ended, also within the minute', async () => {
    const clock = clockAt(NOW);
    const verify = partnerVerifier(rules({ clock }));
    const header = await sent();
    expect(await verify(header)).toMatchObject({ kind: 'caller' });
    clock.advance(80_000); // it ended 50 s ago, as far as a minute of difference between clocks goes
    expect(await verify(header)).toMatchObject({ kind: 'caller' });
    clock.advance(15_000);
    expect(await verify(header)).toEqual(unauthenticated('time'));
  });

  it('is looked up anew each time, and no use beside another', async () => {
    let partner: Neighbour | undefined = NEIGHBOUR;
    const verify = partnerVerifier(rules({ findPartner: () => Promise.resolve(partner) }));
    const header = await sent();
    expect(await verify(header)).toMatchObject({ kind: 'caller' });
    expect(await verify([...header, ...header])).toEqual(unauthenticated('several'));
    partner = undefined;
    expect(await verify(header)).toEqual(notGranted);
  });
});
