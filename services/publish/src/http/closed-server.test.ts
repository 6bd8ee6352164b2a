import type { Lifecycle } from '@keyserver/stores';
import {
  type TestServer,
  aPublishServer,
  closePublishServers,
  closePublishStore,
} from '../testing/publish-server.ts';
import { uploadsClosed } from './closed-server.ts';

afterAll(async () => {
  await closePublishServers();
  await closePublishStore();
});

const REQUESTS: readonly [string, string, Record<string, string>][] = [
  ['POST', '/v1/publish', {}],
  ['POST', '/v1/publish', { 'x-chaff': '1' }],
  ['GET', '/v1/publish', {}],
  ['POST', '/', {}],
  ['POST', '/', { 'x-chaff': '1' }],
  ['POST', '/v1/stats', {}],
  ['DELETE', '/nothing', {}],
];

/** What a stranger sees of every request, without what says the time of day. */
async function seen({ url }: TestServer): Promise<ReadonlySet<string>> {
  const all = new Set<string>();
  for (const [method, path, headers] of REQUESTS) {
    const response = await fetch(`${url}${path}`, { method, headers });
    const others = [...response.headers].filter(([name]) => name !== 'date');
    all.add(JSON.stringify([response.status, others.sort(), await response.text()]));
  }
  return all;
}

describe('a server that takes no uploads', () => {
  it.each([
    ['for good', 410, 'server_ended', null],
    ['for now', 503, 'internal_error', '86400'],
  ] as const)(
    '%s answers uploads, cover traffic and statistics with %s, all in the same way',
    async (how, status, code, retryAfter) => {
      const closed = async () => await Promise.resolve(how);
      const server = await aPublishServer({ closed, v1alpha1: true });
      expect((await seen(server)).size).toBe(1);
      const answer = await server.send('{'.repeat(1000));
      expect([answer.status, answer.body['code']]).toEqual([status, code]);
      expect(answer.headers.get('retry-after')).toBe(retryAfter);
      expect((await fetch(`${server.url}/health`)).status).toBe(200);
    },
  );

  it('does so from the beginning of its close on, and not before', () => {
    const life = { goal: 'decommission', since: 0, closesAt: 0, keepFilesMs: 0 } as const;
    const of = (more: Pick<Lifecycle, 'state'> & Partial<Lifecycle>) =>
      uploadsClosed({ ...life, ...more });
    expect(uploadsClosed(undefined)).toBe('no');
    expect(of({ state: 'open' })).toBe('no');
    expect(of({ state: 'closing' })).toBe('for good');
    expect(of({ state: 'ended' })).toBe('for good');
    expect(of({ state: 'closing', goal: 'hibernate' })).toBe('for now');
    expect(of({ state: 'hibernating', goal: 'hibernate' })).toBe('for now');
  });
});
