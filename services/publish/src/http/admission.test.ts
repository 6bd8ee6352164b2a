import { rawConnection } from '@keyserver/service/testing';
import { systemTimers } from '@keyserver/time';
import { expectRefusal } from '../testing/answers.ts';
import {
  type TestServer,
  aPublishServer,
  closePublishServers,
  closePublishStore,
} from '../testing/publish-server.ts';
import { aKey, anUpload, wireBody } from '../testing/uploads.ts';

const HEAD =
  'POST /v1/publish HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n';

const connections: { destroy(): void }[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.destroy();
  await closePublishServers();
});
afterAll(closePublishStore);

/** A server with two places, in which time passes only when a test says so. */
async function aSmallServer(overrides: Parameters<typeof aPublishServer>[0] = {}) {
  let now = 0;
  const timers = { ...systemTimers, monotonic: () => now };
  const server = await aPublishServer({ uploadsAtOnce: 2, timers, v1alpha1: true, ...overrides });
  const pass = (ms: number): void => {
    now += ms;
  };
  return { ...server, pass };
}

/** Begins an upload whose body does not come to its end. */
async function beginUpload({ port }: TestServer) {
  const connection = await rawConnection(port);
  connections.push(connection);
  connection.send(`${HEAD}{`);
  return connection;
}

const upload = () => anUpload([aKey(1)]);

/** Sends uploads until one is turned away, which tells that all places are taken. */
async function untilBusy(server: TestServer) {
  for (;;) {
    const answer = await server.post(upload());
    if (answer.status === 503) return answer;
  }
}

describe('a server that has as much to do as it may', () => {
  it('turns the next upload away at once, in the form of a refusal that may be repeated', async () => {
    const server = await aSmallServer();
    await beginUpload(server);
    await beginUpload(server);
    const answer = await untilBusy(server);
    expectRefusal(answer, 503, 'internal_error');
    expect(answer.headers.get('retry-after')).toBe('60');
    expect(answer.headers.get('connection')).toBe('keep-alive');
  });

  it('does so before the body is there', async () => {
    const server = await aSmallServer();
    await beginUpload(server);
    await beginUpload(server);
    await untilBusy(server);
    const third = await beginUpload(server);
    expect(await third.until('internal_error')).toMatch(/^HTTP\/1.1 503 /);
  });

  it('turns apps of the first API away in their form', async () => {
    const server = await aSmallServer();
    await beginUpload(server);
    await beginUpload(server);
    await untilBusy(server);
    const answer = await server.send('{}', {}, '/v1alpha1/publish');
    expect(answer).toMatchObject({ status: 503, body: { insertedExposures: 0 } });
    expect(answer.headers.get('x-api-version')).toBe('v1alpha');
  });

  it('turns authorities away in the form of statistics', async () => {
    const server = await aSmallServer();
    await beginUpload(server);
    await beginUpload(server);
    await untilBusy(server);
    const answer = await server.send('{}', {}, '/v1/stats');
    expect(answer).toMatchObject({ status: 503, body: { code: 'internal_error' } });
    expect(answer.headers.get('retry-after')).toBe('60');
    expect(answer.headers.has('x-api-version')).toBe(false);
  });

  it('turns cover traffic away as it does uploads, without an event of its own', async () => {
    const server = await aSmallServer();
    await beginUpload(server);
    await beginUpload(server);
    await untilBusy(server);
    const answer = await server.send('{}', { headers: { 'x-chaff': '1' } });
    expectRefusal(answer, 503, 'internal_error');
    expect(server.log.events('request.unserved')).toEqual([]);
  });

  it('answers paths that are not served', async () => {
    const server = await aSmallServer();
    await beginUpload(server);
    await beginUpload(server);
    await untilBusy(server);
    expect((await fetch(`${server.url}/nothing`)).status).toBe(404);
  });

  it('answers health', async () => {
    const server = await aSmallServer();
    await beginUpload(server);
    await beginUpload(server);
    await untilBusy(server);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  it('says so in the log, with nothing of the request', async () => {
    const server = await aSmallServer();
    await beginUpload(server);
    await beginUpload(server);
    await untilBusy(server);
    const [event] = server.log.events('publish.overloaded');
    expect(event).toMatchObject({ severity: 'WARNING' });
    expect(server.log.events('publish.refused')).toEqual([]);
  });

  it('has room again when a client goes away', async () => {
    const server = await aSmallServer();
    await beginUpload(server);
    const second = await beginUpload(server);
    await untilBusy(server);
    second.destroy();
    let answer = await server.post(upload());
    while (answer.status === 503) answer = await server.post(upload());
    expect(answer.status).toBe(200);
  });

  it('lets the oldest body give way that has not come for five seconds', async () => {
    const server = await aSmallServer();
    const first = await beginUpload(server);
    const answered = beginUpload(server);
    await untilBusy(server);
    server.pass(4999);
    expect((await server.post(upload())).status).toBe(503);
    server.pass(1);
    expect((await server.post(upload())).status).toBe(200);
    expect(await first.ended()).toBe('');
    (await answered).send('}12345678');
    expect(await (await answered).until('HTTP/1.1')).not.toContain('503');
  });

  it('ends the connection of such a body also where an earlier request of it is still worked on', async () => {
    let begun = (): void => undefined;
    const working = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const server = await aSmallServer({
      storeUpload: async () => {
        begun();
        return await new Promise<never>(() => undefined);
      },
    });
    const client = await rawConnection(server.port);
    connections.push(client);
    const body = JSON.stringify(wireBody(upload()));
    client.send(`${HEAD.replace('9', String(body.length))}${body}${HEAD}{`);
    await working;
    await untilBusy(server);
    server.pass(5000);
    await server.send('{}');
    expect(await client.ended()).toBe('');
  });

  it('keeps the place of work for a client that has gone away until it is done', async () => {
    let finish = (): void => undefined;
    let begun = (): void => undefined;
    const working = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const server = await aSmallServer({
      uploadsAtOnce: 1,
      storeUpload: async () => {
        begun();
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return { kind: 'stored', inserted: 0, revised: 0, revisable: [] };
      },
    });
    const client = new AbortController();
    const body = JSON.stringify(wireBody(upload()));
    const lost = server.send(body, { signal: client.signal });
    await working;
    client.abort();
    await expect(lost).rejects.toThrow(/abort/);
    server.pass(60_000);
    expect((await server.send('{}')).status).toBe(503);
    finish();
    while ((await server.send('{}')).status === 503);
  });
});
