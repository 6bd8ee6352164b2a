import { once } from 'node:events';
import { createServer } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { status } from '@grpc/grpc-js';
import { aKey } from '@keyserver/stores/testing';
import { type FederationServer, federationServer } from '../testing/federation-server.ts';

let server: FederationServer;
beforeAll(async () => {
  server = await federationServer();
  await server.configure();
  await server.configure({ id: 'other', subject: 'other@example' });
  await server.storeKeys({ keys: [aKey(1)] });
});
afterAll(() => {
  server.remove();
});

/** A call of plain HTTP/2 that takes nothing of its answer; told is the status that comes with the first headers, if any. */
async function silentCall(
  session: ClientHttp2Session,
  token: string,
): Promise<{ stream: ClientHttp2Stream; told: unknown }> {
  const stream = session.request({
    ...{ ':method': 'POST', ':path': '/Federation/Fetch', authorization: token },
    ...{ 'content-type': 'application/grpc', te: 'trailers' },
  });
  stream.end(Buffer.alloc(5));
  const [headers] = (await once(stream, 'response')) as [Record<string, string>];
  return { stream, told: headers['grpc-status'] };
}

it('has no more answers for a partner than a quarter of all calls, until it takes them; others have theirs', async () => {
  const started = await server.start({ MAX_CALLS: '8' });
  const [token, other] = [
    await server.tokenFor(),
    await server.tokenFor({ subject: 'other@example' }),
  ];
  const session = connect(started.service.url, { settings: { initialWindowSize: 0 } });
  await once(session, 'remoteSettings');
  const [first, second, third] = [
    await silentCall(session, token),
    await silentCall(session, token),
    await silentCall(session, token),
  ];
  expect([first.told, second.told]).toEqual([undefined, undefined]);
  expect(third.told).toBe(String(status.UNAVAILABLE));
  expect(await started.call({}, { token: other })).toHaveProperty('answer');
  // What is cancelled, or taken, makes room again.
  first.stream.close();
  await once(first.stream, 'close');
  const fourth = await silentCall(session, token);
  expect(fourth.told).toBeUndefined();
  session.destroy();
  await started.stop();
});

it('answers partners however many strangers wait for their issuer', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const asked = once(silent, 'request');
  const issuers = `${server.issuers},https://silent.example=http://127.0.0.1:${port}`;
  const started = await server.start({ MAX_CALLS: '1', FEDERATION_ISSUERS: issuers });
  const part = (json: object): string => Buffer.from(JSON.stringify(json)).toString('base64url');
  const now = Math.floor(server.clock.now() / 1000);
  const claims = { iss: 'https://silent.example', sub: 'x', aud: 'x', iat: now, exp: now + 600 };
  const stranger = `Bearer ${part({ alg: 'RS256', kid: 'k' })}.${part(claims)}.${'A'.repeat(342)}`;
  const waiting = Array.from(
    { length: 3 },
    async () => await started.call({}, { token: stranger }),
  );
  await asked;
  expect(await started.call({}, { token: await server.tokenFor() })).toHaveProperty('answer');
  silent.closeAllConnections();
  silent.close();
  expect(await Promise.all(waiting)).toMatchObject(
    waiting.map(() => ({ code: status.UNAVAILABLE })),
  );
  await started.stop();
});
