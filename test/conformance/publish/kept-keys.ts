import type { OfferedKey } from '@keyserver/exposure-keys';
import type { Ground } from './ground.ts';
import { describeUploads } from './key-sets.ts';
import { describeOnsets } from './onsets.ts';
import {
  APPS,
  AUTHORITY,
  CURRENT,
  EARLIEST_END,
  TODAY,
  newKey,
  outcomeOf,
  publish,
  spanning,
} from './phone.ts';

/** Rows about which keys are kept, and as what; all of them at 2021-05-04T10:17Z, so they come first. */
export function describeKeptKeys(on: () => Ground): void {
  describe('a key', () => {
    describeBounds(on);
  });
  describe('a key that is still valid', () => {
    describeReleases(on);
  });
  describe('report type and risk', () => {
    describeRisks(on);
  });
  describe('symptom onset', () => {
    describeOnsets(on);
  });
  describe('what is stored of a key', () => {
    describeStored(on);
  });
  describe('the keys of one upload', () => {
    describeUploads(on);
  });
}

type Over = Partial<Omit<OfferedKey, 'key'>>;

function describeBounds(on: () => Ground): void {
  it.each<[string, Over]>([
    ['lasts one interval', spanning(2_700_000, 1)],
    ['lasts a day', spanning(2_700_000, 144)],
    ['does not begin at midnight', spanning(2_699_999, 144)],
    ['ended in the earliest interval that is allowed', spanning(EARLIEST_END - 144, 144)],
    ['was valid for one interval, which ended then', spanning(EARLIEST_END - 1, 1)],
    ['ends with the interval before this one', spanning(TODAY, CURRENT - TODAY)],
    ['starts in this interval', spanning(CURRENT, 1)],
    ['has the risk 0', { transmissionRisk: 0 }],
    ['has the risk 8', { transmissionRisk: 8 }],
  ])('is kept when it %s', async (_, over) => {
    const key = newKey(over);
    // Onset lies near the key, so that it decides nothing here.
    const body = { symptomOnsetInterval: Math.min(key.rollingStartNumber, CURRENT - 1) };
    const answer = await publish(on(), [key], { body });
    expect(answer.body).toMatchObject({ insertedExposures: 1 });
    expect(await on().stored(key.key)).toHaveLength(1);
  });

  it.each<[string, Over, RegExp]>([
    ['lasts no interval', spanning(2_700_000, 0), /rollingPeriod/u],
    ['lasts less than none', spanning(2_700_000, -1), /rollingPeriod/u],
    ['lasts more than a day', spanning(2_700_000, 145), /rollingPeriod/u],
    ['ended an interval too early', spanning(EARLIEST_END - 145, 144), /ended before/u],
    ['started before 1970', spanning(-1, 144), /ended before/u],
    ['starts at the end of all numbers', spanning(2 ** 31 - 1, 144), /starts after/u],
    ['starts in the next interval', spanning(CURRENT + 1, 1), /starts after/u],
    ['has a negative risk', { transmissionRisk: -1 }, /transmissionRisk/u],
    ['has the risk 9', { transmissionRisk: 9 }, /transmissionRisk/u],
  ])('is refused when it %s', async (_, over, reason) => {
    const key = newKey(over);
    const answer = await publish(on(), [key]);
    expect(outcomeOf(answer)).toBe('400 bad_request');
    expect(answer.body['error']).toMatch(reason);
    expect(await on().stored(key.key)).toEqual([]);
  });

  it.each<[string, Partial<OfferedKey>, RegExp]>([
    ['its text', { key: '*', rollingPeriod: 0 }, /base64/u],
    ['its length', { key: 'AAAA', rollingPeriod: 0 }, /16 bytes/u],
    ['its period', { rollingPeriod: 0, rollingStartNumber: 0 }, /rollingPeriod/u],
    ['its age', { rollingStartNumber: 0, transmissionRisk: 9 }, /ended before/u],
    ['its start', { rollingStartNumber: CURRENT + 1, transmissionRisk: 9 }, /starts after/u],
  ])('with several faults is refused for the first: %s', async (_, over, reason) => {
    const { body } = await publish(on(), [newKey(over)]);
    expect(body['error']).toMatch(reason);
  });
}

const at = (time: string): number => Date.parse(`2021-05-${time}:00Z`);

function describeReleases(on: () => Ground): void {
  it.each<[string, number, number, string]>([
    ['yesterday’s key goes out with its upload', 2_700_000, 144, '04T10:00'],
    ['a key that ended with the last interval does too', 2_700_144, 61, '04T10:00'],
    ['a key that ends with this interval waits for the next window', 2_700_144, 62, '04T11:00'],
    ['today’s key waits for the window after its end', 2_700_144, 144, '05T01:00'],
    ['a key that ends within a window waits for the next', 2_700_134, 144, '04T23:00'],
    ['a key of this interval alone waits too', 2_700_205, 1, '04T11:00'],
    ['the oldest key goes out with its upload', 2_697_901, 144, '04T10:00'],
  ])('%s', async (_, start, period, window) => {
    const key = newKey(spanning(start, period));
    const body = { symptomOnsetInterval: Math.min(start, CURRENT - 1) };
    expect(outcomeOf(await publish(on(), [key], { body }))).toBe('200');
    const stored = await on().stored(key.key);
    expect(stored.map((one) => new Date(one.window))).toEqual([new Date(at(window))]);
  });
}

function describeRisks(on: () => Ground): void {
  it.each([
    ['confirmed', 2],
    ['likely', 4],
    ['user-report', 0],
  ])('of %s keys without one is %i', async (reportType, risk) => {
    const key = newKey();
    expect(outcomeOf(await publish(on(), [key], { reportType }))).toBe('200');
    expect(await on().stored(key.key)).toMatchObject([{ key: { reportType, risk } }]);
  });

  it.each(['confirmed', 'likely', 'user-report'])(
    'of %s keys stays as sent',
    async (reportType) => {
      const key = newKey({ transmissionRisk: 7 });
      await publish(on(), [key], { reportType });
      expect(await on().stored(key.key)).toMatchObject([{ key: { reportType, risk: 7 } }]);
    },
  );

  it.each([0, 3])('without a certificate stays as sent: %i', async (transmissionRisk) => {
    const key = newKey({ transmissionRisk });
    const body = { verificationPayload: '' };
    await publish(on(), [key], { app: APPS.withoutCertificate, body });
    expect(await on().stored(key.key)).toMatchObject([
      { key: { reportType: '', risk: transmissionRisk } },
    ]);
  });

  it('of negative keys decides nothing, for they are accepted and not stored', async () => {
    const key = newKey();
    const answer = await publish(on(), [key], { reportType: 'negative' });
    expect(outcomeOf(answer)).toBe('200');
    expect(answer.body).not.toHaveProperty('insertedExposures');
    expect(answer.body).toHaveProperty('revisionToken');
    expect(await on().stored(key.key)).toEqual([]);
  });
}

function describeStored(on: () => Ground): void {
  it('is its bytes and times, its application, its regions in upper case, and who verified it', async () => {
    const key = newKey({ ...spanning(2_700_001, 99), transmissionRisk: 5 });
    const body = { traveler: true };
    await publish(on(), [key], { app: APPS.manyRegions, reportType: 'likely', body });
    const [stored, ...others] = await on().stored(key.key);
    expect(others).toEqual([]);
    expect(stored).toMatchObject({
      ...{ kind: 'primary', origin: 'local', sourceId: '', app: APPS.manyRegions.id },
      ...{ traveler: true, authority: AUTHORITY.id, authorityName: AUTHORITY.name },
      key: { start: 2_700_001, period: 99, risk: 5, reportType: 'likely', onsetDays: 2 },
    });
    expect(stored?.regions.toSorted()).toEqual(['CA', 'MX', 'US']);
    expect(Buffer.from(stored!.key.data).toString('base64')).toBe(key.key);
  });

  it('has no authority when no certificate was needed', async () => {
    const key = newKey();
    await publish(on(), [key], {
      app: APPS.withoutCertificate,
      body: { verificationPayload: 'x' },
    });
    const [stored] = await on().stored(key.key);
    expect(stored).toMatchObject({ key: { reportType: '' } });
    expect(stored).not.toHaveProperty('authority');
  });

  it('has no trace of the time within its window', async () => {
    const key = newKey();
    await publish(on(), [key]);
    const [stored] = await on().stored(key.key);
    const times = Object.values(stored!).filter((value) => typeof value === 'number');
    expect(times.filter((time) => time > 1_600_000_000_000 && time % 600_000 !== 0)).toEqual([]);
  });
}
