import { systemTimers } from '@keyserver/time';
import { EventEmitter, once } from 'node:events';
import { Agent, type ServerResponse, get } from 'node:http';
import { ListenFault, type RunningServer, listen } from './index.ts';
import { rawConnection } from './testing/raw-http.ts';

const servers: RunningServer[] = [];
const serve = async (...args: Parameters<typeof listen>): Promise<RunningServer> => {
  const server = await listen(...args);
  servers.push(server);
  return server;
};
const empty = (_request: unknown, response: ServerResponse): void => {
  response.end('{}');
};
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

describe('listening', () => {
  it('gives the address to reach it on', async () => {
    const server = await serve(empty, { port: 0, timers: systemTimers });
    expect(server.url).toBe(`http://127.0.0.1:${String(server.port)}`);
    expect(await (await fetch(server.url)).text()).toBe('{}');
  });

  it.each([
    ['0.0.0.0', /^http:\/\/127\.0\.0\.1:/],
    ['localhost', /^http:\/\/localhost:/],
  ])('on %s too', async (host, url) => {
    const server = await serve(empty, { port: 0, timers: systemTimers, host });
    expect(server.url).toMatch(url);
    expect((await fetch(server.url)).status).toBe(200);
  });

  it('says in one sentence which port is in use', async () => {
    const { port } = await serve(empty, { port: 0, timers: systemTimers });
    const second = serve(empty, { port, timers: systemTimers });
    await expect(second).rejects.toBeInstanceOf(ListenFault);
    await expect(second).rejects.toThrow(`port ${String(port)} is already in use`);
  });

  it('says which port an address that is not ours was asked for', async () => {
    await expect(
      serve(empty, { port: 0, timers: systemTimers, host: '192.0.2.1' }),
    ).rejects.toThrow('port 0 cannot be listened on');
  });

  it('works on a hundred requests of a connection at most, however many are sent ahead', async () => {
    let worked = 0;
    const server = await serve(
      (_request, response) => {
        worked += 1;
        response.end('{}');
      },
      { port: 0, timers: systemTimers },
    );
    const connection = await rawConnection(server.port);
    connection.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(101));
    const answers = (await connection.until('HTTP/1.1 503 ')).split('HTTP/1.1 ').slice(1);
    expect(answers[99]).toContain('Connection: close');
    expect([worked, answers.length]).toEqual([100, 101]);
    connection.destroy();
  });
});

it('ends a connection soon after its hundredth answer, though the client does not', async () => {
  const options = { port: 0, timers: systemTimers, timeouts: { check: 10 } };
  const server = await serve(empty, options);
  const connection = await rawConnection(server.port);
  connection.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(100));
  expect(await connection.ended()).toMatch(/Connection: close[^{]*\{\}$/u);
});

it('keeps an idle connection for longer than headers may take', async () => {
  const timeouts = { headers: 30, request: 60, check: 10 };
  const server = await serve(empty, { port: 0, timers: systemTimers, timeouts });
  const idle = await rawConnection(server.port);
  idle.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await idle.until('{}');
  const slow = await rawConnection(server.port);
  slow.send('GET / HTTP/1.1\r\n');
  await slow.ended(); // by then the time for headers has passed on both
  idle.send('GET /again HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  expect((await idle.ended()).split('HTTP/1.1 200 ')).toHaveLength(3);
});

it('tells clients that idle connections are kept for longer than the proxy in front keeps them', async () => {
  const server = await serve(empty, { port: 0, timers: systemTimers });
  const connection = await rawConnection(server.port);
  connection.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(await connection.until('{}')).toContain('Keep-Alive: timeout=620');
  connection.destroy();
});

describe('closing', () => {
  const held = new EventEmitter();
  const holding = (_request: unknown, response: ServerResponse): void => {
    held.emit('request', response);
  };

  it('ends idle connections at once', async () => {
    const server = await serve(empty, { port: 0, timers: systemTimers });
    const connection = await rawConnection(server.port);
    connection.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await connection.until('{}');
    const idle = await rawConnection(server.port);
    await server.close();
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 200 /);
    expect(await idle.ended()).toBe('');
  });

  it('lets a request in flight finish, then ends its connection and takes no new one', async () => {
    const server = await serve(holding, { port: 0, timers: systemTimers });
    const agent = new Agent({ keepAlive: true });
    const arrived = once(held, 'request');
    const request = get(server.url, { agent });
    const [response] = (await arrived) as [ServerResponse];
    const closed = server.close();
    await expect(fetch(server.url)).rejects.toThrow('fetch failed');
    const answered = once(request, 'response');
    response.end('late');
    const [answer] = (await answered) as [{ statusCode: number; headers: Record<string, string> }];
    expect([answer.statusCode, answer.headers['connection']]).toEqual([200, 'close']);
    await closed;
    agent.destroy();
  });

  it('ends the connection of an answer that has begun when it is complete', async () => {
    const server = await serve(holding, { port: 0, timers: systemTimers });
    const connection = await rawConnection(server.port);
    const arrived = once(held, 'request');
    connection.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const [response] = (await arrived) as [ServerResponse];
    response.write('begun');
    await connection.until('begun');
    const closed = server.close();
    response.end('done');
    await closed;
    expect(await connection.ended()).toContain('done');
  });

  it('ends a connection whose next request was under way', async () => {
    const server = await serve(holding, { port: 0, timers: systemTimers });
    const connection = await rawConnection(server.port);
    connection.send('GET /1 HTTP/1.1\r\nHost: a\r\n');
    const other = await rawConnection(server.port);
    const first = once(held, 'request');
    other.send('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    const [slow] = (await first) as [ServerResponse];
    const closed = server.close();
    const second = once(held, 'request');
    connection.send('\r\n');
    const [late] = (await second) as [ServerResponse];
    late.end('late');
    expect(await connection.ended()).toMatch(/Connection: close/i);
    slow.end();
    await closed;
  });

  it('cuts what does not finish in time', async () => {
    const server = await serve(holding, { port: 0, timers: systemTimers, timeouts: { drain: 20 } });
    const connection = await rawConnection(server.port);
    const arrived = once(held, 'request');
    connection.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await arrived;
    await server.close();
    expect(await connection.ended()).toBe('');
  });

  it('may be asked for twice', async () => {
    const server = await serve(empty, { port: 0, timers: systemTimers });
    await Promise.all([server.close(), server.close()]);
    await expect(fetch(server.url)).rejects.toThrow('fetch failed');
  });
});
