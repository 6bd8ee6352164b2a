import { mkdtempSync, rmSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigFault } from '@keyserver/config';
import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import { createLogger } from '@keyserver/log';
import { systemRandom } from '@keyserver/random';
import { readTotals, totalDeltas } from '@keyserver/stores';
import { DAY, HOUR, simulatedClock, systemTimers, unixMillis } from '@keyserver/time';
import { startCleanup } from './index.ts';

const CALLER = 'scheduler@example.org';
const NOON = unixMillis(Date.UTC(2026, 0, 15, 12));
const clock = simulatedClock(NOON);
const machine = { clock, timers: systemTimers, random: systemRandom };
const lines: string[] = [];
const ambient = {
  ...machine,
  openLog: () =>
    createLogger({ ...machine, service: 'cleanup', write: (line) => lines.push(line) }),
  logHealth: () => Promise.resolve(),
};

let directory = '';
let issuers: Server;
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

const count = async (id: string): Promise<void> => {
  await onPlatform(async ({ store }) => {
    await store.transact((tx) => {
      tx.create(totalDeltas, id, {
        ...{ hour: NOON, authority: 7, platform: 'ios', keys: 3, onsetMissing: 1 },
        expireAt: NOON + 30 * DAY,
      });
      return Promise.resolve();
    });
  });
};
const uploads = async () =>
  await onPlatform(async ({ store }) => {
    const { hours } = await readTotals(store, { retention: 14 * DAY })(7, clock.now());
    return hours.map(({ ios }) => ios);
  });

beforeEach(async () => {
  clock.set(NOON);
  lines.length = 0;
  directory = mkdtempSync(join(tmpdir(), 'keyserver-cleanup-'));
  let documents: Readonly<Record<string, object>> = {};
  issuers = createServer((request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(documents[request.url ?? ''] ?? {}));
  });
  await new Promise<void>((resolve) => issuers.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(issuers.address() as AddressInfo).port}`;
  const issuer = await onPlatform(async ({ openIssuer }) => await openIssuer(url));
  documents = issuer.documents;
  mint = async (email) => await issuer.mint({ audience: 'cleanup', email });
  env = {
    ...{ PORT: '0', DATA_DIR: directory, OIDC_AUDIENCE: 'cleanup', CALLER_EMAILS: CALLER },
    ...{ OIDC_ISSUER: issuer.issuer, OIDC_JWKS_URL: issuer.jwksUrl },
  };
});
afterEach(() => {
  issuers.close();
  rmSync(directory, { recursive: true });
});

describe('the cleanup service', () => {
  it('folds counts when the scheduler asks, once their hour is over, and tells of late ones', async () => {
    const service = await startCleanup(env, ambient);
    const run = async () => {
      const headers = { authorization: `Bearer ${await mint(CALLER)}` };
      const response = await fetch(`${service.url}/totals`, { method: 'POST', headers });
      return [response.status, await response.json()];
    };
    await count('a');
    expect(await run()).toEqual([200, { ok: true }]);
    expect(await uploads()).toEqual([]);
    clock.advance(HOUR);
    expect(await run()).toEqual([200, { ok: true }]);
    expect(await uploads()).toEqual([1]);
    await count('late');
    clock.advance(HOUR);
    expect(await run()).toEqual([200, { ok: true }]);
    expect(await uploads()).toEqual([2]);
    expect((await fetch(`${service.url}/health`)).status).toBe(200);
    await service.close();
    expect(lines.filter((line) => line.includes('cleanup.late_counts'))).toHaveLength(1);
  });

  it('tells of counts that no run has folded until they were past retention', async () => {
    await count('a');
    clock.advance(16 * DAY);
    const service = await startCleanup(env, ambient);
    const headers = { authorization: `Bearer ${await mint(CALLER)}` };
    await fetch(`${service.url}/totals`, { method: 'POST', headers });
    await service.close();
    expect(lines.filter((line) => line.includes('cleanup.counts_expired'))).toHaveLength(1);
    expect(await uploads()).toEqual([]);
  });

  it('lets nobody else start a job', async () => {
    await count('a');
    clock.advance(HOUR);
    const service = await startCleanup(env, ambient);
    const run = async (headers: Record<string, string>) =>
      (await fetch(`${service.url}/totals`, { method: 'POST', headers })).status;
    expect(await run({})).toBe(401);
    expect(await run({ authorization: `Bearer ${await mint('other@example.org')}` })).toBe(403);
    await service.close();
    expect(await uploads()).toEqual([]);
  });

  it('does not start with a retention of fewer than ten days', async () => {
    const short = { ...env, TOTALS_RETENTION_DAYS: '9' };
    await expect(startCleanup(short, ambient)).rejects.toThrow(ConfigFault);
    await expect(startCleanup(short, ambient)).rejects.toThrow(/TOTALS_RETENTION_DAYS.*10 to 30/);
  });
});
