import { StoreFault } from '@keyserver/docstore';
import type { Upload } from '@keyserver/exposure-keys';
import type { PublishRequest } from '../publish-keys.ts';
import { expectPadded } from '../testing/answers.ts';
import {
  type Answer,
  aPublishServer,
  closePublishServers,
  closePublishStore,
} from '../testing/publish-server.ts';
import { aKey, anUpload, bypassApp } from '../testing/uploads.ts';

afterEach(closePublishServers);
afterAll(closePublishStore);

const PATHS = ['/', '/v1alpha1/publish'];

const alphaBody = (upload: PublishRequest, more: object = {}): string =>
  JSON.stringify({
    temporaryExposureKeys: upload.keys,
    regions: ['US'],
    appPackageName: upload.appId,
    verificationPayload: upload.certificate,
    hmackey: upload.hmacKey,
    symptomOnsetInterval: upload.onset,
    platform: 'android',
    deviceVerificationPayload: 'x',
    padding: 'cGFkZGluZw==',
    ...more,
  });

async function anAlphaServer(overrides: Parameters<typeof aPublishServer>[0] = {}) {
  const uploads: Upload[] = [];
  const server = await aPublishServer({
    v1alpha1: true,
    storeUpload: async (upload) => {
      uploads.push(upload);
      const revisable = upload.keys;
      return await Promise.resolve({ kind: 'stored', inserted: 1, revised: 0, revisable });
    },
    ...overrides,
  });
  return { ...server, uploads };
}

function expectAlphaRefusal(answer: Answer, status: number): void {
  expect(answer.status).toBe(status);
  expect(Object.keys(answer.body)).toEqual([
    'revisionToken',
    'insertedExposures',
    'error',
    'padding',
  ]);
  expect(answer.body).toMatchObject({ revisionToken: '', insertedExposures: 0 });
  expect(answer.body['error']).toMatch(/\w/u);
  expect(answer.headers.get('x-api-version')).toBe('v1alpha');
  expect(answer.headers.get('content-type')).toBe('application/json');
  expectPadded(answer);
}

describe('v1alpha1', () => {
  it.each([...PATHS, '/v1/publish/', '/v1alpha1/publish/', '/V1alpha1/publish', '/v1alpha1'])(
    'is nothing at %s while it is off',
    async (path) => {
      const server = await aPublishServer();
      const answer = await server.send(alphaBody(anUpload([aKey(1)])), {}, path);
      expect([answer.status, answer.text]).toEqual([404, '{"error":"not found"}']);
    },
  );

  it.each(PATHS)('stores an upload at %s once it is on', async (path) => {
    const server = await anAlphaServer();
    const answer = await server.send(alphaBody(anUpload([aKey(1)])), {}, path);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ insertedExposures: 1, error: '' });
    expect(answer.body['revisionToken']).toMatch(/^CgEx/u);
    expect(Object.keys(answer.body)).toEqual([
      'revisionToken',
      'insertedExposures',
      'error',
      'padding',
    ]);
    expect(answer.headers.get('x-api-version')).toBe('v1alpha');
    expectPadded(answer);
    expect(server.uploads).toMatchObject([{ regions: ['US'], traveler: false }]);
  });

  it.each(['/v1alpha1/publish/', '/v1/publish/', '//', '/v1alpha1'])(
    'is nothing at %s though it is on',
    async (path) => {
      const server = await anAlphaServer();
      expect((await server.send(alphaBody(anUpload([aKey(1)])), {}, path)).status).toBe(404);
    },
  );

  it('leaves v1 as it is', async () => {
    const server = await anAlphaServer();
    const answer = await server.post(anUpload([aKey(1)]));
    expect(answer.headers.get('x-api-version')).toBe('v1');
    expect(answer.body).not.toHaveProperty('error');
  });

  it('names refused keys with status 200, without a code', async () => {
    const server = await anAlphaServer();
    const keys = [aKey(1), aKey(2, { rollingPeriod: 145 })];
    const answer = await server.send(alphaBody(anUpload(keys)), {}, '/');
    expect(answer).toMatchObject({ status: 200, body: { insertedExposures: 1 } });
    expect(answer.body['error']).toMatch(/^problems: 1\n/u);
    expect(answer.body).not.toHaveProperty('code');
  });

  it('carries warnings where there are some', async () => {
    const server = await anAlphaServer();
    const keys = [aKey(1, { rollingStartNumber: 2_700_144 })];
    const answer = await server.send(alphaBody(anUpload(keys, { onset: 2_697_984 })), {}, '/');
    expect(answer.body['warnings']).toHaveLength(1);
  });

  it.each([
    ['an unknown application', 401, { appPackageName: 'nobody' }],
    ['a bad certificate', 401, { verificationPayload: 'a.b.c' }],
    ['a region of another application', 401, { regions: ['US', 'CA'] }],
    ['a region in other letters than the configured ones', 401, { regions: ['us'] }],
    ['an application without any region', 500, { appPackageName: 'no.regions', regions: [] }],
    ['a field of v1', 400, { healthAuthorityID: 'x' }],
  ])('refuses %s with %i', async (_what, status, more) => {
    const server = await anAlphaServer();
    expectAlphaRefusal(await server.send(alphaBody(anUpload([aKey(1)]), more), {}, '/'), status);
    expect(server.uploads).toEqual([]);
  });

  it('refuses what is no JSON, no POST or too long in its own form', async () => {
    const server = await anAlphaServer();
    expectAlphaRefusal(await server.send('{'.repeat(17), {}, '/'), 400);
    expectAlphaRefusal(await server.send(' '.repeat(64_001), {}, '/'), 413);
    expectAlphaRefusal(await server.send('{}', { method: 'PUT' }, '/'), 405);
    expectAlphaRefusal(await server.send('{}', { headers: { 'content-type': 'x' } }, '/'), 415);
  });

  it.each(PATHS)('answers a fault at %s in its own form', async (path) => {
    const away = () => Promise.reject(new StoreFault('unavailable', 'x'));
    const server = await anAlphaServer({ storeUpload: away });
    const answer = await server.send(alphaBody(anUpload([aKey(1)])), {}, path);
    expectAlphaRefusal(answer, 503);
    expect(answer.headers.get('retry-after')).toBe('60');
  });

  it('says in the log alone that a region was the reason', async () => {
    const server = await anAlphaServer();
    const body = alphaBody(anUpload([aKey(1)], { appId: bypassApp.id }), { regions: ['SECRET'] });
    await server.send(body, {}, '/');
    expect(server.log.events('publish.refused')).toMatchObject([
      { code: 'region_not_allowed', app: bypassApp.id },
    ]);
    expect(server.log.lines.join('')).not.toContain('SECRET');
  });
});
