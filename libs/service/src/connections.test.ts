import { systemTimers } from '@keyserver/time';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type RunningServer, listen } from './index.ts';
import { rawConnection } from './testing/raw-http.ts';

const GET = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const servers: RunningServer[] = [];
const closings: (() => void)[] = [];
let arrived: (response: ServerResponse) => void;
let arrival: Promise<ServerResponse>;

beforeEach(() => {
  arrival = new Promise((resolve) => {
    arrived = resolve;
  });
});
afterEach(async () => {
  for (const close of closings.splice(0)) close();
  for (const server of servers.splice(0)) await server.close();
});

/** `/endless` sends for as long as it is read, `/held` does not answer before the test does. */
const app: RequestListener = (request: IncomingMessage, response: ServerResponse) => {
  if (request.url === '/endless') sendForEver(response);
  else if (request.url !== '/held') response.end('well');
  if (request.url !== '/well') arrived(response);
};

function sendForEver(response: ServerResponse): void {
  const piece = Buffer.alloc(16_384);
  const send = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', send);
  send();
}

const serve = async (
  options: Omit<Parameters<typeof listen>[1], 'port' | 'timers'>,
): Promise<RunningServer> => {
  const { timeouts, ...rest } = options;
  const all = { check: 10, drain: 20, ...timeouts };
  const server = await listen(app, { port: 0, timers: systemTimers, timeouts: all, ...rest });
  servers.push(server);
  return server;
};
const connectTo = async ({ port }: RunningServer, sent = '') => {
  const connection = await rawConnection(port);
  closings.push(connection.destroy);
  connection.send(sent);
  return connection;
};
const isWell = async ({ url }: RunningServer): Promise<boolean> =>
  (await (await fetch(`${url}/well`, { headers: { connection: 'close' } })).text()) === 'well';

describe('a client that does not read its answer', () => {
  it('is cut off', async () => {
    const server = await serve({ timeouts: { stalled: 50 } });
    const connection = await connectTo(server);
    connection.pause();
    connection.send(GET('/endless'));
    await once(await arrival, 'close');
    expect(await isWell(server)).toBe(true);
  });

  it('is cut off when it reads, but has not come to the end in time', async () => {
    const server = await serve({ timeouts: { answer: 50 } });
    const connection = await connectTo(server, GET('/endless'));
    await connection.ended();
    expect((await arrival).destroyed).toBe(true);
  });

  it('is waited for while it is we who make it wait', async () => {
    const server = await serve({ timeouts: { stalled: 20, answer: 20 } });
    const connection = await connectTo(server, GET('/held'));
    const response = await arrival;
    await new Promise((resolve) => setTimeout(resolve, 100));
    response.end('late, but whole');
    expect(await connection.until('whole')).toContain('late, but whole');
  });
});

it('ends a connection on which nothing is asked, after an answer that asked to close it too', async () => {
  const server = await serve({ timeouts: { keepAlive: 50 } });
  const connection = await connectTo(server, GET('/well').repeat(101));
  expect(await connection.ended()).toContain('HTTP/1.1 503 ');
});

describe('connections beyond the number that is allowed', () => {
  it('take the place of the one that has stood still for longest', async () => {
    const server = await serve({ connections: 3 });
    const [first, second] = [await connectTo(server), await connectTo(server)];
    first.send(GET('/well'));
    await first.until('well');
    await connectTo(server);
    expect(await isWell(server)).toBe(true);
    expect(await second.ended()).toBe('');
    first.send(GET('/held'));
    await arrival;
  });

  it('never keep anybody from asking for our health, whatever those do who hold the others', async () => {
    const server = await serve({ connections: 20 });
    for (let n = 0; n < 60; n++) {
      const connection = await connectTo(server);
      connection.pause();
      connection.send(n % 3 === 0 ? GET('/endless') : n % 3 === 1 ? 'GET /h' : '');
    }
    expect(await isWell(server)).toBe(true);
  });

  it('do not end a request that is worked on', async () => {
    const server = await serve({ connections: 1 });
    const connection = await connectTo(server, GET('/held'));
    const response = await arrival;
    const other = await connectTo(server);
    expect(await other.ended()).toBe('');
    response.end('whole');
    expect(await connection.until('whole')).toContain('whole');
  });
});
