import type { OfferedKey } from '@keyserver/exposure-keys';
import { HOUR } from '@keyserver/time';
import type { Drawn } from './drawn.ts';
import type { Ground } from './ground.ts';
import { APPS, type Sending, newKey, outcomeOf, publish } from './phone.ts';
import {
  CONFIRMED,
  LIKELY,
  MISSING,
  REFUSED,
  UNREADABLE,
  WRONG_TOKEN,
  published,
  storedAs,
  typesOf,
} from './revising.ts';

/** Rows about who may revise a key: who holds its token, and whose app needs none. */
export function describeOwners(on: () => Ground, drawn: Drawn): void {
  it('the phone whose token holds it', async () => {
    const key = newKey();
    const token = await published(on(), [key]);
    expect(outcomeOf(await publish(on(), [key], { ...CONFIRMED, token }))).toBe('200');
    expect(await typesOf(on(), key)).toEqual(['likely', 'confirmed']);
  });

  const noToken: [string, string | undefined][] = [
    ['no token', undefined],
    ['an empty token', ''],
    ['a token that is no base64', 'no token!'],
    ['a token of no bytes', '=='],
  ];
  it.each(noToken)('nobody with %s', async (_, token) => {
    const key = newKey();
    await published(on(), [key]);
    const sending = { ...CONFIRMED, ...(token === undefined ? {} : { token }) };
    expect(outcomeOf(await publish(on(), [key], sending))).toBe(MISSING);
    expect(await typesOf(on(), key)).toEqual(['likely']);
  });

  it('nobody with a token that cannot be read', async () => {
    const key = newKey();
    await published(on(), [key]);
    const answer = await publish(on(), [key], { ...CONFIRMED, token: UNREADABLE });
    expect(outcomeOf(answer)).toBe(WRONG_TOKEN);
  });

  it.each<[string, Partial<OfferedKey>]>([
    ['start', { rollingStartNumber: 2_700_001 }],
    ['period', { rollingPeriod: 143 }],
  ])('nobody who gives another %s than the stored one', async (_, over) => {
    const key = newKey();
    const token = await published(on(), [key]);
    const answer = await publish(on(), [{ ...key, ...over }], { ...CONFIRMED, token });
    expect(outcomeOf(answer)).toBe('400 internal_error');
    expect(answer.headers.has('retry-after')).toBe(false);
  });

  it('nobody whose token holds it with another start', async () => {
    const key = newKey();
    const earlier = { ...key, rollingStartNumber: 2_699_856 };
    const token = await publish(on(), [earlier], { reportType: 'negative' });
    await published(on(), [key]);
    expect(outcomeOf(await publish(on(), [key], { ...CONFIRMED, token }))).toBe(WRONG_TOKEN);
  });

  it('nobody whose token holds other keys', async () => {
    const [mine, other] = [newKey(), newKey()];
    await published(on(), [other]);
    const token = await published(on(), [mine]);
    const answer = await publish(on(), [mine, other], { ...CONFIRMED, token });
    expect(outcomeOf(answer)).toBe(WRONG_TOKEN);
    expect(await typesOf(on(), mine)).toEqual(['likely']);
  });

  const settings = { PARTIAL_REVISIONS: 'true' };

  it('of some keys, where that is allowed: the others are left out', async () => {
    const [mine, other] = [newKey(), newKey()];
    await published(on(), [other]);
    const token = await published(on(), [mine]);
    const answer = await publish(on(), [mine, other], { ...CONFIRMED, token, settings });
    expect(outcomeOf(answer)).toBe('200');
    expect(await typesOf(on(), mine)).toEqual(['likely', 'confirmed']);
    expect(await typesOf(on(), other)).toEqual(['likely']);
  });

  it('of no key, where some are allowed: nothing is stored, and nothing is wrong', async () => {
    const [mine, other] = [newKey(), newKey()];
    await published(on(), [other]);
    const token = await published(on(), [mine]);
    const answer = await publish(on(), [other], { ...CONFIRMED, token, settings });
    expect(outcomeOf(answer)).toBe('200');
    expect(await typesOf(on(), other)).toEqual(['likely']);
  });

  it('nobody without a token, where some keys are allowed', async () => {
    const key = newKey();
    await published(on(), [key]);
    expect(outcomeOf(await publish(on(), [key], { ...CONFIRMED, settings }))).toBe(MISSING);
  });

  const free = { ...CONFIRMED, app: APPS.withoutToken };
  it.each<[string, Partial<OfferedKey>, Sending]>([
    ['without a token', {}, free],
    ['with a token that cannot be read', {}, { ...free, token: UNREADABLE }],
    ['with another start', { rollingStartNumber: 2_700_001 }, free],
    ['with another period', { rollingPeriod: 100 }, free],
  ])('an app that needs no token, %s', async (_, over, sending) => {
    const key = newKey();
    await published(on(), [key], { app: APPS.withoutToken });
    expect(outcomeOf(await publish(on(), [{ ...key, ...over }], sending))).toBe('200');
    expect(await on().stored(key.key)).toMatchObject([
      { kind: 'primary' },
      { kind: 'revision', key: { reportType: 'confirmed', start: 2_700_000, period: 144 } },
    ]);
  });

  it.each([APPS.neighbour, APPS.withoutCertificate])(
    'no other app, even one that needs no token or certificate ($id)',
    async (app) => {
      const key = newKey();
      const token = await published(on(), [key]);
      expect(outcomeOf(await publish(on(), [key], { ...CONFIRMED, app }))).toBe(MISSING);
      const answer = await publish(on(), [key], { ...CONFIRMED, app, token });
      expect(outcomeOf(answer)).toBe(WRONG_TOKEN);
      expect(await typesOf(on(), key)).toEqual(['likely']);
    },
  );

  it('no app whose regions the key is not of any more', async () => {
    const key = newKey();
    const app = { ...APPS.withoutToken, id: 'gov.example.moving' };
    await on().configure({ apps: [app] });
    const token = await published(on(), [key], { app });
    await on().configure({ apps: [{ ...app, regions: ['CA'] }] });
    expect(outcomeOf(await publish(on(), [key], { ...CONFIRMED, app }))).toBe(MISSING);
    expect(outcomeOf(await publish(on(), [key], { ...CONFIRMED, app, token }))).toBe(WRONG_TOKEN);
    expect(await typesOf(on(), key)).toEqual(['likely']);
  });

  it('no phone, when it came from another server', async () => {
    const key = newKey();
    const { id: app } = APPS.withoutToken;
    await on().store(storedAs(key, 'likely'), { app, regions: ['US'], origin: 'federated' });
    on().clock.advance(HOUR);
    expect(outcomeOf(await publish(on(), [key], free))).toBe('400 internal_error');
  });

  const strangers: readonly [string, Sending, string][] = [
    ['no token', CONFIRMED, MISSING],
    ['no token and the same report type', LIKELY, MISSING],
    ['a token that cannot be read', { ...CONFIRMED, token: UNREADABLE }, WRONG_TOKEN],
    ['no token, where some keys are allowed', { ...CONFIRMED, settings }, MISSING],
    ['an app that needs no token', free, '200'],
    [
      'an app that needs no token, and a type that may not follow',
      { ...free, reportType: 'user-report' },
      REFUSED,
    ],
  ];
  it.each(drawn(strangers))(
    'whoever has %s gets the same for a generated key and for one of somebody else',
    async (_, sending, outcome) => {
      const { id, regions } = sending.app ?? APPS.home;
      const seen = [];
      for (const origin of ['local', 'padding'] as const) {
        const key = newKey();
        const of = { app: id, regions: regions.map((region) => region.toUpperCase()), origin };
        await on().store(storedAs(key, 'likely'), of);
        on().clock.advance(HOUR);
        const { body, ...answer } = await publish(on(), [key], sending);
        seen.push([outcomeOf({ ...answer, body }), body['error'], await typesOf(on(), key)]);
      }
      expect(seen[1]).toEqual(seen[0]);
      expect(seen[0]?.[0]).toBe(outcome);
    },
  );
}
