import { once } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Express } from 'express';
import { type ReadBody, bodyReader } from './index.ts';
import { type TestService, aService } from './testing/an-app.ts';
import { rawConnection } from './testing/raw-http.ts';

const LIMIT = 1000;
let readBody: ReadBody;
let service: TestService;
let settle: (kind: string) => void;
let outcome: Promise<string>;

const routes = (app: Express): void => {
  app.post('/', async (request, response) => {
    const body = await readBody(request, response);
    settle(body.kind);
    if (body.kind === 'body') response.send(Buffer.from(body.bytes));
    else response.status(413).send('{}');
  });
};
const post = async (body: RequestInit['body']): Promise<Response> => {
  const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
  return await service.fetch('/', init);
};
const streamOf = (...pieces: Uint8Array[]): ReadableStream =>
  new ReadableStream({
    pull: (controller) => {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
  });

beforeEach(() => {
  readBody = bodyReader({ limit: LIMIT });
  outcome = new Promise((resolve) => {
    settle = resolve;
  });
});
afterEach(async () => {
  await service.server.close();
});

describe('reading a body', () => {
  it.each([0, 1, LIMIT])('gives its %d bytes', async (size) => {
    service = await aService({ routes });
    const sent = Buffer.alloc(size, 7);
    expect(Buffer.from(await (await post(sent)).arrayBuffer())).toEqual(sent);
  });

  it('gives the bytes of many pieces in order', async () => {
    service = await aService({ routes });
    const response = await post(streamOf(Buffer.from('ab'), Buffer.from('cd'), Buffer.from('e')));
    expect(await response.text()).toBe('abcde');
  });

  it('holds on to the bytes alone, for the pieces that they come in cost far more memory', async () => {
    const request = new IncomingMessage(new Socket());
    const body = readBody(request, new ServerResponse(request));
    const piece = Buffer.from('a');
    request.emit('data', piece);
    piece.write('b');
    request.emit('data', piece);
    request.emit('end');
    expect(await body).toEqual({ kind: 'body', bytes: Buffer.from('ab') });
  });

  it.each([
    ['announced', Buffer.alloc(LIMIT + 1)],
    ['announced and well above the limit', Buffer.alloc(LIMIT + 500_000)],
    ['in chunks', streamOf(Buffer.alloc(LIMIT), Buffer.alloc(1))],
    ['in many chunks', streamOf(...Array.from({ length: 50 }, () => Buffer.alloc(10_000)))],
  ])('refuses one byte too many, %s, and the client reads the answer', async (_how, sent) => {
    service = await aService({ routes });
    const response = await post(sent);
    expect([response.status, response.headers.get('connection')]).toEqual([413, 'close']);
    expect(await outcome).toBe('too_large');
  });

  it('refuses an endless body without reading it to its end', async () => {
    service = await aService({ routes });
    const connection = await rawConnection(service.server.port);
    connection.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000000\r\n\r\nabc');
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 413 /);
  });

  it('refuses endless chunks after a megabyte', async () => {
    service = await aService({ routes });
    const connection = await rawConnection(service.server.port);
    connection.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = Buffer.concat([
      Buffer.from('10000\r\n'),
      Buffer.alloc(0x10000),
      Buffer.from('\r\n'),
    ]);
    for (let n = 0; n < 20; n += 1) connection.send(chunk);
    expect(await connection.until('413')).toMatch(/^HTTP\/1.1 413 /);
    connection.destroy();
  });

  it('reads a megabyte before it refuses, so that the client reads the answer, and not one byte more', async () => {
    const discarded = 1 << 20;
    const request = new IncomingMessage(new Socket());
    let isRefused = false;
    const body = readBody(request, new ServerResponse(request)).finally(() => {
      isRefused = true;
    });
    request.emit('data', Buffer.alloc(LIMIT + discarded));
    await new Promise(setImmediate);
    expect([isRefused, request.isPaused()]).toEqual([false, false]);
    request.emit('data', Buffer.alloc(1));
    expect(await body).toEqual({ kind: 'too_large' });
    expect(request.isPaused()).toBe(true);
  });

  it('reads a body to its end that announces a megabyte too much, and none that announces more', async () => {
    const kindOf = async (length: number): Promise<string> => {
      const request = new IncomingMessage(new Socket());
      request.headers['content-length'] = String(length);
      const body = readBody(request, new ServerResponse(request));
      request.emit('end');
      return (await body).kind;
    };
    expect(await kindOf(LIMIT + (1 << 20))).toBe('body');
    expect(await kindOf(LIMIT + (1 << 20) + 1)).toBe('too_large');
  });

  it('gives up a body whose sender goes away', async () => {
    service = await aService({ routes });
    const connection = await rawConnection(service.server.port);
    connection.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
    connection.destroy();
    expect(await outcome).toBe('aborted');
  });

  it('gives up a body that comes too slowly', async () => {
    service = await aService({ routes }, { headers: 40, request: 80, check: 10 });
    const connection = await rawConnection(service.server.port);
    connection.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
    await connection.ended();
    expect(await outcome).toBe('aborted');
  });

  it('gives up a body whose chunks make no sense', async () => {
    service = await aService({ routes });
    const connection = await rawConnection(service.server.port);
    connection.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n');
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 400 /);
    expect(await outcome).toBe('aborted');
  });

  it('gives up a body whose sender was gone before anybody looked', async () => {
    service = await aService({
      routes: (app) => {
        app.post('/', async (request, response) => {
          response.socket?.destroy();
          await once(response, 'close');
          settle((await readBody(request, response)).kind);
        });
      },
    });
    await expect(post('abc')).rejects.toThrow('fetch failed');
    expect(await outcome).toBe('aborted');
  });
});
