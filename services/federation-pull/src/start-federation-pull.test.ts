import { status } from '@grpc/grpc-js';
import type { FederationQuery } from '@keyserver/federation';
import { aQuery, aWireKey } from '@keyserver/federation/testing';
import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import { createLogger } from '@keyserver/log';
import { recordingLog } from '@keyserver/log/testing';
import { systemRandom } from '@keyserver/random';
import { beginPause, endPause, federationQueries, queryDocument } from '@keyserver/stores';
import { SETTINGS } from '@keyserver/stores/testing';
import { queryWaits } from './query-waits.ts';
import { DAY, HOUR, simulatedClock, systemTimers, unixMillis } from '@keyserver/time';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Server as HttpServer, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFederationPull } from './index.ts';
import { aGrpcPartner, closeGrpcPartners, selfSigned } from './testing/index.ts';

const CALLER = 'jobs@example.org';
const NOON = unixMillis(Date.UTC(2026, 0, 15, 12));
const clock = simulatedClock(NOON);
const machine = { clock, timers: systemTimers, random: systemRandom };
const lines: string[] = [];
const ambient = {
  ...machine,
  openLog: () =>
    createLogger({ ...machine, service: 'federation-pull', write: (line) => lines.push(line) }),
  logHealth: () => Promise.resolve(),
};

let directory = '';
let issuers: HttpServer;
let mint: (email: string) => Promise<string>;
let env: Record<string, string>;

const onPlatform = async <T>(work: (platform: LocalPlatform) => Promise<T>): Promise<T> => {
  const platform = await openLocalPlatform({ ...machine, dataDirectory: directory });
  try {
    return await work(platform);
  } finally {
    await platform.close();
  }
};

beforeEach(async () => {
  clock.set(NOON);
  lines.length = 0;
  directory = mkdtempSync(join(tmpdir(), 'keyserver-pull-'));
  let documents: Readonly<Record<string, object>> = {};
  issuers = createServer((request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(documents[request.url ?? ''] ?? {}));
  });
  await new Promise<void>((resolve) => issuers.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(issuers.address() as AddressInfo).port}`;
  const issuer = await onPlatform(async ({ openIssuer }) => await openIssuer(url));
  documents = issuer.documents;
  mint = async (email) => await issuer.mint({ audience: 'pull', email });
  env = {
    ...{ PORT: '0', DATA_DIR: directory, OIDC_AUDIENCE: 'pull', CALLER_EMAILS: CALLER },
    ...{ OIDC_ISSUER: issuer.issuer, OIDC_JWKS_URL: issuer.jwksUrl },
    FEDERATION_PLAINTEXT_LOOPBACK: 'true',
  };
});
afterEach(() => {
  closeGrpcPartners();
  issuers.close();
  rmSync(directory, { recursive: true });
});

const configured = async (query: FederationQuery): Promise<void> => {
  await onPlatform(async ({ store }) => {
    await store.transact(async (tx) => {
      await tx.get(federationQueries, [query.id]);
      tx.set(federationQueries, query.id, queryDocument(query));
    });
  });
};

/** Starts the service, has it called with each path, and gives the answers and what health says last. */
async function called(paths: readonly string[], as = CALLER, more: Record<string, string> = {}) {
  const service = await startFederationPull({ ...env, ...more }, ambient);
  try {
    const answers: [number, string][] = [];
    for (const path of paths) {
      const headers = { authorization: `Bearer ${await mint(as)}` };
      const response = await fetch(`${service.url}${path}`, { method: 'POST', headers });
      answers.push([response.status, await response.text()]);
    }
    const health = await fetch(`${service.url}/health`);
    return { answers, health: await health.text() };
  } finally {
    await service.close();
  }
}

const events = (name: string) =>
  lines
    .map((line) => JSON.parse(line) as { message: string; problem?: string; inserted?: number })
    .filter(({ message }) => message === name);

describe('the federation-pull service', () => {
  it('fetches keys over gRPC when the scheduler asks, and says to the partner who it is', async () => {
    const seen: string[] = [];
    const port = await aGrpcPartner((authorization) => {
      seen.push(authorization);
      return { keys: [aWireKey(1), aWireKey(2)], next: [3600, 'a'] };
    });
    await configured(aQuery({ server: `127.0.0.1:${port}` }));
    const { answers, health } = await called(['/?query-id=neighbour']);
    expect(answers).toEqual([[200, '{"ok":true}']]);
    expect(health).toBe('{"status": "ok"}');
    expect(events('federation.pulled')).toMatchObject([{ inserted: 2 }]);
    const claims: unknown = JSON.parse(
      Buffer.from(seen[0]?.split('.')[1] ?? '', 'base64url').toString(),
    );
    expect(claims).toMatchObject({
      aud: 'https://keys.neighbour.example/federation',
      sub: 'federation@keyserver.localhost',
      iss: env['OIDC_ISSUER'],
    });
  });

  it('fetches nothing by a query that is paused, and goes on where it stopped when it is resumed', async () => {
    let calls = 0;
    const port = await aGrpcPartner(() => {
      calls += 1;
      return { keys: [aWireKey(1)], next: [3600, 'a'] };
    });
    await configured(aQuery({ server: `127.0.0.1:${port}` }));
    await configured(aQuery({ id: 'other', server: `127.0.0.1:${port}` }));
    const paused = { kind: 'query', target: 'neighbour' } as const;
    const by = { actor: 'alex', random: systemRandom };
    await onPlatform(async ({ store }) => await beginPause(store, paused, by));
    const { answers } = await called(['/?query-id=neighbour']);
    expect(answers).toEqual([[200, '{"ok":true}']]);
    expect(calls).toBe(0);
    expect(events('federation.paused')).toHaveLength(1);
    await called(['/?query-id=other']);
    expect(calls).toBe(1);
    await onPlatform(async ({ store }) => await endPause(store, paused, by));
    await called(['/?query-id=neighbour']);
    expect(calls).toBe(2);
  });

  it('ends a pause of a query two days before its partner could give no more, after alerts', async () => {
    const port = await aGrpcPartner(() => ({ keys: [aWireKey(1)], next: [3600, 'a'] }));
    await configured(aQuery({ server: `127.0.0.1:${port}` }));
    const paused = { kind: 'query', target: 'neighbour' } as const;
    await onPlatform(
      async ({ store }) => await beginPause(store, paused, { actor: 'alex', random: systemRandom }),
    );
    const { retention } = SETTINGS;
    const log = recordingLog();
    await onPlatform(async ({ store }) => {
      const deps = { store, log: log.log, random: systemRandom, retention };
      const after = async (ms: number): Promise<boolean> => {
        clock.advance(ms);
        return await queryWaits(deps, 'neighbour');
      };
      expect(await after(HOUR)).toBe(true);
      expect(log.events('pause.ends_soon')).toEqual([]);
      expect(await after(retention - 2 * DAY - 2 * HOUR)).toBe(true);
      expect(log.events('pause.ends_soon')).toMatchObject([{ kind: 'query', hours: 1 }]);
      expect(await after(HOUR)).toBe(false);
      expect(log.events('pause.ended')).toMatchObject([{ target: 'neighbour' }]);
      expect(await after(0)).toBe(false);
    });
  });

  it.each([
    ['/', 'query-id is required'],
    ['/?query-id=', 'query-id is required'],
    ['/?query-id=a&query-id=b', 'only one query-id allowed'],
    ['/?query-id=nobody', 'unknown query-id'],
    [`/?query-id=${'x'.repeat(5000)}`, 'unknown query-id'],
    ['/?query-id=%00%ff<script>', 'unknown query-id'],
  ])('answers %s with 400 and a fixed text', async (path, text) => {
    expect((await called([path])).answers).toEqual([[400, text]]);
  });

  it('lets nobody else start a query', async () => {
    await configured(aQuery());
    expect((await called(['/?query-id=neighbour'], 'other@example.org')).answers).toEqual([
      [403, '{"error":"forbidden"}'],
    ]);
  });

  it('does nothing for a query that is over', async () => {
    await configured(aQuery({ thru: unixMillis(NOON - HOUR) }));
    expect((await called(['/?query-id=neighbour'])).answers).toEqual([[200, '{"ok":true}']]);
    expect(events('federation.pulled')).toEqual([]);
  });

  it.each([
    ['not_authorized', status.UNAUTHENTICATED],
    ['not_authorized', status.PERMISSION_DENIED],
    ['limited', status.RESOURCE_EXHAUSTED],
    ['partner_failed', status.UNKNOWN],
    ['partner_failed', status.UNIMPLEMENTED],
    ['unreachable', status.UNAVAILABLE],
  ])('fails as %s when it is answered status %s, and waits then', async (problem, code) => {
    const port = await aGrpcPartner(() => ({ code, details: 'SECRET WORDS' }));
    await configured(aQuery({ server: `127.0.0.1:${port}` }));
    const { answers } = await called(['/?query-id=neighbour', '/?query-id=neighbour']);
    expect(answers.map(([answered]) => answered)).toEqual([500, 200]);
    expect(answers[1]?.[1]).toBe('{"error":"too early"}');
    expect(events('federation.failed')).toMatchObject([{ problem }]);
    expect(lines.join() + answers.join()).not.toContain('SECRET');
  });

  it('says in health that a query has stopped', async () => {
    const port = await aGrpcPartner(() => ({ code: status.INVALID_ARGUMENT }));
    await configured(aQuery({ server: `127.0.0.1:${port}` }));
    const { health } = await called(['/?query-id=neighbour']);
    expect(JSON.parse(health)).toEqual({ status: 'unhealthy', problems: ['federation_stopped'] });
  });

  it('ends a call that is not answered in time', async () => {
    const port = await aGrpcPartner(() => 'silence');
    await configured(aQuery({ server: `127.0.0.1:${port}` }));
    const { answers } = await called(['/?query-id=neighbour'], CALLER, {
      FEDERATION_CALL_SECONDS: '1',
    });
    expect(answers[0]?.[0]).toBe(500);
    expect(events('federation.failed')).toMatchObject([{ problem: 'slow' }]);
  });

  it('speaks plain text to this machine only where that is allowed', async () => {
    const port = await aGrpcPartner(() => ({ keys: [aWireKey(1)], next: [3600, 'a'] }));
    await configured(aQuery({ server: `localhost:${port}` }));
    const { answers } = await called(['/?query-id=neighbour'], CALLER, {
      FEDERATION_PLAINTEXT_LOOPBACK: 'false',
    });
    expect(answers[0]?.[0]).toBe(500);
    expect(events('federation.failed')).toMatchObject([{ problem: 'unreachable' }]);
  });

  it.each([
    ['is not there', undefined],
    ['holds no certificate', 'a certificate in another form'],
    ['holds a broken certificate', selfSigned('localhost').certificate.replace('MI', 'XX')],
  ])('does not start with a file of roots that %s', async (_what, text) => {
    const file = join(directory, 'roots.pem');
    if (text !== undefined) writeFileSync(file, text);
    const start = startFederationPull({ ...env, FEDERATION_EXTRA_ROOT_FILE: file }, ambient);
    await expect(start).rejects.toThrow(
      'FEDERATION_EXTRA_ROOT_FILE must be a PEM file of certificates that this program may read',
    );
  });

  it('has no token and calls nobody once the key of the issuer is gone', async () => {
    let calls = 0;
    const port = await aGrpcPartner(() => ({ ...(calls++, {}) }));
    await configured(aQuery({ server: `127.0.0.1:${port}` }));
    const token = await mint(CALLER);
    const service = await startFederationPull(env, ambient);
    rmSync(join(directory, 'keys', 'oidc-issuer.pem'));
    const response = await fetch(`${service.url}/?query-id=neighbour`, {
      ...{ method: 'POST', headers: { authorization: `Bearer ${token}` } },
    });
    await service.close();
    expect([response.status, calls]).toEqual([500, 0]);
    expect(events('federation.failed')).toMatchObject([{ problem: 'no_token' }]);
  });
});
