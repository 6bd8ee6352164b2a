import type { Answer, Ground, Service } from './ground.ts';
import { APPS, bodyOf, newKey, outcomeOf } from './phone.ts';

/** Rows about maintenance and cover traffic. */
export function describeEdge(on: () => Ground): void {
  describe('a server in maintenance', () => {
    describeMaintenance(on);
  });
  describe('cover traffic', () => {
    describeCoverTraffic(on);
  });
}

const JSON_TYPE = { 'content-type': 'application/json' };

const upload = (on: () => Ground, key = newKey()): string =>
  JSON.stringify(bodyOf([key], on().clock.now()));

/** Closed, as the operator has set it. */
const closed = async (on: () => Ground): Promise<Service> =>
  await on().service({ MAINTENANCE: 'true', V1ALPHA1: 'true' });

function expectClosed(answer: Answer): void {
  expect([answer.status, answer.text]).toEqual([429, '{"error": "please try again later"}']);
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(answer.headers.get('retry-after')).toBe('300');
}

function describeMaintenance(on: () => Ground): void {
  it.each(['/v1/publish', '/v1/stats', '/', '/v1alpha1/publish', '/v1/publish/', '/nothing'])(
    'answers at %s in the published bytes, and says when to come again',
    async (path) => {
      expectClosed(await (await closed(on)).send('{}', {}, path));
    },
  );

  it.each(['GET', 'PUT', 'DELETE', 'PATCH'])('answers %s like POST', async (method) => {
    const body = method === 'GET' ? undefined : '{}';
    expectClosed(await (await closed(on)).send(body, { method }));
  });

  it('stores nothing of an upload, and answers cover traffic like one', async () => {
    const key = newKey();
    const service = await closed(on);
    expectClosed(await service.send(upload(on, key)));
    expectClosed(await service.send(upload(on, key), { headers: { 'x-chaff': '1' } }));
    expect(await on().stored(key.key)).toEqual([]);
  });

  it('tells its health all the same, since supervisors would start it anew', async () => {
    const { status } = await (await closed(on)).send(undefined, { method: 'GET' }, '/health');
    expect(status).toBe(200);
  });

  it('is one only when it is told so', async () => {
    expect(outcomeOf(await (await on().service()).send(upload(on)))).toBe('200');
  });
}

function describeCoverTraffic(on: () => Ground): void {
  const cover = async (
    body: RequestInit['body'],
    init: RequestInit = {},
    path?: string,
  ): Promise<Answer> => {
    const service = await on().service({ V1ALPHA1: 'true' });
    return await service.send(body, { headers: { 'x-chaff': '1' }, ...init }, path);
  };

  it.each(['1', 'true', '0', 'false', 'no'])('is a request with X-Chaff: %s', async (value) => {
    const answer = await cover('{', { headers: { 'x-chaff': value } });
    expect([answer.status, ...Object.keys(answer.body)]).toEqual([200, 'padding']);
  });

  it('is none whose X-Chaff is empty', async () => {
    const headers = { ...JSON_TYPE, 'x-chaff': '' };
    expect(outcomeOf(await cover('{', { headers }))).toBe('400 bad_request');
  });

  it.each<[string, RequestInit['body'], RequestInit]>([
    ['without a body', undefined, {}],
    ['that is no JSON', 'x', {}],
    ['of 64,000 bytes', 'x'.repeat(64_000), {}],
    ['with another content type', '<x/>', { headers: { 'x-chaff': '1', 'content-type': 'a/b' } }],
    ['that is packed', 'x', { headers: { 'x-chaff': '1', 'content-encoding': 'gzip' } }],
    ['by GET', undefined, { method: 'GET' }],
    ['by PUT', 'x', { method: 'PUT' }],
    ['by DELETE', 'x', { method: 'DELETE' }],
  ])('is answered %s', async (_, body, init) => {
    expect((await cover(body, init)).status).toBe(200);
  });

  it('stores nothing, though it is a good upload', async () => {
    const key = newKey();
    const headers = { ...JSON_TYPE, 'x-chaff': '1' };
    const answer = await cover(upload(on, key), { headers });
    expect([answer.status, answer.body['insertedExposures']]).toEqual([200, undefined]);
    expect(await on().stored(key.key)).toEqual([]);
  });

  it('has the headers of an answer to an upload, the type of JSON among them', async () => {
    const service = await on().service({ V1ALPHA1: 'true' });
    const [real, covered] = [await service.send(upload(on)), await cover('x')];
    expect([...covered.headers.keys()]).toEqual([...real.headers.keys()]);
    expect(covered.headers.get('content-type')).toBe('application/json');
    expect(covered.headers.get('x-api-version')).toBe('v1');
  });

  it.each(['/', '/v1alpha1/publish'])('is answered at %s as the first API does', async (path) => {
    const answer = await cover('x', {}, path);
    expect(answer).toMatchObject({ status: 200, body: { error: '', insertedExposures: 0 } });
    expect(answer.headers.get('x-api-version')).toBe('v1alpha');
  });

  it('has the padding of an upload', async () => {
    const service = await on().service({ V1ALPHA1: 'true' });
    for (const { body, text } of [await service.send(upload(on)), await cover('x')]) {
      const padding = Buffer.from(String(body['padding']), 'base64');
      expect(padding.length).toBeGreaterThanOrEqual(1024);
      expect(text.length).toBeLessThanOrEqual(2048 + 2732 + 3);
    }
  });

  it('leaves no event', async () => {
    const service = await on().service({ V1ALPHA1: 'true' });
    await service.send(upload(on));
    const before = service.lastEvent();
    await cover('x');
    expect(service.lastEvent()).toEqual(before);
  });

  it('opens nothing to an application that is not known', async () => {
    const body = JSON.stringify(bodyOf([newKey()], on().clock.now(), { app: APPS.stranger }));
    expect((await cover(body)).status).toBe(200);
  });
}
