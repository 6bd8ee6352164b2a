import { ReadableStream } from 'node:stream/web';
import { type TestService, aService } from './testing/an-app.ts';
import { rawConnection } from './testing/raw-http.ts';

let service: TestService;
afterEach(async () => {
  await service.server.close();
});

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('every service', () => {
  it('tells clients to guess nothing and to keep nothing, and not what it is made of', async () => {
    service = await aService({});
    const { headers } = await service.fetch('/health');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    for (const name of ['x-powered-by', 'server', 'etag', 'x-request-id'])
      expect(headers.has(name)).toBe(false);
  });

  it.each(['/', '/nothing', '/HEALTH', '/health/', '/%zz', '//health', '/health%2f'])(
    'answers %s with a plain 404',
    async (path) => {
      service = await aService({});
      const response = await service.fetch(path);
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(await response.text()).toBe('{"error":"not found"}');
      expect(service.events()).toMatchObject([{ message: 'request.unserved', status: 404 }]);
      expect(service.events()[0]).not.toHaveProperty('route');
    },
  );

  it('answers another method than GET to its health with 405', async () => {
    service = await aService({});
    const response = await service.fetch('/health', { method: 'POST' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(await response.json()).toEqual({ error: 'health is asked for with GET' });
    expect((await service.fetch('/health', { method: 'HEAD' })).status).toBe(200);
  });

  it('answers a path that cannot be decoded with 400', async () => {
    service = await aService({
      routes: (app) => {
        app.get('/of/:id', (_request, response) => void response.send('{}'));
      },
    });
    const response = await service.fetch('/of/%zz');
    expect([response.status, await response.text()]).toEqual([400, '{"error":"bad request"}']);
    expect(service.events()).toMatchObject([{ message: 'request.unserved', status: 400 }]);
  });

  it('names each request itself, whatever the client calls it', async () => {
    service = await aService({
      routes: (app, logOf) => {
        app.get('/log', (request, response) => {
          logOf(request).event('publish.aborted', {});
          response.send('{}');
        });
      },
    });
    const headers = { 'x-request-id': 'chosen', 'x-cloud-trace-context': 'a'.repeat(32) };
    await service.fetch('/log', { headers });
    await service.fetch('/log', { headers });
    const [first, second] = service.events('publish.aborted');
    expect(first?.['requestId']).toMatch(UUID);
    expect(second?.['requestId']).toMatch(UUID);
    expect(first?.['requestId']).not.toBe(second?.['requestId']);
    expect(service.lines.join('')).not.toMatch(/chosen|aaaa/);
  });

  it('links traces only where the service says that its callers are its own', async () => {
    service = await aService({
      traceProject: 'our-project',
      routes: (app, logOf) => {
        app.get('/log', (request, response) => {
          logOf(request).event('publish.aborted', {});
          response.send('{}');
        });
      },
    });
    await service.fetch('/log', { headers: { 'x-cloud-trace-context': `${'a'.repeat(32)}/1` } });
    expect(service.events()[0]).toMatchObject({
      'logging.googleapis.com/trace': `projects/our-project/traces/${'a'.repeat(32)}`,
    });
  });
});

describe('a fault in a route', () => {
  const failing = async (fault: unknown): Promise<TestService> =>
    await aService({
      routes: (app) => {
        app.get('/fail', () => Promise.reject(fault as Error));
      },
    });

  it('becomes an opaque 500 that is logged once, without what the client sent', async () => {
    service = await failing(new TypeError('no key 0123abcd'));
    const response = await service.fetch('/fail');
    expect([response.status, await response.text()]).toEqual([500, '{"error":"internal error"}']);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(service.events()).toMatchObject([
      {
        message: 'request.fault',
        severity: 'ERROR',
        status: 500,
        causes: [{ class: 'TypeError' }],
      },
    ]);
    expect(service.lines.join('')).not.toContain('0123abcd');
  });

  it('becomes the same when something else than an error is thrown', async () => {
    service = await failing('0123abcd');
    expect((await service.fetch('/fail')).status).toBe(500);
    expect(service.events()).toMatchObject([{ causes: [{ class: 'Unknown' }] }]);
  });

  it('becomes what the service makes of it', async () => {
    const answer = {
      status: 503,
      body: '{"code":"internal_error"}',
      headers: { 'Retry-After': '5' },
    };
    service = await aService({
      routes: (app) => {
        app.get('/fail', () => Promise.reject(new RangeError('away')));
        app.get('/other', () => Promise.reject(new Error('away')));
      },
      renderFault: (fault) => (fault instanceof RangeError ? answer : undefined),
    });
    const response = await service.fetch('/fail');
    expect([response.status, await response.text()]).toEqual([503, answer.body]);
    expect(response.headers.get('retry-after')).toBe('5');
    expect((await service.fetch('/other')).status).toBe(500);
    expect(service.events('request.fault').map(({ status }) => status)).toEqual([503, 500]);
  });

  it('stays opaque when the service fails to render it', async () => {
    service = await aService({
      routes: (app) => {
        app.get('/fail', () => Promise.reject(new Error('first')));
      },
      renderFault: () => {
        throw new Error('second');
      },
    });
    const response = await service.fetch('/fail');
    expect([response.status, await response.text()]).toEqual([500, '{"error":"internal error"}']);
    expect(service.events('request.fault')).toHaveLength(2); // both faults: neither may be lost
  });

  it('cuts an answer that has begun, so that half of it is not taken for the whole', async () => {
    service = await aService({
      routes: (app) => {
        app.get('/half', (_request, response) => {
          response.write('{"half":');
          throw new Error('away');
        });
      },
    });
    const half = service.fetch('/half').then(async (answer) => await answer.text());
    await expect(half).rejects.toThrow(/^(terminated|fetch failed)$/);
    expect(service.events()).toHaveLength(1);
  });
});

describe('a request that is no HTTP', () => {
  it.each([
    ['nonsense', 'GET\r\n\r\n', '400', 'malformed'],
    ['no host', 'GET /health HTTP/1.1\r\n\r\n', '400', 'no_host'],
    [
      'two lengths',
      'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      '400',
      'malformed',
    ],
    [
      'a length and chunks',
      'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      '400',
      'malformed',
    ],
    [
      'endless headers',
      `GET /health HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`,
      '431',
      'headers_too_large',
    ],
    [
      'a wish that nobody grants',
      'GET /health HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n',
      '417',
      'expectation',
    ],
  ])(
    'with %s is refused in the form of all errors, and counted',
    async (_what, text, status, reason) => {
      service = await aService({});
      const connection = await rawConnection(service.server.port);
      connection.send(text);
      const [head = '', body = ''] = (await connection.ended()).split('\r\n\r\n');
      expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      for (const header of ['Content-Type: application/json', 'Cache-Control: no-store'])
        expect(head).toContain(`\r\n${header}`);
      expect(head).toContain(`\r\nContent-Length: ${body.length}`);
      expect(JSON.parse(body)).toEqual({ error: expect.any(String) as string });
      expect(service.events()).toMatchObject([{ message: 'request.unreadable', reason }]);
    },
  );

  it('is cut when its headers never end', async () => {
    service = await aService({}, { headers: 40, request: 80, check: 10 });
    const connection = await rawConnection(service.server.port);
    connection.send('GET /health HTTP/1.1\r\nHost: a\r\n');
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 408 [^]*\{"error":"[^"]+"\}$/);
    expect(service.events()).toMatchObject([{ message: 'request.unreadable', reason: 'too_slow' }]);
  });

  it('is no event where nothing at all was sent', async () => {
    service = await aService({}, { headers: 40, request: 80, check: 10 });
    const connection = await rawConnection(service.server.port);
    expect(await connection.ended()).toMatch(/^(HTTP\/1.1 408 |$)/);
    expect(service.events()).toEqual([]);
  });

  it('has no event beside that of a request that broke off', async () => {
    service = await aService({
      routes: (app) => {
        app.post('/read', (request, response) => {
          request.on('error', () => response.destroy()).resume();
        });
      },
    });
    const connection = await rawConnection(service.server.port);
    connection.send('POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n');
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 400 /);
    expect(service.events('request.unreadable')).toEqual([]);
  });

  it('is not answered into an answer that has begun', async () => {
    service = await aService({
      routes: (app) => {
        app.get('/half', (_request, response) => {
          response.write('half');
        });
      },
    });
    const connection = await rawConnection(service.server.port);
    connection.send('GET /half HTTP/1.1\r\nHost: a\r\n\r\n');
    await connection.until('half');
    connection.send('nonsense\r\n\r\n');
    const received = await connection.ended();
    expect(received.split('HTTP/1.1 ')).toHaveLength(2);
    expect(service.events('request.unreadable')).toEqual([]);
  });

  it('is counted when it comes beyond the hundred requests of a connection', async () => {
    service = await aService({});
    const connection = await rawConnection(service.server.port);
    connection.send('GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(101));
    await connection.until('HTTP/1.1 503 ');
    expect(service.events('request.unreadable')).toMatchObject([{ reason: 'too_many' }]);
    connection.destroy();
  });
});

it('leaves a body alone that nobody reads', async () => {
  service = await aService({});
  const body = new ReadableStream({
    pull: (controller) => {
      controller.enqueue(new Uint8Array(100_000));
      controller.close();
    },
  });
  const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
  expect((await service.fetch('/nothing', init)).status).toBe(404);
});
