import type { ExposureKey, OfferedKey, ReportType } from '@keyserver/exposure-keys';
import { HOUR, intervalNumber } from '@keyserver/time';
import type { Answer, Ground, Service } from './ground.ts';
import { APPS, AUTHORITY, SECRET, type Sending, newKey, outcomeOf, publish } from './phone.ts';

/** Rows about keys that are sent again. The clock goes on by an hour and more from row to row. */
export function describeRevisions(on: () => Ground): void {
  describe('an upload that is sent again', () => {
    describeRepeats(on);
  });
  describe('who may revise a key', () => {
    describeOwners(on);
  });
  describe('what a key may be revised to', () => {
    describeTransitions(on);
  });
  describe('what is written of a revision', () => {
    describeRecords(on);
  });
  describe('a refusal to revise', () => {
    describeRefusals(on);
  });
}

/** Publishes keys, and lets the window end in which they were stored. */
export async function published(
  ground: Ground,
  keys: readonly OfferedKey[],
  sending: Sending = {},
): Promise<Answer & { readonly service: Service }> {
  const answer = await publish(ground, keys, { reportType: 'likely', ...sending });
  expect(outcomeOf(answer)).toBe('200');
  ground.clock.advance(HOUR);
  return answer;
}

const [CONFIRMED, LIKELY] = [{ reportType: 'confirmed' }, { reportType: 'likely' }];
const MISSING = '400 missing_revision_token';
const WRONG_TOKEN = '400 invalid_revision_token';
const UNREADABLE = 'CgE3';

/** The report types that a key has had in the store. */
const typesOf = async (ground: Ground, { key }: OfferedKey): Promise<readonly string[]> =>
  (await ground.stored(key)).map((one) => one.key.reportType);

function describeRepeats(on: () => Ground): void {
  /** Publishes without letting the window end. */
  const justPublished = async (keys: readonly OfferedKey[], sending: Sending = {}) => {
    on().clock.advance(HOUR);
    return await publish(on(), keys, { ...LIKELY, ...sending });
  };

  it('without its token in the same window changes nothing, and gets a token for its keys', async () => {
    const [one, other] = [newKey(), newKey()];
    await justPublished([one]);
    const again = await publish(on(), [one, other], LIKELY);
    expect(outcomeOf(again)).toBe('200');
    expect(again.body).toMatchObject({ insertedExposures: 1 });
    expect(await typesOf(on(), one)).toEqual(['likely']);
    on().clock.advance(HOUR);
    const revised = await publish(on(), [one, other], { ...CONFIRMED, token: again });
    expect(outcomeOf(revised)).toBe('200');
    expect(await typesOf(on(), one)).toEqual(['likely', 'confirmed']);
  });

  it('with a token of earlier keys in the same window keeps both', async () => {
    const [one, other] = [newKey(), newKey()];
    const earlier = await justPublished([one]);
    await publish(on(), [other], { ...LIKELY, token: earlier });
    const again = await publish(on(), [other], { ...LIKELY, token: earlier });
    expect(outcomeOf(again)).toBe('200');
    on().clock.advance(HOUR);
    const revised = await publish(on(), [one, other], { ...CONFIRMED, token: again });
    expect(outcomeOf(revised)).toBe('200');
  });

  it.each<[string, Partial<OfferedKey>, Sending]>([
    ['with another report type', {}, CONFIRMED],
    ['with another start', { rollingStartNumber: 2_700_001 }, LIKELY],
    ['with another period', { rollingPeriod: 143 }, LIKELY],
    ['from another app', {}, { ...LIKELY, app: APPS.neighbour }],
  ])('%s needs its token in the same window too', async (_, over, sending) => {
    const key = newKey();
    await justPublished([key]);
    expect(outcomeOf(await publish(on(), [{ ...key, ...over }], sending))).toBe(MISSING);
  });

  it('does not need its token while the key waits for its end', async () => {
    const midnight = Math.floor(on().clock.now() / (24 * HOUR)) * 144;
    const key = newKey({ rollingStartNumber: midnight });
    const sending = { ...LIKELY, body: { symptomOnsetInterval: midnight - 144 } };
    await published(on(), [key], sending);
    expect(outcomeOf(await publish(on(), [key], sending))).toBe('200');
    expect(await typesOf(on(), key)).toEqual(['likely']);
  });

  it('needs its token once the window has ended', async () => {
    const key = newKey();
    await published(on(), [key]);
    expect(outcomeOf(await publish(on(), [key], LIKELY))).toBe(MISSING);
  });

  it('with its token and the same report type changes nothing at any time', async () => {
    const key = newKey();
    const first = await published(on(), [key]);
    const again = await publish(on(), [key], { ...LIKELY, token: first });
    expect([again.status, ...Object.keys(again.body)]).toEqual([200, 'revisionToken', 'padding']);
    expect(await typesOf(on(), key)).toEqual(['likely']);
  });

  it('as the protocol’s own example has it', async () => {
    const service = await on().service();
    const key = newKey();
    const send = async (revisionToken: unknown): Promise<Answer> =>
      await service.send(
        JSON.stringify({
          temporaryExposureKeys: [
            { key: key.key, rollingStartNumber: 2_700_000, rollingPeriod: 144 },
          ],
          ...{ healthAuthorityID: APPS.withoutCertificate.id, verificationPayload: 'x' },
          ...{ hmacKey: SECRET.toString('base64'), symptomOnsetInterval: 2_699_712 },
          ...{ traveler: false, revisionToken, padding: 'cGFk' },
        }),
      );
    const first = await send('');
    expect(Object.keys(first.body)).toEqual(['revisionToken', 'insertedExposures', 'padding']);
    on().clock.advance(HOUR);
    const repeated = await send(first.body['revisionToken']);
    expect(Object.keys(repeated.body)).toEqual(['revisionToken', 'padding']);
    expect(outcomeOf(await send(''))).toBe(MISSING);
    const revised = await publish(on(), [key], {
      ...{ ...CONFIRMED, app: APPS.withoutCertificate, token: repeated },
    });
    expect([revised.status, ...Object.keys(revised.body)]).toEqual([
      ...[200, 'revisionToken', 'padding'],
    ]);
    expect(await typesOf(on(), key)).toEqual(['', 'confirmed']);
  });
}

function describeOwners(on: () => Ground): void {
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

  it.each<[string, Sending, string]>([
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
  ])(
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

/** A key as it is stored with a report type. */
const storedAs = (key: OfferedKey, reportType: ReportType): ExposureKey => ({
  data: Buffer.from(key.key, 'base64'),
  start: intervalNumber(key.rollingStartNumber),
  ...{ period: key.rollingPeriod, risk: 0, reportType, onsetDays: 0 },
});

/** An app that may do everything without a certificate: the type '' is what it publishes without one. */
const app = APPS.withoutCertificate;
const as = (reportType: ReportType): Sending =>
  reportType === '' ? { app, body: { verificationPayload: 'x' } } : { app, reportType };

const REFUSED = '400 invalid_report_type_transition';
const named = (reportType: ReportType): string => (reportType === '' ? 'no report' : reportType);

function describeTransitions(on: () => Ground): void {
  const revised = (from: ReportType, ...to: ReportType[]) => to.map((one) => [from, one] as const);
  const titled = (pairs: readonly (readonly [ReportType, ReportType])[]) =>
    pairs.map(([from, to]) => ({ from, to, title: `${named(from)} to ${named(to)}` }));

  it.each(
    titled([
      ...revised('user-report', 'confirmed', 'likely', 'negative'),
      ...revised('likely', 'confirmed', 'negative'),
      ...revised('', 'confirmed', 'negative'),
    ]),
  )('is: $title', async ({ from, to }) => {
    const key = newKey();
    const token = await published(on(), [key], as(from));
    const answer = await publish(on(), [key], { ...as(to), token });
    expect([answer.status, ...Object.keys(answer.body)]).toEqual([200, 'revisionToken', 'padding']);
    expect(await typesOf(on(), key)).toEqual([from, to]);
  });

  it.each(
    titled([
      ...revised('user-report', ''),
      ...revised('likely', 'user-report', ''),
      ...revised('', 'likely', 'user-report'),
      ...revised('confirmed', 'likely', 'negative', 'user-report', ''),
    ]),
  )('is not: $title', async ({ from, to }) => {
    const key = newKey();
    const token = await published(on(), [key], as(from));
    expect(outcomeOf(await publish(on(), [key], { ...as(to), token }))).toBe(REFUSED);
    expect(await typesOf(on(), key)).toEqual([from]);
  });

  it.each(titled(revised('negative', 'confirmed', 'likely', 'user-report')))(
    'is not: $title, should a negative one ever be stored',
    async ({ from, to }) => {
      const key = newKey();
      const { id } = APPS.withoutToken;
      await on().store(storedAs(key, from), { app: id, regions: ['US'], origin: 'local' });
      on().clock.advance(HOUR);
      const sending = { app: APPS.withoutToken, reportType: to };
      expect(outcomeOf(await publish(on(), [key], sending))).toBe(REFUSED);
    },
  );

  it.each(titled((['user-report', 'likely', 'confirmed', ''] as const).map((one) => [one, one])))(
    'is nothing new: $title',
    async ({ from }) => {
      const key = newKey();
      const token = await published(on(), [key], as(from));
      expect(outcomeOf(await publish(on(), [key], { ...as(from), token }))).toBe('200');
      expect(await typesOf(on(), key)).toEqual([from]);
    },
  );

  it.each<[string, ReportType, string]>([
    ['what it was first is nothing new', 'user-report', '200'],
    ['what it was revised to is nothing new', 'likely', '200'],
    ['something else is one revision too many', 'confirmed', '400 key_already_revised'],
    ['negative is one revision too many as well', 'negative', '400 key_already_revised'],
  ])('once, then %s', async (_, to, outcome) => {
    const key = newKey();
    const token = await published(on(), [key], as('user-report'));
    await published(on(), [key], { ...as('likely'), token });
    expect(outcomeOf(await publish(on(), [key], { ...as(to), token }))).toBe(outcome);
    expect(await typesOf(on(), key)).toEqual(['user-report', 'likely']);
  });
}

function describeRecords(on: () => Ground): void {
  it('is the new type with its risk, the new onset, who verified it, and when', async () => {
    const key = newKey({ transmissionRisk: 7 });
    const token = await published(on(), [key], { app, body: { traveler: true } });
    on().clock.advance(HOUR);
    const window = Math.floor(on().clock.now() / HOUR) * HOUR;
    const again = { ...key, transmissionRisk: 0 };
    const body = { symptomOnsetInterval: 2_699_568, traveler: false };
    await publish(on(), [again], { ...as('negative'), token, body });
    const [primary, revision, ...others] = await on().stored(key.key);
    expect(others).toEqual([]);
    expect(primary).toMatchObject({ key: { reportType: 'likely', risk: 7, onsetDays: 2 } });
    expect(revision).toMatchObject({
      ...{ kind: 'revision', origin: 'local', window, authority: AUTHORITY.id, app: app.id },
      ...{ traveler: true, regions: ['US'] },
      key: { reportType: 'negative', risk: 6, onsetDays: 3, start: 2_700_000, period: 144 },
    });
  });

  it('keeps a risk that was sent', async () => {
    const key = newKey();
    const token = await published(on(), [key]);
    await publish(on(), [{ ...key, transmissionRisk: 3 }], { ...CONFIRMED, token });
    expect((await on().stored(key.key))[1]).toMatchObject({ key: { risk: 3 } });
  });

  it('leaves the server no earlier than the key itself', async () => {
    const midnight = Math.floor(on().clock.now() / (24 * HOUR)) * 144;
    const key = newKey({ rollingStartNumber: midnight });
    const body = { symptomOnsetInterval: midnight - 144 };
    const token = await published(on(), [key], { body });
    await publish(on(), [key], { ...CONFIRMED, token, body });
    const windows = (await on().stored(key.key)).map(({ window }) => window);
    expect(windows).toHaveLength(2);
    expect(windows[0]).toBeGreaterThan((midnight + 144) * 600_000 - 1);
    expect(windows[1]).toBeGreaterThanOrEqual(windows[0]!);
  });

  it('has new keys of the same upload beside it', async () => {
    const [one, fresh] = [newKey(), newKey()];
    const token = await published(on(), [one]);
    const answer = await publish(on(), [one, fresh], { ...CONFIRMED, token });
    expect(answer.body).toMatchObject({ insertedExposures: 1 });
    expect(await typesOf(on(), fresh)).toEqual(['confirmed']);
  });
}

function describeRefusals(on: () => Ground): void {
  it('of one key refuses them all, and stores nothing', async () => {
    const [one, other, fresh] = [newKey(), newKey(), newKey()];
    const token = await published(on(), [one]);
    const both = await published(on(), [other], { ...CONFIRMED, token });
    const sending = { reportType: 'negative', token: both };
    expect(outcomeOf(await publish(on(), [one, other, fresh], sending))).toBe(REFUSED);
    expect(await typesOf(on(), one)).toEqual(['likely']);
    expect(await typesOf(on(), fresh)).toEqual([]);
  });

  it('comes with the warnings of other keys', async () => {
    const midnight = Math.floor(on().clock.now() / (24 * HOUR)) * 144;
    const [key, far] = [midnight - 144, midnight - 15 * 144].map((rollingStartNumber) =>
      newKey({ rollingStartNumber }),
    );
    const body = { symptomOnsetInterval: midnight };
    await published(on(), [key!], { body });
    const answer = await publish(on(), [key!, far!], { ...CONFIRMED, body });
    expect(outcomeOf(answer)).toBe(MISSING);
    expect(answer.body['warnings']).toEqual([expect.stringMatching(/^key 1: /u)]);
  });

  it.each<[string, ReportType]>([
    ['a forbidden change', 'user-report'],
    ['a change that needs the token', 'confirmed'],
  ])('of %s is the token’s fault when that cannot be read', async (_, to) => {
    const key = newKey();
    await published(on(), [key], { app: APPS.withoutToken });
    const owner = to === 'confirmed' ? APPS.neighbour : APPS.withoutToken;
    const answer = await publish(on(), [key], { app: owner, reportType: to, token: UNREADABLE });
    expect(outcomeOf(answer)).toBe(WRONG_TOKEN);
  });

  it('has no token of its own', async () => {
    const key = newKey();
    await published(on(), [key]);
    expect((await publish(on(), [key], CONFIRMED)).body).not.toHaveProperty('revisionToken');
  });
}
