import { StoreFault } from '@keyserver/docstore';
import { generateKeyPairSync } from 'node:crypto';
import { statsTokenVerifier } from '@keyserver/health-authority';
import { settingNames } from '@keyserver/log';
import { type HourTotals, type ReadTotals, foldTotals, readTotals } from '@keyserver/stores';
import {
  DAY,
  HOUR,
  alwaysWindow,
  secondsOf,
  unixMillis,
  unixSeconds,
  windowLength,
} from '@keyserver/time';
import {
  type TestServer,
  aPublishServer,
  closePublishServers,
  closePublishStore,
} from '../testing/publish-server.ts';
import {
  NOW,
  aKey,
  anUpload,
  authority,
  certificateFor,
  statsToken,
  wireBody,
} from '../testing/uploads.ts';
import type { StatsDeps } from './read-stats.ts';

afterEach(closePublishServers);
afterAll(closePublishStore);

const midnight = (day: number) => Date.UTC(2021, 4, day);
const zeros = (length: number): readonly number[] => Array.from({ length }, () => 0);
const anHour = (hour: number, of: Partial<HourTotals> = {}): HourTotals => ({
  ...{ hour: unixMillis(hour), unknown: 0, android: 0, ios: 0, keys: 0, revisions: 0 },
  ...{ oldestKeyDays: zeros(16), onsetDays: zeros(30), onsetMissing: 0, ...of },
});
const stored =
  (hours: readonly HourTotals[], foldedUntil = NOW): ReadTotals =>
  async () =>
    await Promise.resolve({ hours, foldedUntil });

/** A server whose authority has these totals. */
const aServer = async (of: Partial<StatsDeps> = {}): Promise<TestServer> =>
  await aPublishServer({
    stats: {
      verifyToken: statsTokenVerifier(
        async (issuer) =>
          await Promise.resolve(issuer === authority.issuer ? authority : undefined),
        'keyserver',
      ),
      readTotals: stored([]),
      rules: { kind: 'on', minUploads: 10, embargo: 2 * DAY, retention: 14 * DAY },
      padding: { min: 2048, range: 1024 },
      ...of,
    },
  });

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

async function ask(server: TestServer, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${server.url}/v1/stats`, {
    method: 'POST',
    body: '{"padding":"cGFkZGluZw=="}',
    ...init,
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${statsToken()}`,
      ...(init.headers as Record<string, string> | undefined),
    },
  });
  const text = await response.text();
  const body = (text === '' ? {} : JSON.parse(text)) as Answer['body'];
  return { status: response.status, headers: response.headers, text, body };
}

function expectPadded({ body, headers }: Answer): void {
  const { length } = Buffer.from(String(body['padding']), 'base64');
  expect(length).toBeGreaterThanOrEqual(2048);
  expect(length).toBeLessThanOrEqual(3071);
  expect(Object.keys(body).at(-1)).toBe('padding');
  expect(headers.get('content-type')).toMatch(/^application\/json/u);
  expect(headers.get('x-api-version')).toBeNull();
}

function expectRefusal(answer: Answer, status: number, code: string): void {
  expect(answer.status).toBe(status);
  expect(Object.keys(answer.body)).toEqual(['error', 'code', 'padding']);
  expect(answer.body).toMatchObject({ code, error: expect.stringMatching(/\w/u) as string });
  expectPadded(answer);
}

describe('POST /v1/stats (15.2, 15.3)', () => {
  it('gives the days of the authority that signed the token, oldest first, in the published form', async () => {
    const asked: number[] = [];
    const totals = stored([
      anHour(midnight(3), { android: 11, keys: 3, onsetMissing: 2 }),
      anHour(midnight(1), { unknown: 1, ios: 2, revisions: 1 }),
      anHour(midnight(2), { ios: 9 }),
      anHour(midnight(4), { ios: 100 }),
    ]);
    const server = await aServer({
      readTotals: async (id, now) => {
        asked.push(id);
        return await totals(id, now);
      },
    });
    const answer = await ask(server);
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body)).toEqual(['days', 'padding']);
    expect(answer.body['days']).toEqual([
      {
        day: '2021-05-01T00:00:00Z',
        publish_requests: { unknown: 1, android: 0, ios: 2 },
        total_teks_published: 0,
        requests_with_revisions: 1,
        tek_age_distribution: zeros(16),
        onset_to_upload_distribution: zeros(30),
        requests_missing_onset_date: 0,
      },
      {
        day: '2021-05-03T00:00:00Z',
        publish_requests: { unknown: 0, android: 11, ios: 0 },
        total_teks_published: 3,
        requests_with_revisions: 0,
        tek_age_distribution: zeros(16),
        onset_to_upload_distribution: zeros(30),
        requests_missing_onset_date: 2,
      },
    ]);
    expectPadded(answer);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(asked).toEqual([authority.id]);
    expect(server.log.events()).toMatchObject([
      { message: 'stats.answered', authority: String(authority.id), days: 2 },
    ]);
  });

  it.each(['{}', 'null', ' {"padding":null} ', '{"PADDING":""}'])(
    'leaves days out when there are none, asked with %s',
    async (body) => {
      const answer = await ask(await aServer(), { body });
      expect([answer.status, Object.keys(answer.body)]).toEqual([200, ['padding']]);
      expectPadded(answer);
    },
  );

  it.each([
    ['nothing', '', {}],
    ['no JSON', '{', {}],
    ['a list', '[]', {}],
    ['text', '"padding"', {}],
    ['another field', '{"days":1}', {}],
    ['a field twice', '{"padding":"","padding":""}', {}],
    ['padding that is a number', '{"padding":1}', {}],
    ['more than one value', '{}{}', {}],
    ['64,001 bytes', ' '.repeat(64_001), {}],
    ['another content type', '{}', { 'content-type': 'text/plain' }],
    ['a content type in capitals', '{}', { 'content-type': 'Application/JSON' }],
    ['an encoding', '{}', { 'content-encoding': 'gzip' }],
  ])('answers 400 to %s, padded like all answers', async (_, body, headers) => {
    const server = await aServer();
    expectRefusal(await ask(server, { body, headers }), 400, 'bad_request');
    expect(server.log.events()).toMatchObject([
      { message: 'stats.refused', reason: 'bad_request' },
    ]);
  });

  it.each(['GET', 'PUT', 'DELETE'])(
    'answers 405 to %s, and says what is allowed',
    async (method) => {
      const body = method === 'GET' ? null : '{}';
      const answer = await ask(await aServer(), { method, body });
      expectRefusal(answer, 405, 'bad_request');
      expect(answer.headers.get('allow')).toBe('POST');
    },
  );

  it('is not at /v1/stats/', async () => {
    const server = await aServer();
    expect((await fetch(`${server.url}/v1/stats/`, { method: 'POST' })).status).toBe(404);
  });

  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  it.each([
    ['not_bearer', ''],
    ['not_bearer', 'Bearer'],
    ['not_bearer', `bearer ${statsToken()}`],
    ['not_bearer', `Basic ${statsToken()}`],
    ['malformed', `Bearer  ${statsToken()}`],
    ['malformed', 'Bearer SECRET.SECRET.SECRET'],
    ['unknown_issuer', `Bearer ${statsToken({ issuer: 'SECRET' })}`],
    ['no_active_key', `Bearer ${statsToken({ kid: 'SECRET' })}`],
    ['wrong_audience', `Bearer ${statsToken({ audience: 'SECRET' })}`],
    ['bad_signature', `Bearer ${statsToken({ privateKey: stranger })}`],
    ['expired', `Bearer ${statsToken({ issuedAt: unixSeconds(secondsOf(NOW) - 601) })}`],
    ['not_yet_valid', `Bearer ${statsToken({ issuedAt: unixSeconds(secondsOf(NOW) + 1) })}`],
  ])('answers 401 to a header that is %s: %s', async (reason, authorization) => {
    const server = await aServer();
    const answer = await ask(server, { headers: { authorization } });
    expectRefusal(answer, 401, 'unauthorized');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(server.log.events()).toMatchObject([{ message: 'stats.refused', reason }]);
    expect(answer.text + server.log.lines.join('')).not.toContain('SECRET');
  });

  it('answers 401 without a header', async () => {
    const server = await aServer();
    const response = await fetch(`${server.url}/v1/stats`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(response.status).toBe(401);
  });

  it('answers 401 and says why when the authority may not read statistics', async () => {
    const off = { ...authority, stats: false };
    const find = async () => await Promise.resolve(off);
    const answer = await ask(await aServer({ verifyToken: statsTokenVerifier(find, 'keyserver') }));
    expectRefusal(answer, 401, 'unauthorized');
    expect(answer.body['error']).toContain('forbidden');
  });

  it.each([
    [503, new StoreFault('unavailable', 'SECRET')],
    [500, new TypeError('SECRET')],
  ])('answers %d when reading fails, and when to try again', async (status, fault) => {
    const server = await aServer({ readTotals: async () => await Promise.reject(fault) });
    const answer = await ask(server);
    expectRefusal(answer, status, 'internal_error');
    expect(answer.headers.get('retry-after')).toBe('60');
    expect(answer.text + server.log.lines.join('')).not.toContain('SECRET');
    expect(server.log.events('request.fault')).toHaveLength(1);
  });

  it('answers 503 naming the setting when one is refused, to authorities only, while uploads go on', async () => {
    const settings = settingNames([{ name: 'STATS_MIN_UPLOADS' }]);
    const server = await aServer({ rules: { kind: 'off', settings } });
    const answer = await ask(server);
    expectRefusal(answer, 503, 'internal_error');
    expect(answer.body['error']).toContain('STATS_MIN_UPLOADS is refused');
    const stranger = await ask(server, { headers: { authorization: 'Bearer x' } });
    expect([stranger.status, stranger.text.includes('STATS_')]).toEqual([401, false]);
    expect((await server.post(anUpload([aKey(1)]))).status).toBe(200);
  });

  const longAgo = unixMillis(NOW - 26 * HOUR - 1);

  it.each([
    [{ foldedUntil: undefined, waitingSince: longAgo }, [{ message: 'stats.behind' }]],
    [{ foldedUntil: undefined, waitingSince: unixMillis(NOW - 26 * HOUR) }, []],
    [{ foldedUntil: undefined, waitingSince: undefined }, []],
    [{ foldedUntil: longAgo }, [{ message: 'stats.behind', hours: 26 }]],
    [{ foldedUntil: unixMillis(NOW - 26 * HOUR) }, []],
  ])('says in the log when counts are not folded: %j', async (folded, events) => {
    const readTotals = async () => await Promise.resolve({ hours: [], ...folded });
    const server = await aServer({ readTotals });
    expect((await ask(server)).status).toBe(200);
    expect(server.log.events('stats.behind')).toEqual(
      events.map((event) => expect.objectContaining(event) as unknown),
    );
  });

  it('says nothing of a server that is new', async () => {
    const server = await aPublishServer();
    expect((await ask(server)).status).toBe(200);
    expect((await server.post(anUpload([aKey(1)]))).status).toBe(200);
    expect((await ask(server)).status).toBe(200);
    expect(server.log.events('stats.behind')).toEqual([]);
  });
});

describe('what an upload counts (15.1)', () => {
  const ANDROID = { 'content-type': 'application/json', 'user-agent': 'Dalvik (Android 12)' };
  const keys = [aKey(1), aKey(2, { rollingStartNumber: 2_697_901 })];

  it('is what the published example says (P5), and of a revision no ages', async () => {
    const server = await aPublishServer();
    const upload = (reportType: 'likely' | 'confirmed', revisionToken = '') => {
      const certificate = certificateFor(keys, {
        reportType,
        issuedAt: secondsOf(server.clock.now()),
      });
      const body = wireBody(anUpload(keys, { certificate, onset: 0, revisionToken }));
      return server.send(JSON.stringify(body), { headers: ANDROID });
    };
    const first = await upload('likely');
    expect(first.body).toMatchObject({ insertedExposures: 2 });
    server.clock.advance(HOUR);
    const second = await upload('confirmed', String(first.body['revisionToken']));
    expect(second.status).toBe(200);
    server.clock.advance(HOUR);
    await foldTotals(server.store, {
      windows: () => alwaysWindow(windowLength(HOUR)!),
      ...{ retention: 14 * DAY, signal: new AbortController().signal, noteLate: () => undefined },
    });
    const read = readTotals(server.store, { retention: 14 * DAY });
    const counts = { unknown: 0, android: 1, ios: 0, onsetDays: zeros(30) };
    expect((await read(authority.id, server.clock.now())).hours).toEqual([
      {
        ...{ ...counts, hour: midnight(4) + 10 * HOUR, keys: 2, revisions: 0, onsetMissing: 1 },
        oldestKeyDays: [...zeros(15), 1],
      },
      // An hour later the second key is too old to be revised.
      {
        ...{ ...counts, hour: midnight(4) + 11 * HOUR, keys: 1, revisions: 1, onsetMissing: 0 },
        oldestKeyDays: zeros(16),
      },
    ]);
  });
});
