import { machine } from '../../../test/support/machine.ts';
import { packRecords, unpackRecords } from '@keyserver/exposure-keys';
import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import { type LogLevel, createLogger } from '@keyserver/log';
import {
  exportConfigDocument,
  exportConfigs,
  keyBatchDocument,
  keyBatches,
  keyHasher,
} from '@keyserver/stores';
import { systemRandom } from '@keyserver/random';
import {
  DAY,
  HOUR,
  INTERVAL,
  type UnixMillis,
  simulatedClock,
  systemTimers,
} from '@keyserver/time';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startExport } from './index.ts';
import { NOON, PUBLISHED, anExport, hour, keyNumber } from './testing/export-builders.ts';

const CALLER = 'scheduler@example.org';
let directory: string;
let issuerServer: Server;
let service: Awaited<ReturnType<typeof startExport>>;
let mint: (email: string) => Promise<string>;
const lines: string[] = [];
let env: Record<string, string>;

const clock = simulatedClock(NOON);
const ambient = {
  clock,
  timers: systemTimers,
  random: systemRandom,
  openLog: (level: LogLevel) =>
    createLogger({
      timers: systemTimers,
      service: 'export',
      write: (line) => lines.push(line),
      clock,
      level,
    }),
  logHealth: () => Promise.resolve(),
};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'keyserver-export-'));
  const platform = await openLocalPlatform({
    ...machine,
    dataDirectory: directory,
    clock: ambient.clock,
  });
  await platform.store.transact(async (tx) => {
    tx.set(exportConfigs, 'us', exportConfigDocument(anExport()));
    await Promise.resolve();
  });
  let documents: Readonly<Record<string, object>> = {};
  issuerServer = createServer((request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(documents[request.url ?? ''] ?? {}));
  });
  await new Promise<void>((resolve) => issuerServer.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(issuerServer.address() as AddressInfo).port}`;
  const issuer = await platform.openIssuer(url);
  documents = issuer.documents;
  await platform.close();
  mint = async (email) => await issuer.mint({ audience: 'export', email });
  env = {
    PORT: '0',
    DATA_DIR: directory,
    MIN_WINDOW_AGE_SECONDS: '0',
    MAX_KEY_AGE_HOURS: String(20 * 24),
    MAX_KEYS_PER_UPLOAD: '1',
    OIDC_ISSUER: issuer.issuer,
    OIDC_JWKS_URL: issuer.jwksUrl,
    OIDC_AUDIENCE: 'export',
    CALLER_EMAILS: CALLER,
  };
  service = await startExport(env, ambient);
});

afterAll(async () => {
  await service.close();
  issuerServer.close();
  rmSync(directory, { recursive: true });
});

const post = async (path: string, token?: string): Promise<Response> =>
  await fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
  });

const onPlatform = async <T>(work: (platform: LocalPlatform) => Promise<T>): Promise<T> => {
  const platform = await openLocalPlatform({ ...machine, dataDirectory: directory, clock });
  try {
    return await work(platform);
  } finally {
    await platform.close();
  }
};

/** Stores one key that is released in a window. */
const addKey = async (window: UnixMillis): Promise<void> => {
  await onPlatform(async ({ store, keyHashSecret }) => {
    const settings = {
      retention: 14 * DAY,
      maxKeyAge: 15 * DAY,
      hashKey: keyHasher(keyHashSecret),
    };
    const records = packRecords([keyNumber(1, window)]);
    const batch = { ...PUBLISHED, window, records, app: 'app' };
    await store.transact(async (tx) => {
      tx.create(keyBatches, 'one-key', keyBatchDocument(batch, settings, systemRandom));
      await Promise.resolve();
    });
  });
};

const keyDocuments = async () =>
  await onPlatform(async ({ store }) => {
    const found = [];
    for await (const page of store.pages(keyBatches, {})) found.push(...page);
    return found.map(({ value }) => value);
  });

describe('the export service', () => {
  it('answers the scheduler', async () => {
    const token = await mint(CALLER);
    const created = await post('/create-batches', token);
    expect([created.status, await created.text()]).toEqual([200, '{"ok":true}']);
    const worked = await post('/do-work', token);
    expect([worked.status, await worked.text()]).toEqual([200, '{"ok":true}']);
    expect(worked.headers.get('Content-Type')).toMatch(/^application\/json/);
    expect(lines.join('')).toContain('export.batch_finished');
  });

  it('is healthy while its store is there', async () => {
    const response = await fetch(`${service.url}/health`);
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  });

  it.each(['/create-batches', '/do-work'])('lets nobody start %s without a token', async (path) => {
    expect((await post(path)).status).toBe(401);
    expect((await post(path, 'a.b.c')).status).toBe(401);
  });

  it('lets nobody else start a job', async () => {
    expect((await post('/do-work', await mint('somebody@example.org'))).status).toBe(403);
  });

  it('starts no job for a GET', async () => {
    const headers = { Authorization: `Bearer ${await mint(CALLER)}` };
    expect((await fetch(`${service.url}/do-work`, { headers })).status).toBe(404);
  });

  it('does not start without knowing who may call', async () => {
    await expect(
      startExport({ ...env, CALLER_EMAILS: '', OIDC_AUDIENCE: '' }, ambient),
    ).rejects.toThrow(/OIDC_AUDIENCE.*CALLER_EMAILS/);
  });

  it('does not start over data with another window', async () => {
    const other = { ...env, TRUNCATE_WINDOW_SECONDS: '300' };
    await expect(startExport(other, ambient)).rejects.toThrow('npx keyserver store set-window 300');
  });

  it('does not start without its buckets, and makes none anew', async () => {
    const [buckets, away] = [join(directory, 'buckets'), join(directory, 'away')];
    renameSync(buckets, away);
    await expect(startExport(env, ambient)).rejects.toThrow(
      'The bucket exports does not carry the id of the store any more',
    );
    expect(existsSync(buckets)).toBe(false);
    renameSync(away, buckets);
  });

  it('keeps generated keys for as long as a key may be published again after its end', async () => {
    await addKey(hour(12));
    clock.advance(2 * HOUR);
    const token = await mint(CALLER);
    await post('/create-batches', token);
    await post('/do-work', token);
    const generated = (await keyDocuments()).filter(({ origin }) => origin === 'padding');
    expect(generated).not.toEqual([]);
    for (const { expireAt, records, window } of generated) {
      const ends = unpackRecords(records).map(({ start, period }) => start + period);
      const known = Math.max(...ends) * INTERVAL + 20 * DAY + 2 * HOUR;
      // A document of old keys alone is kept until its window is past retention.
      expect(expireAt).toBe(Math.max(known, window + 14 * DAY));
    }
  });

  it('generates documents that obey the rules for uploads that it is set to', async () => {
    const generated = (await keyDocuments()).filter(({ origin }) => origin === 'padding');
    expect(new Set(generated.map(({ records }) => unpackRecords(records).length))).toEqual(
      new Set([1]),
    );
  });

  it('does not start on a port that is taken', async () => {
    const port = new URL(service.url).port;
    await expect(startExport({ ...env, PORT: port }, ambient)).rejects.toThrow(`port ${port}`);
  });

  it('takes no keys of the issuer over plain http from another machine', async () => {
    const elsewhere = { ...env, OIDC_JWKS_URL: 'http://example.org/jwks.json' };
    await expect(startExport(elsewhere, ambient)).rejects.toThrow('OIDC_JWKS_URL');
  });
});
