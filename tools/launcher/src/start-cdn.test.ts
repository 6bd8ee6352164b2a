import type { BlobHeaders, OpenBucket } from '@keyserver/export-file';
import { recordingLog } from '@keyserver/log/testing';
import type { RunningService } from '@keyserver/service';
import { seededRandom } from '@keyserver/random/testing';
import { systemClock, systemTimers } from '@keyserver/time';
import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { bucketsOf } from '@keyserver/local';
import { startCdn } from './start-cdn.ts';
import { findObjects } from './wiring.ts';

let directory = '';
let cdn: RunningService;
let openBucket: OpenBucket;
let events: ReturnType<typeof recordingLog>['events'];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyserver-cdn-'));
  openBucket = bucketsOf(directory).openBucket;
  const env = { PORT: '0', DATA_DIR: directory };
  const recorded = recordingLog();
  const { log } = recorded;
  events = recorded.events;
  const ambient = {
    ...{
      clock: systemClock,
      timers: systemTimers,
      random: seededRandom('cdn'),
      openLog: () => log,
    },
    logHealth: () => Promise.resolve(),
  };
  cdn = await startCdn(findObjects)(env, ambient);
  await write('v1/index.txt', 'v1/1-2-00001.zip', INDEX);
  await write('v1/1-2-00001.zip', 'PK', ARCHIVE);
});

afterAll(async () => {
  await cdn.close();
  await rm(directory, { recursive: true, force: true });
});

const INDEX = { contentType: 'text/plain', cacheControl: 'no-cache, max-age=0', digest: '' };
const ARCHIVE = { ...INDEX, contentType: 'application/zip', cacheControl: 'public, max-age=86400' };

async function write(name: string, text: string, headers: BlobHeaders): Promise<void> {
  const bucket = openBucket('exports');
  const expected = (await bucket.find(name))?.generation ?? 'absent';
  async function* content(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(Buffer.from(text));
  }
  await bucket.put(name, content(), { headers, expected });
}

const get = async (path: string, init?: RequestInit): Promise<Response> =>
  await fetch(`${cdn.url}${path}`, init);

/** A request whose path is sent exactly as it is written. */
const statusOfRaw = async (path: string): Promise<number | undefined> =>
  await new Promise((resolve, reject) => {
    const { hostname, port } = new URL(cdn.url);
    request({ hostname, port, path, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });

describe('the file server', () => {
  it('serves an object with the headers it was stored with', async () => {
    const response = await get('/exports/v1/1-2-00001.zip');
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/zip',
      'cache-control': 'public, max-age=86400',
      'content-length': '2',
      etag: expect.stringMatching(/^".+"$/) as string,
    });
    expect(await response.text()).toBe('PK');
  });

  it('never lets the index grow old in a cache', async () => {
    const response = await get('/exports/v1/index.txt');
    expect(response.headers.get('cache-control')).toBe('no-cache, max-age=0');
    expect(await response.text()).toBe('v1/1-2-00001.zip');
  });

  it('ignores a query', async () => {
    expect((await get('/exports/v1/index.txt?now=1')).status).toBe(200);
  });

  it('answers HEAD without the content', async () => {
    const response = await get('/exports/v1/index.txt', { method: 'HEAD' });
    expect(response.headers.get('content-length')).toBe('16');
    expect(await response.text()).toBe('');
  });

  it('says that nothing has changed to whoever has the present content', async () => {
    const { headers } = await get('/exports/v1/index.txt');
    const etag = headers.get('etag') ?? '';
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await get('/exports/v1/index.txt', { headers: { 'if-none-match': tag } });
      expect(again.status).toBe(304);
      expect(again.headers.get('cache-control')).toBe('no-cache, max-age=0');
    }
    const since = { 'if-modified-since': headers.get('last-modified') ?? '' };
    expect((await get('/exports/v1/index.txt', { headers: since })).status).toBe(304);
  });

  it('sends the content to whoever has another one', async () => {
    const { headers } = await get('/exports/v1/index.txt');
    const future = new Date(Date.now() + 86_400_000).toUTCString();
    for (const condition of [
      { 'if-none-match': '"other"' },
      { 'if-none-match': '"other"', 'if-modified-since': future },
      { 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' },
      { 'if-modified-since': 'yesterday' },
    ])
      expect((await get('/exports/v1/index.txt', { headers: condition })).status).toBe(200);
    await write('v1/index.txt', 'v1/3-4-00001.zip', INDEX);
    const stale = { 'if-none-match': headers.get('etag') ?? '' };
    expect(await (await get('/exports/v1/index.txt', { headers: stale })).text()).toContain('3-4');
  });

  it.each([
    '/',
    '/exports',
    '/exports/',
    '/exports/v1',
    '/exports/v1/',
    '/exports/v1/nothing.zip',
    '/elsewhere/v1/index.txt',
    '/exports/../exports/v1/index.txt',
    '/exports/%2e%2e/%2e%2e/keys/key-hash.secret',
    '/../keys/key-hash.secret',
    '/exports/v1/index.txt/@1.json',
    '/exports//v1/index.txt',
    '/exports/v1/index.txt%00',
    '/exports/%',
    '/.exports/x',
  ])('has nothing at %s', async (path) => {
    expect(await statusOfRaw(path)).toBe(404);
  });

  it('says so in JSON, which no cache keeps', async () => {
    const response = await get('/exports/v1/nothing.zip');
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({ error: 'not found' });
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('refuses %s', async (method) => {
    const response = await get('/exports/v1/index.txt', { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
  });

  it('says that it is well', async () => {
    expect((await get('/health')).status).toBe(200);
  });

  it('goes on when a client leaves in the middle', async () => {
    await write('v1/large.zip', 'x'.repeat(8_000_000), ARCHIVE);
    const leaving = new AbortController();
    const response = await get('/exports/v1/large.zip', { signal: leaving.signal });
    leaving.abort();
    await expect(response.arrayBuffer()).rejects.toMatchObject({ name: 'AbortError' });
    expect((await get('/exports/v1/index.txt')).status).toBe(200);
  });

  it('answers 503 for an object that is damaged, names it in an event, and serves the others', async () => {
    await write('v1/damaged.zip', 'x'.repeat(900), ARCHIVE);
    const path = join(directory, 'buckets/exports/v1/damaged.zip');
    const content = (await readdir(path)).find((name) => name.endsWith('.content')) ?? '';
    await truncate(join(path, content), 500);
    const response = await get('/exports/v1/damaged.zip');
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '60']);
    expect(response.headers.get('cache-control')).toBe('no-store');
    await truncate(join(path, '@1.json'), 10);
    expect((await get('/exports/v1/damaged.zip', { method: 'HEAD' })).status).toBe(503);
    const damage = {
      object: 'exports/v1/damaged.zip',
      causes: [{ class: 'ObjectFault', code: 'damaged', detail: { path } }],
    };
    expect(events('files.object_damaged')).toMatchObject([damage, damage]);
    expect((await get('/exports/v1/index.txt')).status).toBe(200);
  });
});

it('cuts off an object that ends too early while it is sent, and names it in an event', async () => {
  const shrinking: typeof findObjects = (dataDirectory) => async (bucket, name) => {
    const found = await findObjects(dataDirectory)(bucket, name);
    return found && { ...found, info: { ...found.info, size: found.info.size + 500 } };
  };
  const recorded = recordingLog();
  const server = await startCdn(shrinking)(
    { PORT: '0', DATA_DIR: directory },
    {
      ...{
        clock: systemClock,
        timers: systemTimers,
        random: seededRandom('cdn'),
        openLog: () => recorded.log,
      },
      logHealth: () => Promise.resolve(),
    },
  );
  const response = await fetch(`${server.url}/exports/v1/1-2-00001.zip`);
  await expect(response.arrayBuffer()).rejects.toThrow('terminated');
  const named = () => recorded.events('files.object_damaged');
  while (named().length === 0) await setTimeout(5); // the client may know before the handler does
  expect(named()).toMatchObject([{ object: 'v1/1-2-00001.zip' }]);
  await server.close();
});
