import { systemTimers } from '@keyserver/time';
import { type FetchKeySet, keySetFetcher } from './fetch-key-set.ts';
import { type KeyServer, answering, startKeyServer } from './testing/index.ts';

let server: KeyServer;
beforeEach(async () => {
  server = await startKeyServer();
});
afterEach(async () => {
  await server.close();
});

const never = new AbortController().signal;
const fetcher = (loopback = true, patience = 5000): FetchKeySet =>
  keySetFetcher({ timers: systemTimers, patience, loopback });
const fetched = async (address = server.url, signal = never) => await fetcher()(address, signal);
const LIMIT = 64 * 1024;

describe('fetching the keys of an authority', () => {
  it('gives the answer as it came', async () => {
    server.answer = answering('[{"kid":"a"}]');
    expect(await fetched()).toEqual({ kind: 'answer', body: Buffer.from('[{"kid":"a"}]') });
    server.answer = answering('');
    expect(await fetched()).toEqual({ kind: 'answer', body: Buffer.alloc(0) });
  });

  it('asks for nothing but the document, and tells nothing of itself', async () => {
    server.answer = ({ method, url, headers }, response) => {
      const { host: _, ...rest } = headers;
      response.end(JSON.stringify([method, url, rest]));
    };
    const answer = await fetched();
    expect(JSON.parse(answer.kind === 'answer' ? String(answer.body) : '')).toEqual([
      'GET',
      '/jwks.json',
      {
        accept: 'application/jwk-set+json, application/json',
        'accept-encoding': 'identity',
        connection: 'close',
        'user-agent': 'keyserver',
      },
    ]);
  });

  it('takes 64 KiB', async () => {
    server.answer = answering('x'.repeat(LIMIT));
    expect(await fetched()).toMatchObject({ kind: 'answer', body: { length: LIMIT } });
  });

  it.each([
    ['another status', answering('[]', 404), 'status'],
    ['a failure', answering('[]', 503), 'status'],
    ['no content', answering('', 204), 'status'],
    ['a redirect', answering('', 302, { location: '/jwks.json' }), 'redirect'],
    ['a lasting redirect', answering('', 308, { location: 'https://example.org/' }), 'redirect'],
    ['more than 64 KiB', answering('x'.repeat(LIMIT + 1)), 'too_large'],
  ] as const)('refuses %s', async (_what, answer, problem) => {
    server.answer = answer;
    expect(await fetched()).toEqual({ kind: 'failed', problem });
    expect(server.asked).toBe(1);
  });

  it('stops reading an answer without end', async () => {
    let ended = false;
    const piece = 'x'.repeat(16 * 1024);
    server.answer = (_request, response) => {
      response.on('close', () => {
        ended = true;
      });
      const more = (): void => {
        if (!ended) response.write(piece, more);
      };
      more();
    };
    expect(await fetched()).toEqual({ kind: 'failed', problem: 'too_large' });
  });

  it.each([
    ['does not answer', (): void => undefined],
    [
      'does not end its answer',
      (_request: unknown, response: { write: (text: string) => void }): void => {
        response.write('[');
      },
    ],
  ])('gives up a server that %s', async (_what, answer) => {
    server.answer = answer;
    expect(await fetcher(true, 50)(server.url, never)).toEqual({ kind: 'failed', problem: 'slow' });
  });

  it.each([
    [
      'ends the connection',
      ((request) => {
        request.socket.destroy();
      }) satisfies KeyServer['answer'],
    ],
    [
      'ends it within its answer',
      ((request, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('[');
        setImmediate(() => request.socket.destroy());
      }) satisfies KeyServer['answer'],
    ],
    [
      'speaks no HTTP',
      ((request) => {
        request.socket.end('hello\r\n\r\n');
      }) satisfies KeyServer['answer'],
    ],
  ])('cannot reach a server that %s', async (_what, answer) => {
    server.answer = answer;
    expect(await fetched()).toEqual({ kind: 'failed', problem: 'unreachable' });
  });

  it('cannot reach a server that is away, speaks no TLS, or has no name', async () => {
    const unreachable = { kind: 'failed', problem: 'unreachable' };
    expect(await fetched(server.url.replace('http:', 'https:'))).toEqual(unreachable);
    expect(await fetched('https://unknown.invalid/jwks.json')).toEqual(unreachable);
    await server.close();
    expect(await fetched()).toEqual(unreachable);
  });

  it('ends with the run that asked, which is no problem of the authority', async () => {
    const stopping = new AbortController();
    server.answer = () => {
      stopping.abort(new Error('the run ends'));
    };
    await expect(fetched(server.url, stopping.signal)).rejects.toThrow('the run ends');
  });

  it.each([
    'http://10.0.0.1/jwks.json',
    'http://example.org/jwks.json',
    'http://[::ffff:10.0.0.1]/',
    'https://192.168.1.1/jwks.json',
    'https://169.254.169.254/',
    'https://0xa9fea9fe/',
    'https://user:secret@example.org/',
    'ftp://127.0.0.1/',
    'file:///etc/passwd',
    'no address',
  ])('asks nobody for %s, even to try things out', async (address) => {
    expect(await fetched(address)).toEqual({ kind: 'failed', problem: 'address' });
    expect(server.asked).toBe(0);
  });

  it.each([
    ['over http', (url: string) => url],
    ['over https', (url: string) => url.replace('http:', 'https:')],
    ['by name over http', (url: string) => url.replace('127.0.0.1', 'localhost')],
    ['by name over https', (url: string) => url.replace('http://127.0.0.1', 'https://localhost')],
    ['in other digits', (url: string) => url.replace('http://127.0.0.1', 'https://0x7f.1')],
    ['as an IPv6 address', (url: string) => url.replace('http://127.0.0.1', 'https://[::1]')],
  ])('never asks this very machine in production, %s', async (_how, addressOf) => {
    expect(await fetcher(false)(addressOf(server.url), never)).toEqual({
      ...{ kind: 'failed', problem: 'address' },
    });
    expect(server.asked).toBe(0);
  });
});
