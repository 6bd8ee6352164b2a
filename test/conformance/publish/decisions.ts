import type { OfferedKey } from '@keyserver/exposure-keys';
import { publishSettings } from '@keyserver/publish/settings';
import { MINUTE } from '@keyserver/time';
import type { Answer, Ground } from './ground.ts';
import { APPS, AUTHORITY, type Sending, bodyOf, newKey, outcomeOf, publish } from './phone.ts';

/** Rows about the order of the steps, applications and regions, partial failures, codes and defaults. */
export function describeDecisions(on: () => Ground): void {
  describe('the first step that fails gives the answer', () => {
    describeOrder(on);
  });
  describe('the application', () => {
    describeApplications(on);
  });
  describe('an upload without a valid certificate', () => {
    describeBypass(on);
  });
  describe('keys that are refused and left out', () => {
    describeFindings(on);
  });
  describe('the settings that phones have been built against', () => {
    describeDefaults();
  });
}

const NO_CERTIFICATE = { verificationPayload: 'x' };
const BAD_TOKEN = { revisionToken: 'CgE3' };
const INVALID = '401 health_authority_verification_certificate_invalid';

function describeOrder(on: () => Ground): void {
  const badKey = (): OfferedKey => newKey({ rollingPeriod: 0 });
  const rows: [string, () => OfferedKey, Sending, string][] = [
    [
      'no such application, before everything else',
      badKey,
      { body: { ...NO_CERTIFICATE, ...BAD_TOKEN, healthAuthorityID: 'nobody' } },
      '401 unknown_health_authority_id',
    ],
    [
      'no region, before the certificate',
      badKey,
      { app: APPS.withoutRegions, body: { ...NO_CERTIFICATE, ...BAD_TOKEN } },
      '500 health_authority_missing_region_config',
    ],
    [
      'no certificate, before the keys',
      badKey,
      { body: { ...NO_CERTIFICATE, ...BAD_TOKEN } },
      INVALID,
    ],
    ['bad keys, before the token', badKey, { body: BAD_TOKEN }, '400 bad_request'],
    ['a bad token does no harm to new keys', newKey, { body: BAD_TOKEN }, '200'],
  ];
  it.each(rows)('%s', async (_, key, sending, outcome) => {
    expect(outcomeOf(await publish(on(), [key()], sending))).toBe(outcome);
  });

  it('a body that cannot be read, before the application', async () => {
    const service = await on().service();
    const body = bodyOf([newKey()], on().clock.now(), {
      body: { healthAuthorityID: 'nobody', x: 1 },
    });
    expect(outcomeOf(await service.send(JSON.stringify(body)))).toBe('400 bad_request');
  });

  it('another content type, before the length of the body', async () => {
    const service = await on().service();
    const headers = { 'content-type': 'text/plain' };
    const answer = await service.send(' '.repeat(64_001), { headers });
    expect(outcomeOf(answer)).toBe('415 bad_request');
  });
}

function describeApplications(on: () => Ground): void {
  it.each(['', 'gov.example', 'gov.example.doh2', ' gov.example.doh', 'gov.example.doh '])(
    'is known by its whole id alone: %j is none',
    async (healthAuthorityID) => {
      expect(outcomeOf(await publish(on(), [newKey()], { body: { healthAuthorityID } }))).toBe(
        '401 unknown_health_authority_id',
      );
    },
  );

  it('without a region has that of the server, in upper case', async () => {
    const key = newKey();
    const settings = { DEFAULT_REGION: 'eu' };
    const answer = await publish(on(), [key], { app: APPS.withoutRegions, settings });
    expect(outcomeOf(answer)).toBe('200');
    expect(await on().stored(key.key)).toMatchObject([{ regions: ['EU'] }]);
  });

  it('with regions of its own has not that of the server', async () => {
    const key = newKey();
    await publish(on(), [key], { settings: { DEFAULT_REGION: 'eu' } });
    expect(await on().stored(key.key)).toMatchObject([{ regions: ['US'] }]);
  });

  it('must trust the authority', async () => {
    expect(outcomeOf(await publish(on(), [newKey()], { app: APPS.stranger }))).toBe(INVALID);
  });

  it('that is new is known five minutes after it was asked for in vain, or earlier', async () => {
    const settings = { CONFIG_CACHE_SECONDS: '300' };
    const app = { ...APPS.home, id: 'gov.example.fresh' };
    const send = async (): Promise<string> =>
      outcomeOf(await publish(on(), [newKey()], { app, settings }));
    expect(await send()).toBe('401 unknown_health_authority_id');
    await on().configure({ apps: [app] });
    on().clock.advance(5 * MINUTE - 1);
    expect(await send()).toBe('401 unknown_health_authority_id');
    on().clock.advance(1);
    expect(await send()).toBe('200');
  });
}

function describeBypass(on: () => Ground): void {
  const app = APPS.withoutCertificate;

  it.each<[string, Sending]>([
    ['that brings none', { body: { verificationPayload: '' } }],
    ['that brings nonsense', { body: { verificationPayload: 'a.b.c' } }],
    ['whose certificate is of another issuer', { claims: { iss: 'another.issuer' } }],
    ['whose certificate has expired', { claims: { exp: 1_600_000_000 } }],
    ['whose certificate covers other keys', { claims: { tekmac: 'AAAA' } }],
  ])('%s is taken where none is needed, and nothing of it counts', async (_, sending) => {
    const key = newKey();
    const claims = { symptomOnsetInterval: 2_699_424, ...sending.claims };
    const body = { symptomOnsetInterval: 0, ...sending.body };
    expect(outcomeOf(await publish(on(), [key], { ...sending, app, claims, body }))).toBe('200');
    const [stored] = await on().stored(key.key);
    expect(stored).toMatchObject({ key: { reportType: '', risk: 0, onsetDays: 3 } });
    expect(stored).not.toHaveProperty('authority');
  });

  it('does not exist where a valid one is brought, needed or not', async () => {
    const key = newKey();
    expect(outcomeOf(await publish(on(), [key], { app, reportType: 'likely' }))).toBe('200');
    expect(await on().stored(key.key)).toMatchObject([
      { authority: AUTHORITY.id, key: { reportType: 'likely', risk: 4 } },
    ]);
  });

  it('and without keys is refused for its certificate where one is needed', async () => {
    expect(outcomeOf(await publish(on(), []))).toBe(INVALID);
  });

  it('and without keys is refused for having none where no certificate is needed', async () => {
    expect(outcomeOf(await publish(on(), [], { app }))).toBe('400 bad_request');
  });
}

function describeFindings(on: () => Ground): void {
  /** Keys of 14 and of 15 days ago. */
  const far = (): OfferedKey => newKey({ rollingStartNumber: 2_698_128 });
  const tooFar = (): OfferedKey => newKey({ rollingStartNumber: 2_697_984 });
  /** Today. */
  const body = { symptomOnsetInterval: 2_700_204 };
  const linesOf = (answer: Answer): readonly string[] => String(answer.body['error']).split('\n');

  it('are told apart, by their place in the upload, when others are taken', async () => {
    const [first, second, third] = [newKey({ rollingPeriod: 0 }), newKey(), newKey()];
    const keys = [{ ...third, transmissionRisk: 9 }, second, first]; // the MAC has them the other way round
    const answer = await publish(on(), keys);
    expect(outcomeOf(answer)).toBe('200 partial_failure');
    expect(answer.body).toMatchObject({ insertedExposures: 1 });
    expect(answer.body).toHaveProperty('revisionToken');
    expect(linesOf(answer)).toEqual([
      expect.stringContaining('2'),
      expect.stringMatching(/^\t\* key 0: transmissionRisk /u),
      expect.stringMatching(/^\t\* key 2: rollingPeriod /u),
      '',
      '',
    ]);
  });

  it('are listed when all are refused', async () => {
    const answer = await publish(on(), [
      newKey({ rollingPeriod: 0 }),
      newKey({ rollingPeriod: 145 }),
    ]);
    expect(outcomeOf(answer)).toBe('400 bad_request');
    expect(linesOf(answer)).toHaveLength(5);
  });

  it('have warnings beside what was taken', async () => {
    const keys = [newKey(), tooFar()];
    const answer = await publish(on(), keys, { body });
    expect(outcomeOf(answer)).toBe('200');
    expect(answer.body).toMatchObject({ insertedExposures: 1 });
    expect(answer.body['warnings']).toEqual([expect.stringMatching(/^key 1: /u)]);
  });

  it('have warnings beside what was refused', async () => {
    const keys = [tooFar(), newKey({ rollingPeriod: 0 })];
    const answer = await publish(on(), keys, { body });
    expect(outcomeOf(answer)).toBe('400 bad_request');
    expect(answer.body['warnings']).toHaveLength(1);
  });

  it('have warnings beside a contradiction of others', async () => {
    const twice = [newKey(), newKey({ rollingStartNumber: 2_700_001 })];
    const answer = await publish(on(), [tooFar(), ...twice], { body });
    expect(outcomeOf(answer)).toBe('400 bad_request');
    expect(answer.body['error']).toContain('overlaps');
    expect(answer.body['warnings']).toHaveLength(1);
  });

  it('that are all left out are no failure', async () => {
    const answer = await publish(on(), [tooFar()], { body });
    expect(outcomeOf(answer)).toBe('200');
    expect(Object.keys(answer.body)).toEqual(['padding', 'warnings']);
  });

  it('14 days away are neither', async () => {
    expect((await publish(on(), [far()], { body })).body).toMatchObject({ insertedExposures: 1 });
  });
}

function describeDefaults(): void {
  it.each([
    ['MAX_KEYS_PER_UPLOAD', '30'],
    ['MAX_KEYS_WITH_SAME_START', '3'],
    ['MAX_KEY_AGE_HOURS', '360'],
    ['TRUNCATE_WINDOW_SECONDS', '3600'],
    ['MAX_ONSET_DISTANCE_DAYS', '14'],
    ['MAX_ONSET_AGE_DAYS', '28'],
    ['DEFAULT_ONSET_DAYS', '4'],
    ['PADDING_MIN_BYTES', '1024'],
    ['PADDING_RANGE_BYTES', '1024'],
    ['DATA_KEY_CACHE_SECONDS', '60'],
    ['CONFIG_CACHE_SECONDS', '300'],
    ['PARTIAL_REVISIONS', 'false'],
    ['DEFAULT_REGION', ''],
    ['V1ALPHA1', 'false'],
    ['MAINTENANCE', 'false'],
    ['STATS_MIN_UPLOADS', '10'],
    ['STATS_EMBARGO_HOURS', '48'],
    ['STATS_AUDIENCE', 'keyserver'],
    ['STATS_PADDING_MIN_BYTES', '2048'],
    ['STATS_PADDING_RANGE_BYTES', '1024'],
    ['PORT', '8080'],
  ] as const)('%s is %s', (name, shown) => {
    expect(publishSettings[name].fallback?.shown).toBe(shown);
  });
}
