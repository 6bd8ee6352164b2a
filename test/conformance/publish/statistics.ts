import type { OfferedKey } from '@keyserver/exposure-keys';
import type { AuthorizedApp, HealthAuthority } from '@keyserver/health-authority';
import { DAY, HOUR, MINUTE, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';
import type { Answer, Ground } from './ground.ts';
import { AUTHORITY, type Sending, bodyOf, certificateOver, newKey } from './phone.ts';

/** Rows about what uploads count, and whom the sums are shown when. They take place on the first whole day that comes. */
export function describeStatistics(on: () => Ground): void {
  describe('the statistics of a health authority', () => {
    describeShownDays(on);
  });
  describe('the way to the statistics', () => {
    describeRequests(on);
  });
}

type Headers = Readonly<Record<string, string>>;

const AGENTS = {
  android: 'Dalvik/2.1.0 (Linux; U; ANDROID 12)',
  iphone: 'Covid/1.0 (iPhone; iOS 14)',
  daemon: 'bluetoothd (unknown version) CFNetwork/1220.1 Darwin/20.3.0',
  halfDaemon: 'bluetoothd',
} as const;

/** An authority of its own, with an app that trusts it alone: nobody else is in its sums. */
interface Office {
  readonly authority: HealthAuthority;
  readonly app: AuthorizedApp;
}

function office(id: number, over: Partial<AuthorizedApp> = {}): Office {
  const authority = { ...AUTHORITY, id, issuer: `office-${id}.example` };
  const app = {
    ...{ id: `app.office-${id}`, regions: ['US'], authorities: [id] },
    ...{ bypassCertificate: false, bypassRevisionToken: false, ...over },
  };
  return { authority, app };
}

/** The offices of these rows, by what is done there on the day. */
const OFFICES = {
  platforms: office(21),
  published: office(22),
  revised: office(23),
  onset: office(24),
  oldOnset: office(25),
  embargoed: office(26),
  negative: office(27),
  repeated: office(28),
  refused: office(29),
  bypassed: office(30, { bypassCertificate: true }),
  nine: office(31),
  ten: office(32),
} as const;

type Name = keyof typeof OFFICES;

/** Asks for statistics as an office does. */
async function ask(
  ground: Ground,
  name: Name,
  { headers = {}, body = '{}' }: { headers?: Headers; body?: string } = {},
): Promise<Answer> {
  const service = await ground.service();
  const authorization = `Bearer ${tokenOf(OFFICES[name], ground.clock.now())}`;
  const all = { 'content-type': 'application/json', authorization, ...headers };
  return await service.send(body, { headers: all }, '/v1/stats');
}

function tokenOf({ authority }: Office, now: number): string {
  const claims = { iss: authority.issuer, aud: 'keyserver', reportType: undefined };
  return certificateOver([], now, { claims: { ...claims, tekmac: undefined } });
}

const daysOf = async (ground: Ground, name: Name): Promise<readonly Record<string, unknown>[]> => {
  const { body } = await ask(ground, name);
  return (body['days'] ?? []) as readonly Record<string, unknown>[];
};

/** The day on which uploads are counted, and its first interval. */
interface Place {
  readonly day: UnixMillis;
  readonly midnight: number;
}

/** Uploads as phones of these offices send them. */
function phones(ground: Ground) {
  return async (
    name: Name,
    keys: readonly OfferedKey[],
    { agent = AGENTS.android, ...sending }: Sending & { agent?: string } = {},
  ): Promise<Answer> => {
    const { app, authority } = OFFICES[name];
    const claims = { iss: authority.issuer, ...sending.claims };
    const body = { symptomOnsetInterval: 0, ...sending.body };
    const upload = bodyOf(keys, ground.clock.now(), { ...sending, app, claims, body });
    const headers = { 'content-type': 'application/json', 'user-agent': agent };
    return await (await ground.service()).send(JSON.stringify(upload), { headers });
  };
}

/** What happens in the offices between 10:17 and 11:17. */
async function spendDay(ground: Ground, { midnight }: Place): Promise<void> {
  const send = phones(ground);
  const yesterday = (): OfferedKey => newKey({ rollingStartNumber: midnight - 144 });
  const startedAt = (start: number): OfferedKey => newKey({ rollingStartNumber: midnight + start });
  for (const agent of [...Object.values(AGENTS), 'x'])
    await send('platforms', [yesterday()], { agent });
  // The oldest key ends at the last moment that is accepted: it is 16 days old.
  await send('published', [yesterday(), startedAt(-2243)]);
  const revised = [yesterday(), startedAt(-2230)];
  const token = await send('revised', revised, { reportType: 'likely' });
  await send('onset', [yesterday()], { body: { symptomOnsetInterval: midnight - 3 * 144 } });
  await send('oldOnset', [startedAt(-14 * 144)], {
    body: { symptomOnsetInterval: midnight - 28 * 144 },
  });
  await send('embargoed', [startedAt(0)]);
  await send('negative', [yesterday()], { reportType: 'negative' });
  const repeated = [yesterday()];
  await send('repeated', repeated);
  await send('repeated', repeated);
  await send('refused', [newKey({ rollingStartNumber: midnight - 144, rollingPeriod: 0 })]);
  await send('bypassed', [yesterday()], { body: { verificationPayload: 'x' } });
  for (let n = 0; n < 10; n += 1) {
    await send('ten', [yesterday()]);
    if (n < 9) await send('nine', [yesterday()]);
  }
  ground.clock.advance(HOUR);
  await send('revised', revised, { token, reportType: 'confirmed' });
}

const bucket = (length: number, at?: number): readonly number[] =>
  Array.from({ length }, (_, n) => (n === at ? 1 : 0));

/** A day of one upload by Android, of one key of yesterday and without an onset, but for what is told. */
const aDay = (day: UnixMillis, over: object): object => ({
  day: new Date(day).toISOString().replace('.000Z', 'Z'),
  publish_requests: { unknown: 0, android: 1, ios: 0 },
  total_teks_published: 1,
  requests_with_revisions: 0,
  tek_age_distribution: bucket(16, 1),
  onset_to_upload_distribution: bucket(30),
  requests_missing_onset_date: 1,
  ...over,
});

function describeShownDays(on: () => Ground): void {
  let place: Place;
  const at = (time: number): UnixMillis => unixMillis(place.day + time);

  beforeAll(async () => {
    const day = unixMillis(floorTo(on().clock.now(), DAY) + DAY);
    place = { day, midnight: day / (10 * MINUTE) };
    const offices = Object.values(OFFICES);
    const apps = offices.map(({ app }) => app);
    await on().configure({ apps, authorities: offices.map(({ authority }) => authority) });
    on().clock.set(at(10 * HOUR + 17 * MINUTE));
    await spendDay(on(), place);
  });

  it('do not show the present day, however many uploads it has', async () => {
    on().clock.set(at(23 * HOUR));
    await on().fold();
    expect(await daysOf(on(), 'ten')).toEqual([]);
  });

  it('show a day of ten uploads when it is over, and none of nine', async () => {
    on().clock.set(at(DAY + 2 * HOUR));
    await on().fold();
    expect(await daysOf(on(), 'ten')).toHaveLength(1);
    expect(await daysOf(on(), 'nine')).toEqual([]);
  });

  it('show a smaller day not before 48 hours after its end', async () => {
    on().clock.set(at(3 * DAY));
    await on().fold();
    expect(await daysOf(on(), 'nine')).toEqual([]);
    expect(await daysOf(on(), 'published')).toEqual([]);
  });

  it('show it with the folding after them', async () => {
    on().clock.set(at(3 * DAY + 2 * HOUR));
    await on().fold();
    expect(await daysOf(on(), 'nine')).toHaveLength(1);
  });

  describeCounts(on, () => place.day);

  it('show a day for 14 days after its end', async () => {
    on().clock.set(at(15 * DAY - 1));
    expect(await daysOf(on(), 'ten')).toHaveLength(1);
    on().clock.set(at(15 * DAY));
    expect(await daysOf(on(), 'ten')).toEqual([]);
  });
}

function describeCounts(on: () => Ground, day: () => UnixMillis): void {
  const requests = (of: object): object => ({ unknown: 0, android: 0, ios: 0, ...of });
  const mixed = bucket(16).map((_, n) => (n === 1 ? 5 : 0));

  it.each<[string, Name, object]>([
    [
      'phones by what their user agents say',
      'platforms',
      {
        ...{ publish_requests: requests({ unknown: 2, android: 1, ios: 2 }) },
        ...{ total_teks_published: 5, tek_age_distribution: mixed, requests_missing_onset_date: 5 },
      },
    ],
    [
      'the published example: two keys, one of 16 days among those of 15, and no onset',
      'published',
      { total_teks_published: 2, tek_age_distribution: bucket(16, 15) },
    ],
    [
      'its revision an hour later: the upload and its keys again, and nothing else',
      'revised',
      {
        ...{ publish_requests: requests({ android: 2 }), total_teks_published: 4 },
        ...{ requests_with_revisions: 1, tek_age_distribution: bucket(16, 15) },
      },
    ],
    [
      'the days since an onset',
      'onset',
      { onset_to_upload_distribution: bucket(30, 3), requests_missing_onset_date: 0 },
    ],
    [
      'the oldest onset that is believed, and a key of 14 days',
      'oldOnset',
      {
        ...{ tek_age_distribution: bucket(16, 14), requests_missing_onset_date: 0 },
        onset_to_upload_distribution: bucket(30, 28),
      },
    ],
    [
      'a key that is still valid on the day of its upload, not on that of its release',
      'embargoed',
      { tek_age_distribution: bucket(16, 0) },
    ],
    ['negative keys as an upload without keys', 'negative', { total_teks_published: 0 }],
    ['an upload once that is repeated', 'repeated', {}],
  ])('count %s', async (_, name, counts) => {
    expect(await daysOf(on(), name)).toEqual([aDay(day(), counts)]);
  });

  it.each<[string, Name]>([
    ['an upload that was refused', 'refused'],
    ['an upload that was taken without a certificate', 'bypassed'],
  ])('do not count %s', async (_, name) => {
    expect(await daysOf(on(), name)).toEqual([]);
  });
}

function describeRequests(on: () => Ground): void {
  const fields = ({ body }: Answer): readonly string[] => Object.keys(body);

  it.each(['{}', '{"padding":""}', '{"padding":"AAAA"}', '{"padding":null}', 'null'])(
    'is open with %s',
    async (body) => {
      const answer = await ask(on(), 'ten', { body });
      expect([answer.status, ...fields(answer)]).toEqual([200, 'padding']);
    },
  );

  it.each<[string, string, Headers]>([
    ['no body', '', {}],
    ['no JSON', '{', {}],
    ['a list', '[]', {}],
    ['an unknown field', '{"day":1}', {}],
    ['padding that is no text', '{"padding":1}', {}],
    ['a body of 64,001 bytes', ' '.repeat(64_001), {}],
    ['another content type', '{}', { 'content-type': 'text/plain' }],
  ])('is closed to %s', async (_, body, headers) => {
    const answer = await ask(on(), 'ten', { body, headers });
    expect([answer.status, answer.body['code']]).toEqual([400, 'bad_request']);
    expect(fields(answer)).toEqual(['error', 'code', 'padding']);
  });

  it.each(['GET', 'PUT', 'DELETE'])('is not by %s', async (method) => {
    const body = method === 'GET' ? undefined : '{}';
    const answer = await (await on().service()).send(body, { method }, '/v1/stats');
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('is not at /v1/stats/', async () => {
    expect((await (await on().service()).send('{}', {}, '/v1/stats/')).status).toBe(404);
  });

  it.each(['{}', '{'])('leads to 2048 to 3071 bytes of padding, with %s', async (body) => {
    const answer = await ask(on(), 'ten', { body });
    const padding = Buffer.from(String(answer.body['padding']), 'base64');
    expect(padding.toString('base64')).toBe(answer.body['padding']);
    expect(padding.length).toBeGreaterThanOrEqual(2048);
    expect(padding.length).toBeLessThanOrEqual(3071);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('x-api-version')).toBeNull();
  });
}
