import fc from 'fast-check';
import { connect } from 'node:net';
import type { OfferedKey } from '@keyserver/exposure-keys';
import { expectPadded, expectRefusal } from '../testing/answers.ts';
import {
  type TestServer,
  aPublishServer,
  closePublishServers,
  closePublishStore,
} from '../testing/publish-server.ts';
import { aKey, anUpload, app, bypassApp, wireBody } from '../testing/uploads.ts';
import { clientPlatform } from './publish-route.ts';
import { anyCharacter } from '../../../../test/support/any-character.ts';

let server: TestServer;
let before = 0;

const storedCount = async (): Promise<number> => (await server.stored()).length;

beforeAll(async () => {
  server = await aPublishServer();
});

beforeEach(async () => {
  before = await storedCount();
});

afterAll(async () => {
  await closePublishServers();
  await closePublishStore();
});

/** Sends bytes as they are, and gives everything that comes back until the server or its answer ends. */
async function raw(text: string, hangUp = false): Promise<string> {
  return await new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(server.port, '127.0.0.1', () => {
      socket.write(text);
      if (hangUp) socket.end();
    });
    socket.on('data', (piece) => (received += piece.toString('latin1')));
    socket.on('close', () => {
      resolve(received);
    });
    socket.on('error', reject);
  });
}

let keys = 0;

const freshKey = (): OfferedKey => {
  const data = Buffer.alloc(16);
  data.writeUInt32BE((keys += 1));
  return aKey(0, { key: data.toString('base64') });
};

/** A valid upload of a key that no other test sends. */
const body = (options: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ ...wireBody(anUpload([freshKey()])), ...options });

/** A valid upload of exactly so many bytes. */
const bodyOf = (bytes: number): string => {
  const short = body({ padding: '' });
  return short.replace('"padding":""', `"padding":"${'x'.repeat(bytes - short.length)}"`);
};

describe('reading an upload', () => {
  it.each([undefined, 'text/plain', 'Application/JSON', ' ', 'text/json;application/json'])(
    'refuses the content type %p with 415',
    async (type) => {
      const headers = type === undefined ? {} : { 'content-type': type };
      const answer = await server.send(Buffer.from(body()), { headers });
      expectRefusal(answer, 415, 'bad_request');
      expect(answer.body['error']).toContain('415');
    },
  );

  it.each(['application/json', 'application/json; charset=utf-8', 'application/jsonx'])(
    'takes the content type %p',
    async (type) => {
      const answer = await server.send(body(), { headers: { 'content-type': type } });
      expect(answer.status).toBe(200);
    },
  );

  it.each(['gzip', 'br', 'deflate', 'identity, gzip', 'x'])(
    'refuses the content encoding %p with 415, and stores nothing',
    async (encoding) => {
      const before = (await server.stored()).length;
      const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
      const answer = await server.send(body(), { headers });
      expectRefusal(answer, 415, 'bad_request');
      expect(answer.body['error']).toContain('Content-Encoding');
      expect(await server.stored()).toHaveLength(before);
    },
  );

  it('takes a body that says it is not encoded', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'Identity' };
    expect((await server.send(body(), { headers })).status).toBe(200);
  });

  it('takes a body of 64,000 bytes', async () => {
    expect((await server.send(bodyOf(64_000))).status).toBe(200);
  });

  it.each([64_001, 100_000, 1_000_000])('refuses a body of %i bytes with 413', async (bytes) => {
    const answer = await server.send(bodyOf(bytes));
    expectRefusal(answer, 413, 'bad_request');
    expect(answer.body['error']).toContain('413');
    expect(answer.headers.get('connection')).toBe('close');
  });

  it('looks at the content type before the length, and at the length before the JSON', async () => {
    const long = '{'.repeat(64_001);
    expect((await server.send(long, { headers: { 'content-type': 'x' } })).status).toBe(415);
    expect((await server.send(long)).status).toBe(413);
  });

  it.each([
    ['an empty body', ''],
    ['white space', ' \r\n\t'],
    ['a syntax error', '{"traveler":}'],
    ['truncated JSON', body().slice(0, -1)],
    ['a wrong type', body({ traveler: 'SECRET' })],
    ['a fraction', body().replace('2699712', '2699712.0')],
    ['an exponent', body().replace('2699712', '1e3')],
    ['an integer beyond 32 bits', body({ symptomOnsetInterval: 2 ** 31 })],
    ['an unknown field', body({ SECRET: 1 })],
    ['an unknown field of a key', body({ temporaryExposureKeys: [{ SECRET: 1 }] })],
    ['a second value', `${body()}{}`],
    ['a name given twice', body().replace('{', '{"hmackey":"SECRET",')],
    ['invalid UTF-8', Buffer.from([...Buffer.from('{"padding":"'), 0xc3, 0x28, 0x22, 0x7d])],
  ])('refuses %s with 400', async (_, sent) => {
    const answer = await server.send(sent);
    expectRefusal(answer, 400, 'bad_request');
    expect(answer.body['error']).toMatch(/^400: /u);
    expect(answer.text).not.toContain('SECRET');
    expect(await storedCount()).toBe(before);
  });

  it.each(['null', '{}'])('reads %s as an upload of nothing', async (sent) => {
    expectRefusal(await server.send(sent), 401, 'unknown_health_authority_id');
  });

  it.each(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('refuses %s with 405', async (method) => {
    const response = await fetch(`${server.url}/v1/publish`, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
    expect(await response.json()).toMatchObject({ code: 'bad_request' });
  });

  it('refuses HEAD with 405 and no body', async () => {
    const response = await fetch(`${server.url}/v1/publish`, { method: 'HEAD' });
    expect(response.status).toBe(405);
    expect(await response.text()).toBe('');
  });

  it.each(['/v1/publish/', '/V1/publish', '/v1//publish', '/', '/v1', '/v1/stats/'])(
    'knows no %s',
    async (path) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${server.url}${path}`, { method: 'POST', headers, body: body() });
      expect(answer.status).toBe(404);
      expect(await storedCount()).toBe(before);
    },
  );

  it('reads a body in chunks, and refuses one that goes on for too long', async () => {
    const head =
      'POST /v1/publish HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
      'Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n';
    const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
    const whole = body();
    const pieces = chunk(whole.slice(0, 10)) + chunk(whole.slice(10)) + chunk('');
    expect(await raw(head + pieces)).toMatch(/^HTTP\/1.1 200 /u);
    const tooLong = chunk(' '.repeat(30_000)).repeat(3) + chunk('');
    expect(await raw(head + tooLong)).toMatch(/^HTTP\/1.1 413 /u);
  });

  it.each([
    ['nonsense', 'SECRET\r\n\r\n'],
    [
      'two lengths',
      'POST /v1/publish HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}',
    ],
    [
      'a length and chunks',
      'POST /v1/publish HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['no host', 'POST /v1/publish HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}'],
    ['a broken header', 'POST /v1/publish HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n'],
  ])('refuses HTTP with %s and lives on', async (_, text) => {
    expect(await raw(text)).toMatch(/^HTTP\/1.1 400 /u);
    expect((await server.send(body())).status).toBe(200);
    expect(server.log.lines.join('')).not.toContain('SECRET');
  });

  it('stores nothing of an upload that breaks off', async () => {
    const head =
      'POST /v1/publish HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
      `Content-Length: ${body().length}\r\n\r\n`;
    await raw(head + body().slice(0, -1), true);
    expect(await storedCount()).toBe(before);
    expect((await server.send(body())).status).toBe(200);
  });
});

describe('whatever is sent', () => {
  const anyText = fc.oneof(fc.string(), fc.string({ unit: anyCharacter }), fc.constant(app.id));
  const anyValue = fc.oneof(anyText, fc.jsonValue(), fc.integer(), fc.constant(2_700_000));
  const anyKey = fc.dictionary(
    fc.constantFrom('key', 'KEY', 'rollingStartNumber', 'rollingPeriod', 'transmissionRisk', 'x'),
    anyValue,
  );
  const anyUpload = fc.dictionary(
    fc.constantFrom(...Object.keys(wireBody(anUpload([]))), 'hmackey', 'platform'),
    fc.oneof(anyValue, fc.array(anyKey)),
  );
  const uncertified = fc.oneof(
    fc.json().map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 300 }),
    anyUpload.map((upload) => Buffer.from(JSON.stringify(upload))),
    anyUpload.map((upload) => Buffer.from(body(upload)).subarray(1)),
    fc
      .tuple(fc.nat(body().length), fc.string({ minLength: 1 }))
      .map(([at, text]) =>
        Buffer.from(body({ verificationPayload: 'x' }).replaceAll(body()[at] ?? '', text)),
      ),
  );

  it('is refused without a certificate in a documented way, and changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(uncertified, async (sent) => {
        const answer = await server.send(new Uint8Array(sent));
        expect([400, 401]).toContain(answer.status);
        expect([
          'bad_request',
          'unknown_health_authority_id',
          'health_authority_verification_certificate_invalid',
        ]).toContain(answer.body['code']);
        expectPadded(answer);
      }),
      { numRuns: 60 },
    );
    expect(await storedCount()).toBe(before);
  });

  it('is published or refused in a documented way where no certificate is needed', async () => {
    const anyKeys = fc.array(
      fc.record({
        key: fc
          .uint8Array({ minLength: 15, maxLength: 17 })
          .map((data) => Buffer.from(data).toString('base64')),
        rollingStartNumber: fc.oneof(
          fc.integer({ min: 2_698_000, max: 2_700_300 }),
          fc.maxSafeInteger(),
        ),
        rollingPeriod: fc.oneof(fc.integer({ min: 1, max: 144 }), fc.integer()),
        transmissionRisk: fc.integer({ min: -1, max: 9 }),
      }),
      { maxLength: 32 },
    );
    let count = await storedCount();
    await fc.assert(
      fc.asyncProperty(anyKeys, anyUpload, async (keys, upload) => {
        const sent = { ...upload, healthAuthorityID: bypassApp.id, temporaryExposureKeys: keys };
        const { status, body: answer } = await server.send(JSON.stringify(sent));
        expect([200, 400]).toContain(status);
        const inserted = Number(answer['insertedExposures'] ?? 0);
        const counted = count;
        count = await storedCount();
        expect(count).toBe(counted + inserted);
        expect(status === 200 || inserted === 0).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});

describe('clientPlatform', () => {
  it.each([
    ['Dalvik/2.1.0 (Linux; U; Android 11; Pixel 5)', 'android'],
    ['ANDROID', 'android'],
    ['Example/1.0 (iPhone; iOS 14.5)', 'ios'],
    ['bluetoothd (unknown version) CFNetwork/1220.1 Darwin/20.3.0', 'ios'],
    ['Android app on an iPhone', 'android'],
  ])('reads %p as %s', (agent, platform) => {
    expect(clientPlatform(agent)).toBe(platform);
  });

  it.each([undefined, '', 'curl/8', 'bluetoothd', 'CFNetwork/1220.1 Darwin/20.3.0', 'ipad'])(
    'does not guess from %p',
    (agent) => {
      expect(clientPlatform(agent)).toBe('unknown');
    },
  );
});
