import { ServerCredentials, status } from '@grpc/grpc-js';
import { MAX_ANSWER_BYTES } from '@keyserver/federation';
import { aQuery } from '@keyserver/federation/testing';
import { systemTimers } from '@keyserver/time';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type PartnerClientSettings,
  PartnerFault,
  partnerClient,
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
  const client = partnerClient({
    ...{ idTokenFor: async (audience) => await Promise.resolve(`token for ${audience}`) },
    ...{ extraRoots: undefined, plaintextLoopback: false, timers: systemTimers },
    ...settings,
  });
  const query = aQuery({ server });
  const fetched = await client.fetch(query, new Uint8Array(), { deadlineMs: NEVER, signal });
  client.close();
  return fetched.kind === 'answer' ? fetched.kind : fetched.problem;
}
const LIVE = new AbortController().signal;
/** Later than any test ends: what ends a call sooner is not its deadline. */
const NEVER = 3_600_000;

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

  it('keeps what the partner says apart from what is logged', async () => {
    const port = await aGrpcPartner(() => ({
      code: status.PERMISSION_DENIED,
      details: 'your subject is unknown',
    }));
    const client = partnerClient({
      ...{ idTokenFor: async () => await Promise.resolve('t'), extraRoots: undefined },
      ...{ plaintextLoopback, timers: systemTimers },
    });
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
