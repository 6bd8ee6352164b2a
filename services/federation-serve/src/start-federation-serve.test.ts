import { rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import {
  type SecureVersion,
  connect as connectTls,
  createServer as createTlsServer,
} from 'node:tls';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, status } from '@grpc/grpc-js';
import { NOON, aKey } from '@keyserver/stores/testing';
import { aPartner } from '@keyserver/federation/testing';
import { seededRandom } from '@keyserver/random/testing';
import { DAY, HOUR, MINUTE, SECOND, unixMillis } from '@keyserver/time';
import { allCollections, beginPause, endPause } from '@keyserver/stores';
import { freePorts } from '../../../test/support/free-ports.ts';
import {
  type FederationServer,
  type Started,
  federationServer,
} from './testing/federation-server.ts';
import { type CallOutcome, fetchClient, numbersOf } from './testing/fetch-client.ts';
import { LOCALHOST_CERTIFICATE, LOCALHOST_KEY } from './testing/tls-files.ts';

let server: FederationServer;
let started: Started | undefined;
let token = '';
beforeEach(async () => {
  server = await federationServer();
  token = await server.tokenFor();
});
afterEach(async () => {
  await started?.stop();
  started = undefined;
  server.remove();
});

const start = async (env?: Record<string, string>): Promise<Started> =>
  (started = await server.start(env));
function answered(outcome: CallOutcome) {
  if (!('answer' in outcome)) throw new Error(outcome.details);
  const { keys, partialResponse, nextFetchState } = outcome.answer;
  return { keys: numbersOf(keys), partial: partialResponse ?? false, state: nextFetchState! };
}
const codeOf = (outcome: CallOutcome) => ('answer' in outcome ? 'OK' : status[outcome.code]);

/** Old versions are spoken only at the lowest security level of OpenSSL: https://docs.openssl.org/3.0/man3/SSL_CTX_set_security_level/ */
const OLD_TLS = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;

/** The version of TLS that a server and a client agree on, or why they do not. */
const spoken = async (port: number, maxVersion: SecureVersion): Promise<string | null> =>
  await new Promise((resolve) => {
    const trusted = { ca: LOCALHOST_CERTIFICATE, servername: 'localhost', ALPNProtocols: ['h2'] };
    const socket = connectTls({ host: '127.0.0.1', port, ...trusted, ...OLD_TLS, maxVersion });
    socket.once('secureConnect', () => {
      resolve(socket.getProtocol());
      socket.destroy();
    });
    socket.once('error', (fault: NodeJS.ErrnoException) => {
      resolve(fault.code ?? fault.message);
    });
  });

/** What the health check of gRPC says of a service. */
const health = async (address: string, service: Uint8Array): Promise<number | string> => {
  const client = new Client(address, credentials.createInsecure());
  const same = (bytes: Uint8Array) => Buffer.from(bytes);
  const said = await new Promise<number | string>((resolve) => {
    client.makeUnaryRequest(
      ...(['/grpc.health.v1.Health/Check', same, same, service] as const),
      (error, answer) => {
        resolve(answer === undefined ? status[error?.code ?? 0]! : (answer[1] ?? 0));
      },
    );
  });
  client.close();
  return said;
};
const named = (service: string) =>
  Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)]);

describe('the service', () => {
  it('goes on where a partner was, after a restart', async () => {
    await server.configure();
    await server.storeKeys({ keys: [aKey(3), aKey(1)] }, { keys: [aKey(2)] });
    const before = await start();
    const first = answered(await before.call({ maxExposureKeys: 2 }, { token }));
    expect(first).toMatchObject({ keys: [1, 2], partial: true });
    await before.stop();
    const after = await start();
    const { state } = first;
    expect(answered(await after.call({ state }, { token }))).toMatchObject({
      ...{ keys: [3], partial: false },
    });
  });

  it('gives a paused partner nothing, and goes on where it was once it is resumed', async () => {
    await server.configure();
    await server.storeKeys({ keys: [aKey(1)] }, { keys: [aKey(2)] });
    const { call } = await start();
    const first = answered(await call({ maxExposureKeys: 1 }, { token }));
    expect(first.keys).toEqual([1]);
    const by = { actor: 'alex', random: seededRandom('pause') };
    const partner = { kind: 'partner', target: aPartner().id } as const;
    await server.onPlatform(async ({ store }) => await beginPause(store, partner, by));
    server.clock.advance(10 * SECOND);
    const paused = await call({ state: first.state }, { token });
    expect(codeOf(paused)).toBe('UNAVAILABLE');
    expect(paused).toMatchObject({
      details: expect.stringMatching(/no keys.*state.*300 s/) as string,
    });
    expect(server.events('federation.refused')).toMatchObject([{ reason: 'paused' }]);
    await server.onPlatform(async ({ store }) => await endPause(store, partner, by));
    server.clock.advance(10 * SECOND);
    expect(answered(await call({ state: first.state }, { token })).keys).toEqual([2]);
  });

  it('tells where a partner stands after its calls, and nothing of one that did not call', async () => {
    await server.configure();
    await server.storeKeys({ keys: [aKey(1)] });
    const [port = 0] = await freePorts(1);
    const { call } = await start({ TELEMETRY_EXPORTER: 'prometheus', METRICS_PORT: String(port) });
    const page = async () => await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const until = /^keyserver_federation_served_until_timestamp_seconds\{partner="(\S+)"\} (\S+)$/m;
    answered(await call({}, { token }));
    const [, id, at] = until.exec(await page()) ?? [];
    expect(id).toBe(aPartner().id);
    expect(Number(at) * SECOND).toBeGreaterThan(NOON - 2 * HOUR);
    expect(Number(at) * SECOND).toBeLessThanOrEqual(NOON + MINUTE);
  });

  it('obeys what another process commits, in the very next call', async () => {
    await server.configure({ includeRegions: ['US'] });
    await server.storeKeys({ keys: [aKey(1)] });
    const { call } = await start();
    for (let turn = 0; turn < 3; turn++) {
      for (const includeRegions of [['US'], ['CA']]) {
        await server.configure({ includeRegions });
        const keys = includeRegions[0] === 'US' ? [1] : [];
        const both = [await call({}, { token }), await call({}, { token })];
        expect(both.map((one) => answered(one).keys)).toEqual([keys, keys]);
      }
      await server.configure({ subject: 'somebody else' });
      const refused = [await call({}, { token }), await call({}, { token })];
      expect(refused.map(codeOf)).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED']);
    }
  });

  it('knows nothing any more of what was closed by a time that was wrong', async () => {
    await server.configure();
    await server.storeKeys({ keys: [aKey(1)], window: NOON });
    const { call } = await start();
    const given = async () => answered(await call({}, { token: await server.tokenFor() })).keys;
    expect(await given()).toEqual([]);
    await server.mendTime('accept', 2 * DAY);
    expect(await given()).toEqual([1]);
    await server.mendTime('reset', -2 * DAY);
    expect(await given()).toEqual([]);
    await server.storeKeys({ keys: [aKey(2)], window: NOON });
    server.clock.advance(HOUR);
    expect(await given()).toEqual([1, 2]);
  });

  it('takes a partner back that was served ahead of a time that was set back, and gives it what came since', async () => {
    await server.configure();
    await server.mendTime('accept', 2 * DAY);
    const ahead = unixMillis(NOON + DAY);
    await server.storeKeys({ keys: [aKey(1)] }, { keys: [aKey(2)], window: ahead });
    const { call } = await start();
    const given = async (state?: object) =>
      answered(await call({ ...(state && { state }) }, { token: await server.tokenFor() }));
    const first = await given();
    expect(first.keys).toEqual([1, 2]);
    await server.mendTime('reset', -2 * DAY);
    const early = await given(first.state);
    expect(early).toMatchObject({ keys: [], partial: false });
    await server.storeKeys({ keys: [aKey(3)], window: NOON });
    server.clock.advance(HOUR);
    const second = await given(first.state);
    expect(second.keys).toEqual([3]);
    expect((await given(early.state)).keys).toEqual([3]);
    expect((await given(second.state)).keys).toEqual([]);
    expect(server.events('federation.refused')).toEqual([]);
  });

  it('refuses a state within a unit when the key of tokens is lost, and says that another was drawn', async () => {
    await server.configure();
    await server.storeKeys({ keys: [aKey(1), aKey(2)] });
    const before = await start();
    const { state } = answered(await before.call({ maxExposureKeys: 1 }, { token }));
    await before.stop();
    const secrets = allCollections.find(({ layout }) => layout.name === 'federationSecrets')!;
    await server.onPlatform(async ({ store }) => await store.deleteAll(secrets, {}));
    const after = await start();
    expect(codeOf(await after.call({ state }, { token }))).toBe('INVALID_ARGUMENT');
    expect(server.events('federation.sealing_key_drawn')).toHaveLength(2);
    const timestamp = state.keyCursor?.timestamp ?? null;
    const again = { state: { keyCursor: { timestamp } } };
    expect(answered(await after.call(again, { token })).keys).toEqual([1, 2]);
  });

  it('answers nobody while it has no partner, and is healthy in both ways', async () => {
    const { service, call } = await start();
    expect(codeOf(await call({}, { token }))).toBe('UNAUTHENTICATED');
    const response = await fetch(`${service.url}/health`);
    expect([response.status, await response.text()]).toEqual([200, '{"status": "ok"}']);
    const { host } = new URL(service.url);
    const said = [Buffer.alloc(0), named('Federation'), named('Other'), Buffer.from([0x0a, 9])];
    expect(await Promise.all(said.map(async (one) => await health(host, one)))).toEqual([
      ...[1, 1, 'NOT_FOUND', 'INVALID_ARGUMENT'],
    ]);
  });

  it('takes a client that sends its first bytes one by one, and ends one that speaks no HTTP', async () => {
    const { service } = await start();
    const { port } = new URL(service.url);
    const slow = connect(Number(port), '127.0.0.1').setNoDelay(true);
    for (const byte of 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n') slow.write(byte);
    const [answer] = (await once(slow, 'data')) as [Buffer];
    expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 200 OK/);
    slow.destroy();
    const stranger = connect(Number(port), '127.0.0.1');
    stranger.write('\0\0\0\0');
    stranger.resume();
    await once(stranger, 'close');
  });

  it('does not keep a partner waiting when it ends', async () => {
    await server.configure();
    await server.storeKeys({ keys: [aKey(1)] });
    const { service, call } = await start();
    const calls = Array.from({ length: 8 }, async () => await call({}, { token }));
    await calls[0];
    await service.close();
    for (const outcome of await Promise.all(calls))
      expect(['OK', 'UNAVAILABLE']).toContain(codeOf(outcome));
    expect(codeOf(await call({}, { token }))).toBe('UNAVAILABLE');
    await service.close(); // once more is no harm
  });

  it('speaks TLS with a certificate, and nothing else to partners then', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'keyserver-tls-'));
    const [TLS_CERT_FILE, TLS_KEY_FILE] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
    writeFileSync(TLS_CERT_FILE, LOCALHOST_CERTIFICATE);
    writeFileSync(TLS_KEY_FILE, LOCALHOST_KEY);
    await server.configure();
    const { service, call } = await start({ TLS_CERT_FILE, TLS_KEY_FILE });
    const { port } = new URL(service.url);
    const root = credentials.createSsl(Buffer.from(LOCALHOST_CERTIFICATE));
    const secure = fetchClient(`localhost:${port}`, root);
    expect(answered(await secure.call({}, { token }))).toMatchObject({ keys: [], partial: false });
    secure.close();
    expect(codeOf(await call({}, { token }))).toBe('UNAVAILABLE');
    expect((await fetch(`${service.url}/health`)).status).toBe(200);
    rmSync(directory, { recursive: true });
  });

  it('speaks TLS 1.2 and 1.3, and refuses a client that speaks TLS 1.1 at most', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'keyserver-tls-'));
    const [TLS_CERT_FILE, TLS_KEY_FILE] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
    writeFileSync(TLS_CERT_FILE, LOCALHOST_CERTIFICATE);
    writeFileSync(TLS_KEY_FILE, LOCALHOST_KEY);
    const { service } = await start({ TLS_CERT_FILE, TLS_KEY_FILE });
    const port = Number(new URL(service.url).port);
    const lenient = createTlsServer({
      ...{ cert: LOCALHOST_CERTIFICATE, key: LOCALHOST_KEY, ALPNProtocols: ['h2'] },
      ...OLD_TLS,
    });
    lenient.listen(0, '127.0.0.1');
    await once(lenient, 'listening');
    const elsewhere = (lenient.address() as AddressInfo).port;
    // The client does speak it: to a server that takes it.
    expect(await spoken(elsewhere, 'TLSv1.1')).toBe('TLSv1.1');
    expect(await spoken(port, 'TLSv1.1')).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    expect(await spoken(port, 'TLSv1.2')).toBe('TLSv1.2');
    expect(await spoken(port, 'TLSv1.3')).toBe('TLSv1.3');
    lenient.close();
    rmSync(directory, { recursive: true });
  });

  it('does not start with a certificate without its key, nor with one that is not there', async () => {
    await expect(server.start({ TLS_CERT_FILE: '/nowhere/cert.pem' })).rejects.toThrow(
      'TLS_KEY_FILE',
    );
    const files = { TLS_CERT_FILE: '/nowhere/cert.pem', TLS_KEY_FILE: '/nowhere/key.pem' };
    await expect(server.start(files)).rejects.toThrow(/TLS_CERT_FILE.*TLS_KEY_FILE/s);
  });
});
