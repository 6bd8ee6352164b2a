import { checksumsOf } from './checksums.ts';
import { type StorageStandIn, startStorageStandIn } from './start-storage.ts';

const GRAIN = 256 * 1024;
const NOW = Date.UTC(2026, 0, 1);

let server: StorageStandIn;

beforeEach(async () => {
  server = await startStorageStandIn({ buckets: ['exports'], cdn: true, now: () => NOW });
});

afterEach(async () => {
  await server.close();
});

const uploadUrl = (query: string): string => `${server.url}/upload/storage/v1/b/exports/o?${query}`;

async function insert(name: string, content: string, type = 'text/plain'): Promise<Response> {
  const headers = { 'content-type': type };
  return await fetch(uploadUrl(`uploadType=media&name=${encodeURIComponent(name)}`), {
    method: 'POST',
    headers,
    body: content,
  });
}

async function startUpload(query = 'uploadType=resumable&name=a'): Promise<string> {
  const answer = await fetch(uploadUrl(query), { method: 'POST' });
  return answer.headers.get('location') ?? '';
}

const send = async (
  session: string,
  range: string,
  body = Buffer.alloc(0),
  headers: Record<string, string> = {},
): Promise<Response> =>
  await fetch(session, { method: 'PUT', body, headers: { 'content-range': range, ...headers } });

describe('checksums', () => {
  it('are those of the published check values', () => {
    const { crc32c, md5Hash } = checksumsOf(Buffer.from('123456789'));
    expect(Buffer.from(crc32c, 'base64').toString('hex')).toBe('e3069283');
    expect(Buffer.from(md5Hash, 'base64').toString('hex')).toBe('25f9e794323b453885f5181f1b624d0b');
  });
});

describe('a resumable upload', () => {
  it('says how far it is, and repeats its object once it is complete', async () => {
    const session = await startUpload();
    expect((await send(session, 'bytes */*')).headers.get('range')).toBeNull();
    const part = await send(session, `bytes 0-${GRAIN - 1}/*`, Buffer.alloc(GRAIN));
    expect([part.status, part.headers.get('range')]).toEqual([308, `bytes=0-${GRAIN - 1}`]);
    const asked = await send(session, 'bytes */*');
    expect([asked.status, asked.headers.get('range')]).toEqual([308, `bytes=0-${GRAIN - 1}`]);
    const done = await send(session, `bytes ${GRAIN}-${GRAIN}/${GRAIN + 1}`, Buffer.alloc(1));
    expect(done.status).toBe(200);
    expect(await (await send(session, 'bytes */*')).json()).toEqual(await done.json());
    expect(server.objects('exports')).toEqual(['a']);
  });

  it('takes bytes that it has already only once', async () => {
    const session = await startUpload();
    await send(session, `bytes 0-${GRAIN - 1}/*`, Buffer.alloc(GRAIN, 'a'));
    const content = Buffer.alloc(2 * GRAIN, 'a');
    const done = await send(session, `bytes 0-${2 * GRAIN - 1}/${2 * GRAIN}`, content);
    expect(await done.json()).toMatchObject({ size: String(2 * GRAIN), ...checksumsOf(content) });
  });

  it.each([
    ['a gap', `bytes ${GRAIN}-${GRAIN}/*`, 1],
    ['a content of another length than its range', 'bytes 0-9/*', 5],
    ['a part that is no multiple of 256 KiB', 'bytes 0-9/*', 10],
    ['a range that is none', 'bytes x-y/z', 1],
  ])('refuses %s', async (_what, range, length) => {
    const session = await startUpload();
    expect((await send(session, range, Buffer.alloc(length))).status).toBe(400);
    expect(server.objects('exports')).toEqual([]);
  });

  it.each([
    ['crc32c=AAAAAA=='],
    ['md5=AAAAAAAAAAAAAAAAAAAAAA=='],
    [`crc32c=${checksumsOf(Buffer.from('x')).crc32c},md5=AAAAAAAAAAAAAAAAAAAAAA==`],
  ])('refuses a last part under another checksum: %s', async (hash) => {
    const session = await startUpload();
    const sent = await send(session, 'bytes 0-0/1', Buffer.from('x'), { 'x-goog-hash': hash });
    expect(sent.status).toBe(400);
    expect((await send(session, 'bytes */*')).status).toBe(404);
    expect(server.objects('exports')).toEqual([]);
  });

  it('checks its precondition when it begins and when it ends', async () => {
    const query = 'uploadType=resumable&name=a&ifGenerationMatch=0';
    const session = await startUpload(query);
    await insert('a', 'first');
    expect((await send(session, 'bytes 0-0/1', Buffer.from('x'))).status).toBe(412);
    expect((await fetch(uploadUrl(query), { method: 'POST' })).status).toBe(412);
    expect(await (await fetch(`${server.url}/exports/a`)).text()).toBe('first');
  });

  it('is gone once it is cancelled', async () => {
    const session = await startUpload();
    expect((await fetch(session, { method: 'DELETE' })).status).toBe(499);
    expect((await send(session, 'bytes 0-0/1', Buffer.from('x'))).status).toBe(404);
    expect((await fetch(session, { method: 'DELETE' })).status).toBe(404);
    expect(server.objects('exports')).toEqual([]);
  });
});

describe('a request that is not served', () => {
  it.each([
    ['uploadType=other&name=a', 'POST', 400],
    ['uploadType=media', 'POST', 400],
    ['uploadType=media&name=a', 'PUT', 400],
    ['uploadType=multipart&name=a', 'POST', 400],
  ])('is refused: upload %s by %s', async (query, method, status) => {
    expect((await fetch(uploadUrl(query), { method, body: 'x' })).status).toBe(status);
  });

  it('is refused when the parts of its content are none', async () => {
    const headers = { 'content-type': 'multipart/related; boundary=b' };
    for (const body of [
      '',
      '--b--',
      '--b\r\nno head\r\n--b--',
      '--b\r\n\r\n{\r\n--b\r\n\r\n\r\n--b--',
    ]) {
      const sent = await fetch(uploadUrl('uploadType=multipart'), {
        method: 'POST',
        headers,
        body,
      });
      expect(sent.status).toBe(400);
    }
  });

  it.each(['/', '/storage/v2/b', '/storage/v1/b/exports/o/a/b'])('is refused: %s', async (path) => {
    const answer = await fetch(`${server.url}${path}`, { method: 'POST' });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: { code: 404 } });
  });
});

describe('a public download', () => {
  it('has the headers of its object', async () => {
    const metadata = { cacheControl: 'public, max-age=86400', metadata: { digest: 'abc' } };
    const session = await fetch(uploadUrl('uploadType=resumable&name=v1/a.zip'), {
      method: 'POST',
      headers: { 'x-upload-content-type': 'application/zip' },
      body: JSON.stringify(metadata),
    });
    await send(session.headers.get('location') ?? '', 'bytes 0-2/3', Buffer.from('zip'));
    const { status, headers } = await fetch(`${server.url}/exports/v1/a.zip`, { method: 'HEAD' });
    expect(status).toBe(200);
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'public, max-age=86400',
      'content-type': 'application/zip',
      'content-length': '3',
      'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
      'x-goog-meta-digest': 'abc',
    });
  });

  it('is 304 for whoever has it, until it changes', async () => {
    await insert('index.txt', 'one');
    const url = `${server.url}/exports/index.txt`;
    const etag = (await fetch(url)).headers.get('etag') ?? '';
    const again = async (tag: string): Promise<number> =>
      (await fetch(url, { headers: { 'if-none-match': tag } })).status;
    expect(await again(etag)).toBe(304);
    expect(await again(`W/${etag}`)).toBe(304);
    expect(await again(`"other", ${etag}`)).toBe(304);
    expect(await again('*')).toBe(304);
    expect(await again('"other"')).toBe(200);
    await insert('index.txt', 'one');
    expect(await again(etag)).toBe(200);
  });

  it('gives one range of a content', async () => {
    await insert('a', '0123456789');
    const headers = { range: 'bytes=3-5' };
    const answer = await fetch(`${server.url}/exports/a`, { headers });
    expect([answer.status, await answer.text()]).toEqual([206, '345']);
    expect(answer.headers.get('content-range')).toBe('bytes 3-5/10');
  });

  it.each(['/exports/missing', '/nowhere/a'])('is 404 at %s', async (path) => {
    expect((await fetch(`${server.url}${path}`)).status).toBe(404);
  });

  it('is not there unless asked for', async () => {
    const closed = await startStorageStandIn({ buckets: ['exports'] });
    try {
      expect((await fetch(`${closed.url}/exports/a`)).status).toBe(404);
      expect(closed.faults.calls('public')).toBe(0);
    } finally {
      await closed.close();
    }
  });
});

describe('faults by order', () => {
  const get = async (): Promise<Response> => await fetch(`${server.url}/exports/a`);

  beforeEach(async () => {
    await insert('a', 'content');
  });

  it('hit so many requests, after as many have passed', async () => {
    server.faults.fail({ op: 'public', status: 503, after: 1, times: 2 });
    const statuses = [];
    for (let n = 0; n < 5; n++) statuses.push((await get()).status);
    expect(statuses).toEqual([200, 503, 503, 200, 200]);
    expect(server.faults.calls('public')).toBe(5);
  });

  it('stand in line', async () => {
    server.faults.fail({ op: 'public', status: 500, times: 1 });
    server.faults.fail({ op: 'public', status: 429, times: 1 });
    expect([(await get()).status, (await get()).status, (await get()).status]).toEqual([
      500, 429, 200,
    ]);
  });

  it('hit no other kind of request', async () => {
    server.faults.fail({ op: 'delete', status: 500, times: 1 });
    expect((await get()).status).toBe(200);
  });

  it('are forgotten with all counts', async () => {
    server.faults.hang({ op: 'public', times: 100 });
    server.faults.clear();
    expect(server.faults.calls('insert')).toBe(0);
    expect((await get()).status).toBe(200);
  });

  it.each(['before', 'middle', 'after'] as const)('cut an answer %s', async (when) => {
    server.faults.cut({ op: 'public', when, times: 1 });
    await expect(get().then(async (answer) => await answer.text())).rejects.toThrow();
    expect((await get()).status).toBe(200);
  });

  it.each([
    ['before', ['a']],
    ['middle', ['a']],
    ['after', ['a', 'b']],
  ] as const)('cut an upload %s', async (when, names) => {
    server.faults.cut({ op: 'insert', when, times: 1 });
    await expect(insert('b', 'x'.repeat(100_000))).rejects.toThrow();
    expect(server.objects('exports')).toEqual(names);
  });

  it('keep whole stretches of a part that was cut in its middle', async () => {
    const session = await startUpload();
    server.faults.cut({ op: 'insert', when: 'middle', times: 1 });
    const range = `bytes 0-${4 * GRAIN - 1}/${4 * GRAIN}`;
    await expect(send(session, range, Buffer.alloc(4 * GRAIN))).rejects.toThrow();
    const kept = /^bytes=0-(\d+)$/.exec(
      (await send(session, 'bytes */*')).headers.get('range') ?? '',
    );
    expect((Number(kept?.[1]) + 1) % GRAIN).toBe(0);
    expect(Number(kept?.[1]) + 1).toBeGreaterThanOrEqual(2 * GRAIN);
  });

  it('leave a request without an answer until the end', async () => {
    server.faults.hang({ op: 'public', times: 1 });
    const answer = get();
    while (server.faults.calls('public') === 0) await fetch(server.url);
    await Promise.all([expect(answer).rejects.toThrow(), server.close()]);
    server = await startStorageStandIn();
  });

  it('answer late, but as ever', async () => {
    server.faults.slow({ op: 'public', ms: 5, times: 1 });
    expect(await (await get()).text()).toBe('content');
  });

  it('change one bit of a content on its way out', async () => {
    server.faults.corrupt({ op: 'public', times: 1 });
    const changed = Buffer.from(await (await get()).text());
    const differences = [...Buffer.from('content')].filter((byte, n) => byte !== changed[n]);
    expect(differences).toHaveLength(1);
    expect(await (await get()).text()).toBe('content');
  });

  it('change one bit of a content on its way in, which its checksum shows', async () => {
    server.faults.corrupt({ op: 'insert', times: 1 });
    const stored = await (await insert('b', 'content')).json();
    expect(stored).not.toMatchObject(checksumsOf(Buffer.from('content')));
  });
});
