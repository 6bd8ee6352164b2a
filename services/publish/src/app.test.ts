import { StoreFault } from '@keyserver/docstore';
import { expectPadded, expectRefusal } from './testing/answers.ts';
import {
  aPublishServer,
  closePublishServers,
  closePublishStore,
} from './testing/publish-server.ts';
import {
  HMAC_KEY,
  aKey,
  anUpload,
  app,
  bypassApp,
  certificateFor,
  oddlyNamedApp,
  wireBody,
} from './testing/uploads.ts';

afterEach(closePublishServers);
afterAll(closePublishStore);

describe('POST /v1/publish', () => {
  it('stores an upload whose certificate is valid', async () => {
    const server = await aPublishServer();
    const answer = await server.post(anUpload([aKey(1), aKey(2)]));
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body)).toEqual(['revisionToken', 'insertedExposures', 'padding']);
    expect(answer.body['insertedExposures']).toBe(2);
    expectPadded(answer);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('x-api-version')).toBe('v1');
    expect(answer.headers.get('x-powered-by')).toBeNull();
    expect((await server.stored()).map(({ data }) => data[0]).sort()).toEqual([1, 2]);
  });

  it.each(['dept of health / état "1"', 'Dept Of Health / État "1"'])(
    'knows the app %s by the text that it was built with',
    async (appId) => {
      const server = await aPublishServer();
      const answer = await server.post(anUpload([aKey(1)], { appId }));
      expect(answer).toMatchObject({ status: 200, body: { insertedExposures: 1 } });
    },
  );

  it.each([
    '',
    'dept of health',
    'dept%20of%20health%20%2F%20%C3%A9tat%20%221%22',
    '..',
    'a/b',
    '\0',
  ])('refuses the app id %j, which nobody has', async (appId) => {
    const server = await aPublishServer();
    const answer = await server.post(anUpload([aKey(1)], { appId }));
    expectRefusal(answer, 401, 'unknown_health_authority_id');
    expect(await server.stored()).toEqual([]);
  });

  it('does not mind a bad token when all keys are new', async () => {
    const server = await aPublishServer();
    const answer = await server.post(anUpload([aKey(1)], { revisionToken: 'dG9rZW4=' }));
    expect(answer.body).toMatchObject({ insertedExposures: 1 });
  });

  it('takes keys of a negative test without storing them', async () => {
    const server = await aPublishServer();
    const certificate = certificateFor([aKey(1)], { reportType: 'negative' });
    const answer = await server.post(anUpload([aKey(1)], { certificate }));
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body)).toEqual(['revisionToken', 'padding']);
    expect(await server.stored()).toEqual([]);
  });

  it('names the keys that it refuses when it takes others', async () => {
    const server = await aPublishServer();
    const answer = await server.post(anUpload([aKey(1), aKey(2, { rollingPeriod: 145 })]));
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ insertedExposures: 1, code: 'partial_failure' });
    expect(answer.body['error']).toMatch(/^problems: 1\n\t\* key 1: [^\n]+\n\n$/u);
  });

  it('answers 200 with warnings only when all keys are far from symptom onset', async () => {
    const server = await aPublishServer();
    const answer = await server.post(
      anUpload([aKey(1, { rollingStartNumber: 2_700_144 })], { onset: 2_697_984 }),
    );
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body)).toEqual(['padding', 'warnings']);
    expect(await server.stored()).toEqual([]);
  });

  it.each([
    ['without keys', bypassApp.id, []],
    ['with too many keys', app.id, Array.from({ length: 31 }, (_, n) => aKey(n))],
    ['with bad keys only', app.id, [aKey(1, { key: 'short' })]],
    [
      'with keys that overlap',
      app.id,
      [aKey(1), aKey(2, { rollingStartNumber: 2_700_072, rollingPeriod: 72 })],
    ],
  ])('refuses an upload %s', async (_, appId, keys) => {
    const server = await aPublishServer();
    expectRefusal(await server.post(anUpload(keys, { appId })), 400, 'bad_request');
    expect(await server.stored()).toEqual([]);
  });

  it.each([
    ['unknown_health_authority_id', 401, { appId: 'nobody' }],
    ['unknown_health_authority_id', 401, { appId: '' }],
    ['unknown_health_authority_id', 401, { appId: '../apps/__all__' }],
    ['unknown_health_authority_id', 401, { appId: '\ud800'.repeat(2) }],
    ['health_authority_missing_region_config', 500, { appId: 'no.regions' }],
    ['health_authority_verification_certificate_invalid', 401, { certificate: 'a.b.c' }],
    ['health_authority_verification_certificate_invalid', 401, { hmacKey: '' }],
  ])('answers %s with %i', async (code, status, options) => {
    const server = await aPublishServer();
    expectRefusal(await server.post(anUpload([aKey(1)], options)), status, code);
    expect(await server.stored()).toEqual([]);
  });

  it('answers 503 and when to try again while the store is away', async () => {
    const server = await aPublishServer({
      storeUpload: () => Promise.reject(new StoreFault('unavailable', 'SECRET')),
    });
    const answer = await server.post(anUpload([aKey(1)]));
    expect(answer).toMatchObject({ status: 503, body: { code: 'internal_error' } });
    expect(answer.headers.get('retry-after')).toBe('60');
    expect(answer.headers.get('x-api-version')).toBe('v1');
    expectPadded(answer);
    expect(server.log.events('request.fault')).toHaveLength(1);
    expect(answer.text + server.log.lines.join('')).not.toContain('SECRET');
  });

  it('answers 503 when the authority cannot be looked up, for the certificate may be good', async () => {
    const server = await aPublishServer({
      verifyCertificate: () =>
        Promise.reject(new Error('x', { cause: new StoreFault('unavailable', 'x') })),
    });
    const answer = await server.post(anUpload([aKey(1)]));
    expect(answer).toMatchObject({ status: 503, body: { code: 'internal_error' } });
  });

  it('answers 500 when the application cannot be looked up', async () => {
    const server = await aPublishServer({
      findApp: () => Promise.reject(new StoreFault('unavailable', 'x')),
    });
    const answer = await server.post(anUpload([aKey(1)]));
    expect(answer).toMatchObject({
      status: 500,
      body: { code: 'unable_to_load_health_authority' },
    });
    expect(answer.headers.get('retry-after')).toBe('60');
    expectPadded(answer);
  });

  it('answers 500 to a mistake of its own, and says nothing of it', async () => {
    const server = await aPublishServer({
      storeUpload: () => Promise.reject(new TypeError('SECRET')),
    });
    const answer = await server.post(anUpload([aKey(1)]));
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal_error' } });
    expect(answer.text + server.log.lines.join('')).not.toContain('SECRET');
  });
});

describe('GET /health', () => {
  it('says ok while the store answers', async () => {
    const server = await aPublishServer();
    const response = await fetch(`${server.url}/health`);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('{"status": "ok"}');
  });

  it('is 500 while the store is away', async () => {
    const away = () => Promise.reject(new StoreFault('unavailable', 'x'));
    const server = await aPublishServer({ health: away });
    expect((await fetch(`${server.url}/health`)).status).toBe(500);
  });
});

describe('the log of an upload', () => {
  it('counts what was published, by application and authority', async () => {
    const server = await aPublishServer();
    await server.post(anUpload([aKey(1), aKey(2, { rollingPeriod: 0 })]));
    expect(server.log.events()).toEqual([
      expect.objectContaining({
        message: 'publish.accepted',
        app: app.id,
        authority: '7',
        inserted: 1,
        dropped: 1,
        warned: 0,
      }),
    ]);
  });

  it('names an app of any text in letters that every log reader takes', async () => {
    const server = await aPublishServer();
    await server.post(anUpload([aKey(1)], { appId: oddlyNamedApp.id }));
    expect(server.log.events('publish.accepted')).toMatchObject([
      { app: 'dept%20of%20health%20%2F%20%C3%A9tat%20%221%22' },
    ]);
  });

  it('has one event with the code of each refusal', async () => {
    const server = await aPublishServer();
    await server.post(anUpload([aKey(1)], { appId: 'nobody' }));
    await server.send('{', { headers: { 'content-type': 'text/plain' } });
    await server.post(anUpload([aKey(1)], { hmacKey: '' }));
    expect(server.log.events('publish.refused')).toMatchObject([
      { code: 'unknown_health_authority_id' },
      { code: 'bad_request', status: 415 },
      {
        code: 'health_authority_verification_certificate_invalid',
        app: app.id,
        certificate: 'mac_mismatch',
      },
    ]);
    expect(server.log.lines).toHaveLength(3);
  });

  it('holds nothing that the phone sent', async () => {
    const server = await aPublishServer();
    const secrets = { appId: 'SECRETapp', revisionToken: 'SECRETtoken', hmacKey: 'SECREThmac' };
    await server.post(anUpload([aKey(1)]));
    await server.post(anUpload([aKey(1)]));
    await server.post(anUpload([aKey(1)], secrets));
    await server.post(anUpload([aKey(3)], { certificate: 'SECRET.SECRET.SECRET' }));
    await server.send(JSON.stringify({ ...wireBody(anUpload([])), SECRET: 'SECRET' }), {
      headers: {
        'content-type': 'application/json',
        'user-agent': 'SECRET',
        'x-request-id': 'SECRET',
      },
    });
    await fetch(`${server.url}/SECRET?SECRET`);
    const log = server.log.lines.join('');
    const sent = [aKey(1).key, HMAC_KEY.toString('base64'), 'SECRET', '127.0.0.1', 'cGFkZGluZw'];
    for (const text of sent) expect(log).not.toContain(text);
  });
});
