import { describeBodies } from './bodies.ts';
import type { Drawn } from './drawn.ts';
import type { Answer, Ground } from './ground.ts';
import { APPS, SECRET, bodyOf, newKey, outcomeOf, publish } from './phone.ts';
import { describeSpellings } from './spellings.ts';

/** Rows about base64, the routes, the body, its fields, and the form of the answer. */
export function describeRequests(on: () => Ground, of: Drawn): void {
  describe('base64 as phones spell it', () => {
    describeSpellings(on, of);
  });
  describe('the routes', () => {
    describeRoutes(on);
  });
  describe('the body', () => {
    describeBodies(on, of);
  });
  describe('the fields of an upload', () => {
    describeFields(on);
  });
  describe('the answer', () => {
    describeAnswers(on);
  });
}

function describeRoutes(on: () => Ground): void {
  it.each(['/', '/v1/publish/', '/v1', '/v1/publish/x', '/V2/publish'])(
    'knows nothing at %s',
    async (path) => {
      const service = await on().service();
      expect((await service.send('{}', {}, path)).status).toBe(404);
    },
  );

  it.each(['GET', 'PUT', 'PATCH', 'DELETE'])('takes no upload by %s', async (method) => {
    const service = await on().service();
    const body =
      method === 'GET' ? undefined : JSON.stringify(bodyOf([newKey()], on().clock.now()));
    const answer = await service.send(body, { method });
    expect(outcomeOf(answer)).toBe('405 bad_request');
    expect(answer.headers.get('allow')).toBe('POST');
  });

  it('says at /health that the store answers', async () => {
    const service = await on().service();
    const { status, text } = await service.send(undefined, { method: 'GET' }, '/health');
    expect([status, text]).toEqual([200, '{"status": "ok"}']);
  });

  const answers: [string, () => Promise<Answer>][] = [
    ['an upload that was taken', async () => await publish(on(), [newKey()])],
    ['one that was refused', async () => await publish(on(), [newKey({ rollingPeriod: 0 })])],
    ['a body that is none', async () => await (await on().service()).send('{')],
    [
      'another content type',
      async () => await (await on().service()).send('{}', { headers: { 'content-type': 'a/b' } }),
    ],
    ['another method', async () => await (await on().service()).send('{}', { method: 'PUT' })],
  ];
  it.each(answers)(
    'says in its headers what it is and of which version, to %s',
    async (_, send) => {
      const { headers } = await send();
      expect(headers.get('content-type')).toBe('application/json');
      expect(headers.get('x-api-version')).toBe('v1');
    },
  );
}

/** Keys in a row, each of one interval: none overlaps, and no three start together. */
const keysInARow = (count: number) =>
  Array.from({ length: count }, (_, n) =>
    newKey({ rollingStartNumber: 2_700_000 + n, rollingPeriod: 1 }),
  );

function describeFields(on: () => Ground): void {
  it.each([1, 30])('may hold %i keys', async (count) => {
    const answer = await publish(on(), keysInARow(count));
    expect(answer).toMatchObject({ status: 200, body: { insertedExposures: count } });
  });

  it.each([31, 60, 100])('may not hold %i keys', async (count) => {
    const keys = keysInARow(count);
    expect(outcomeOf(await publish(on(), keys))).toBe('400 bad_request');
    expect(await on().stored(keys[0]!.key)).toEqual([]);
  });

  it('name the application in any letter case', async () => {
    const body = { healthAuthorityID: APPS.home.id.toUpperCase() };
    const key = newKey();
    expect(outcomeOf(await publish(on(), [key], { body }))).toBe('200');
    expect(await on().stored(key.key)).toMatchObject([{ app: APPS.home.id }]);
  });

  it.each([true, false, undefined])('mark the keys of a traveler: %j', async (traveler) => {
    const key = newKey();
    expect(outcomeOf(await publish(on(), [key], { body: { traveler } }))).toBe('200');
    expect(await on().stored(key.key)).toMatchObject([{ traveler: traveler ?? false }]);
  });

  it.each([0, undefined])('may leave the onset open: %j', async (symptomOnsetInterval) => {
    const key = newKey();
    expect(outcomeOf(await publish(on(), [key], { body: { symptomOnsetInterval } }))).toBe('200');
    expect(await on().stored(key.key)).toMatchObject([{ key: { onsetDays: 3 } }]);
  });

  it.each([undefined, '', 'AAAA'.repeat(500)])('may have any padding', async (padding) => {
    expect(outcomeOf(await publish(on(), [newKey()], { body: { padding } }))).toBe('200');
  });

  it('take a key without a period as one of a whole day, in the MAC too', async () => {
    const key = newKey();
    const { rollingPeriod: _, ...sent } = key;
    const body = { temporaryExposureKeys: [sent] };
    expect(outcomeOf(await publish(on(), [key], { body }))).toBe('200');
    expect(await on().stored(key.key)).toMatchObject([{ key: { period: 144 } }]);
  });

  it('take a key without a risk as one with risk 0, in the MAC too', async () => {
    const key = newKey();
    const { transmissionRisk: _, ...sent } = key;
    const body = { temporaryExposureKeys: [sent] };
    expect(outcomeOf(await publish(on(), [key], { body }))).toBe('200');
  });
}

function describeAnswers(on: () => Ground): void {
  const fields = (answer: Answer): readonly string[] => Object.keys(answer.body);

  it('to new keys has a token, their number and padding', async () => {
    const answer = await publish(on(), [newKey(), newKey()]);
    expect(fields(answer)).toEqual(['revisionToken', 'insertedExposures', 'padding']);
    expect(answer.body['insertedExposures']).toBe(2);
  });

  it('to keys that are not stored has no number', async () => {
    const answer = await publish(on(), [newKey()], { reportType: 'negative' });
    expect(fields(answer)).toEqual(['revisionToken', 'padding']);
  });

  it('to keys that were left out has warnings, and no token', async () => {
    const body = { symptomOnsetInterval: 2_697_840 };
    const answer = await publish(on(), [newKey()], { body });
    expect([answer.status, ...fields(answer)]).toEqual([200, 'padding', 'warnings']);
  });

  it('to a refused upload has what is wrong, a code and padding', async () => {
    const answer = await publish(on(), [newKey({ rollingPeriod: 0 })]);
    expect(fields(answer)).toEqual(['error', 'code', 'padding']);
  });

  const padding: [string, () => Promise<Answer>][] = [
    ['taken', async () => await publish(on(), [newKey()])],
    ['refused', async () => await publish(on(), [newKey({ rollingPeriod: 0 })])],
    ['not read', async () => await (await on().service()).send('{')],
    ['of another app', async () => await publish(on(), [], { body: { healthAuthorityID: 'x' } })],
  ];
  /** What is said is filled up to 2048 bytes, head included; then come 1024 to 2047 random bytes, written as base64. */
  const LONGEST = 2048 + 2732 + 3;
  it.each(padding)(
    'has padding up to a length of its own when an upload is %s',
    async (_, send) => {
      const { body, text } = await send();
      const bytes = Buffer.from(String(body['padding']), 'base64');
      expect(bytes.toString('base64')).toBe(body['padding']);
      expect(bytes.length).toBeGreaterThanOrEqual(1024);
      expect(text.length).toBeLessThanOrEqual(LONGEST);
      expect(text).toMatch(/\} {0,3}$/u);
    },
  );

  it('has a token in standard base64 with padding', async () => {
    const { body } = await publish(on(), [newKey()]);
    const token = String(body['revisionToken']);
    expect(Buffer.from(token, 'base64').toString('base64')).toBe(token);
  });

  it('does not repeat what was sent', async () => {
    const token = SECRET.toString('hex');
    const body = { padding: token, verificationPayload: `${token}.${token}.${token}` };
    const { text } = await publish(on(), [newKey()], { body });
    expect(text).not.toContain(token);
  });
}
