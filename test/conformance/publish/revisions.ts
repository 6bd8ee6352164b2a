import type { OfferedKey, ReportType } from '@keyserver/exposure-keys';
import { HOUR } from '@keyserver/time';
import type { Drawn } from './drawn.ts';
import type { Answer, Ground } from './ground.ts';
import { APPS, AUTHORITY, SECRET, type Sending, newKey, outcomeOf, publish } from './phone.ts';
import {
  CONFIRMED,
  LIKELY,
  MISSING,
  REFUSED,
  UNREADABLE,
  WRONG_TOKEN,
  published,
  typesOf,
} from './revising.ts';
import { describeOwners } from './revision-owners.ts';
import { describeTransitions } from './transitions.ts';

/** Rows about keys that are sent again. The clock goes on by an hour and more from row to row. */
export function describeRevisions(on: () => Ground, of: Drawn): void {
  describe('an upload that is sent again', () => {
    describeRepeats(on);
  });
  describe('who may revise a key', () => {
    describeOwners(on, of);
  });
  describe('what a key may be revised to', () => {
    describeTransitions(on, of);
  });
  describe('what is written of a revision', () => {
    describeRecords(on);
  });
  describe('a refusal to revise', () => {
    describeRefusals(on);
  });
}

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

function describeRecords(on: () => Ground): void {
  it('is the new type with its risk, the new onset, who verified it, and when', async () => {
    const key = newKey({ transmissionRisk: 7 });
    const token = await published(on(), [key], {
      app: APPS.withoutCertificate,
      body: { traveler: true },
    });
    on().clock.advance(HOUR);
    const window = Math.floor(on().clock.now() / HOUR) * HOUR;
    const again = { ...key, transmissionRisk: 0 };
    const body = { symptomOnsetInterval: 2_699_568, traveler: false };
    await publish(on(), [again], {
      app: APPS.withoutCertificate,
      reportType: 'negative',
      token,
      body,
    });
    const [primary, revision, ...others] = await on().stored(key.key);
    expect(others).toEqual([]);
    expect(primary).toMatchObject({ key: { reportType: 'likely', risk: 7, onsetDays: 2 } });
    expect(revision).toMatchObject({
      ...{
        kind: 'revision',
        origin: 'local',
        window,
        authority: AUTHORITY.id,
        app: APPS.withoutCertificate.id,
      },
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
