import { ServerCredentials, status } from '@grpc/grpc-js';
import { MAX_ANSWER_BYTES } from '@keyserver/federation';
import { aQuery } from '@keyserver/federation/testing';
import { systemTimers } from '@keyserver/time';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import {
  type PartnerClientSettings,
  PartnerFault,
  partnerClients,
  readRoots,
} from './partner-client.ts';
import { aGrpcPartner, closeGrpcPartners, selfSigned } from './testing/index.ts';

const ours = selfSigned('localhost');
const credentialsOf = ({ certificate, key }: ReturnType<typeof selfSigned>): ServerCredentials =>
  ServerCredentials.createSsl(null, [
    { cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) },
  ]);

afterEach(closeGrpcPartners);

async function call(server: string, settings: Partial<PartnerClientSettings> = {}, signal = LIVE) {
  const client = partnerClients({
    ...{ idTokenFor: async (audience) => await Promise.resolve(`token for ${audience}`) },
    ...{ extraRoots: undefined, plaintextLoopback: false, timers: systemTimers },
    ...settings,
  })();
  const query = aQuery({ server });
  const fetched = await client.fetch(query, new Uint8Array(), { deadlineMs: NEVER, signal });
  client.close();
  return fetched.kind === 'answer' ? fetched.kind : fetched.problem;
}
const LIVE = new AbortController().signal;
/** Later than any test ends: what ends a call sooner is not its deadline. */
const NEVER = 3_600_000;
/** Old versions are spoken only at the lowest security level of OpenSSL: https://docs.openssl.org/3.0/man3/SSL_CTX_set_security_level/ */
const OLD_TLS = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;

describe('a call over TLS', () => {
  it('reaches a partner whose certificate the extra root has issued', async () => {
    const seen: string[] = [];
    const port = await aGrpcPartner((authorization) => {
      seen.push(authorization);
      return {};
    }, credentialsOf(ours));
    expect(await call(`localhost:${port}`, { extraRoots: ours.certificate })).toBe('answer');
    expect(seen).toEqual(['Bearer token for https://keys.neighbour.example/federation']);
  });

  it.each([
    ['that nobody whom we trust has issued', ours, undefined],
    ['of another host', selfSigned('other.example'), 'its own'],
    ['that another root has issued', ours, selfSigned('localhost').certificate],
  ])('does not take a certificate %s, and gives no token away', async (_what, of, root) => {
    let calls = 0;
    const port = await aGrpcPartner(() => ({ ...(calls++, {}) }), credentialsOf(of));
    const extraRoots = root === 'its own' ? of.certificate : root;
    expect(await call(`localhost:${port}`, { extraRoots })).toBe('unreachable');
    expect(calls).toBe(0);
  });

  it('does not come about with a partner that speaks TLS 1.1 at most, and gives no token away', async () => {
    const refused: (string | undefined)[] = [];
    const received: Buffer[] = [];
    const old = createTlsServer(
      {
        ...{ cert: ours.certificate, key: ours.key, ALPNProtocols: ['h2'], maxVersion: 'TLSv1.1' },
        ...OLD_TLS,
      },
      (socket) => socket.on('data', (data: Buffer) => received.push(data)),
    );
    old.on('tlsClientError', ({ code }: NodeJS.ErrnoException) => refused.push(code));
    old.listen(0);
    await once(old, 'listening');
    const { port } = old.address() as AddressInfo;
    // The partner does speak it: to a client that takes it.
    const lenient = connectTls({ host: 'localhost', port, ca: ours.certificate, ...OLD_TLS });
    await once(lenient, 'secureConnect');
    expect(lenient.getProtocol()).toBe('TLSv1.1');
    lenient.destroy();
    expect(await call(`localhost:${port}`, { extraRoots: ours.certificate })).toBe('unreachable');
    old.close();
    expect(new Set(refused)).toEqual(new Set(['ERR_SSL_UNSUPPORTED_PROTOCOL']));
    expect(received).toEqual([]);
  });

  it('is made also where plain text is allowed, if the partner is not this machine by name', async () => {
    const port = await aGrpcPartner(() => ({}));
    expect(await call(`127.0.0.2:${port}`, { plaintextLoopback: true })).toBe('unreachable');
  });
});

it('reads every certificate of a file of roots, and nothing between them', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'keyserver-roots-'));
  const [first, second] = [ours.certificate, selfSigned('other.example').certificate];
  writeFileSync(join(directory, 'roots.pem'), `Ours\n${first}Another\n${second}`);
  const roots = await readRoots(join(directory, 'roots.pem'));
  rmSync(directory, { recursive: true });
  expect(roots).toBe(`${first.trim()}\n${second.trim()}`);
});

describe('a call', () => {
  const plaintextLoopback = true;

  it('takes no answer that is longer than any page', async () => {
    const port = await aGrpcPartner(() => Buffer.alloc(MAX_ANSWER_BYTES + 1));
    expect(await call(`localhost:${port}`, { plaintextLoopback })).toBe('limited');
  });

  it('ends when the whole run does, while the partner is silent', async () => {
    const run = new AbortController();
    const port = await aGrpcPartner(() => {
      run.abort();
      return 'silence';
    });
    expect(await call(`localhost:${port}`, { plaintextLoopback }, run.signal)).toBe('slow');
  });

  it('ends at once in a run that has ended', async () => {
    const port = await aGrpcPartner(() => 'silence');
    const ended = AbortSignal.abort();
    expect(await call(`localhost:${port}`, { plaintextLoopback }, ended)).toBe('slow');
  });

  it('is not made without a token', async () => {
    const idTokenFor = async () => await Promise.reject(new Error('none'));
    expect(await call('localhost:1', { plaintextLoopback, idTokenFor })).toBe('no_token');
  });

  it('reaches a partner that has come back at once from the next client, whatever the last one met', async () => {
    const clients = partnerClients({
      ...{ idTokenFor: async () => await Promise.resolve('t'), extraRoots: undefined },
      ...{ plaintextLoopback, timers: systemTimers },
    });
    const port = await aGrpcPartner(() => ({}));
    const query = aQuery({ server: `localhost:${port}` });
    const options = { deadlineMs: NEVER, signal: LIVE };
    const called = async ({ fetch }: ReturnType<typeof clients>) =>
      (await fetch(query, new Uint8Array(), options)).kind;
    const first = clients();
    expect(await called(first)).toBe('answer');
    closeGrpcPartners();
    expect([await called(first), await called(first)]).toEqual(['failed', 'failed']);
    await aGrpcPartner(() => ({}), ServerCredentials.createInsecure(), port);
    const next = clients();
    expect(await called(next)).toBe('answer');
    first.close();
    next.close();
  });

  it('keeps what the partner says apart from what is logged', async () => {
    const port = await aGrpcPartner(() => ({
      code: status.PERMISSION_DENIED,
      details: 'your subject is unknown',
    }));
    const client = partnerClients({
      ...{ idTokenFor: async () => await Promise.resolve('t'), extraRoots: undefined },
      ...{ plaintextLoopback, timers: systemTimers },
    })();
    const query = aQuery({ server: `localhost:${port}` });
    const options = { deadlineMs: NEVER, signal: LIVE };
    const fetched = await client.fetch(query, new Uint8Array(), options);
    client.close();
    const fault = fetched.kind === 'failed' ? fetched.fault : undefined;
    expect(fault).toBeInstanceOf(PartnerFault);
    expect(fault).toMatchObject({ status: 'PERMISSION_DENIED', said: 'your subject is unknown' });
    expect((fault as PartnerFault).message).toBe('the partner answered PERMISSION_DENIED');
  });
});
