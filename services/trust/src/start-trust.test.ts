import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import { createLogger } from '@keyserver/log';
import { systemRandom } from '@keyserver/random';
import { readDataKeys } from '@keyserver/stores';
import { DAY, simulatedClock, systemTimers, unixMillis } from '@keyserver/time';
import { startTrust } from './index.ts';

const CALLER = 'scheduler@example.org';
const NOON = unixMillis(Date.UTC(2026, 0, 15, 12));
const clock = simulatedClock(NOON);
const machine = { clock, timers: systemTimers, random: systemRandom };
const lines: string[] = [];
const ambient = {
  ...machine,
  openLog: () => createLogger({ ...machine, service: 'trust', write: (line) => lines.push(line) }),
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
const dataKeys = async () => await onPlatform(async ({ store }) => await readDataKeys(store)());

beforeEach(async () => {
  clock.set(NOON);
  lines.length = 0;
  directory = mkdtempSync(join(tmpdir(), 'keyserver-trust-'));
  let documents: Readonly<Record<string, object>> = {};
  issuers = createServer((request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(documents[request.url ?? ''] ?? {}));
  });
  await new Promise<void>((resolve) => issuers.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(issuers.address() as AddressInfo).port}`;
  const issuer = await onPlatform(async ({ openIssuer }) => await openIssuer(url));
  documents = issuer.documents;
  mint = async (email) => await issuer.mint({ audience: 'trust', email });
  env = {
    ...{ PORT: '0', DATA_DIR: directory, OIDC_AUDIENCE: 'trust', CALLER_EMAILS: CALLER },
    ...{ OIDC_ISSUER: issuer.issuer, OIDC_JWKS_URL: issuer.jwksUrl },
  };
});
afterEach(() => {
  issuers.close();
  rmSync(directory, { recursive: true });
});

describe('the trust service', () => {
  it('makes a data key when the scheduler asks, and no second one before its time', async () => {
    const service = await startTrust(env, ambient);
    const rotate = async () =>
      await fetch(`${service.url}/rotate-keys`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await mint(CALLER)}` },
      });
    const first = await rotate();
    expect([first.status, await first.json()]).toEqual([200, { ok: true }]);
    expect((await rotate()).status).toBe(200);
    expect((await fetch(`${service.url}/health`)).status).toBe(200);
    await service.close();
    expect((await dataKeys()).map(({ id }) => id)).toEqual([1]);
    clock.advance(7 * DAY);
    const later = await startTrust(env, ambient);
    await fetch(`${later.url}/rotate-keys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await mint(CALLER)}` },
    });
    await later.close();
    expect((await dataKeys()).map(({ id }) => id)).toEqual([2, 1]);
  });

  it('lets nobody else start a job', async () => {
    const service = await startTrust(env, ambient);
    const rotate = async (headers: Record<string, string>) =>
      (await fetch(`${service.url}/rotate-keys`, { method: 'POST', headers })).status;
    expect(await rotate({})).toBe(401);
    expect(await rotate({ authorization: `Bearer ${await mint('other@example.org')}` })).toBe(403);
    await service.close();
    expect(await dataKeys()).toEqual([]);
  });

  it('does not start with another wrapping key than the one before', async () => {
    await (await startTrust(env, ambient)).close();
    writeFileSync(join(directory, 'keys', 'wrapping', 'revision-token.key'), Buffer.alloc(32, 1));
    await expect(startTrust(env, ambient)).rejects.toThrow('the wrapping key is not the one');
  });
});
