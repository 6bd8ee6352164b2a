import { packRecords, unpackRecords } from '@keyserver/exposure-keys';
import { type TestMachine, testAmbient, testMachine } from '@keyserver/platform/testing';
import {
  exportConfigDocument,
  exportConfigs,
  keyBatchDocument,
  keyBatches,
  keyHasher,
} from '@keyserver/stores';
import { systemRandom } from '@keyserver/random';
import { DAY, HOUR, INTERVAL, type UnixMillis, simulatedClock } from '@keyserver/time';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { startExport } from './index.ts';
import { NOON, PUBLISHED, anExport, hour, keyNumber } from './testing/export-builders.ts';

const clock = simulatedClock(NOON);
const ambient = testAmbient('export', { clock });
let machine: TestMachine;
let service: Awaited<ReturnType<typeof startExport>>;
let env: Record<string, string>;

beforeAll(async () => {
  machine = await testMachine('export', clock);
  await machine.onPlatform(async ({ store }) => {
    await store.transact(async (tx) => {
      tx.set(exportConfigs, 'us', exportConfigDocument(anExport()));
      await Promise.resolve();
    });
  });
  env = {
    ...machine.env,
    MIN_WINDOW_AGE_SECONDS: '0',
    MAX_KEY_AGE_HOURS: String(20 * 24),
    MAX_KEYS_PER_UPLOAD: '1',
  };
  service = await startExport(env, ambient);
});

afterAll(async () => {
  await service.close();
  await machine.remove();
});

const post = async (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  await fetch(`${service.url}${path}`, { method: 'POST', headers });

/** Stores one key that is released in a window. */
const addKey = async (window: UnixMillis): Promise<void> => {
  await machine.onPlatform(async ({ store, keyHashSecret }) => {
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
  await machine.onPlatform(async ({ store }) => {
    const found = [];
    for await (const page of store.pages(keyBatches, {})) found.push(...page);
    return found.map(({ value }) => value);
  });

describe('the export service', () => {
  it('answers the scheduler', async () => {
    const caller = await machine.caller();
    const created = await post('/create-batches', caller);
    expect([created.status, await created.text()]).toEqual([200, '{"ok":true}']);
    const worked = await post('/do-work', caller);
    expect([worked.status, await worked.text()]).toEqual([200, '{"ok":true}']);
    expect(worked.headers.get('Content-Type')).toMatch(/^application\/json/);
    expect(ambient.lines.join('')).toContain('export.batch_finished');
  });

  it('is healthy while its store is there', async () => {
    const response = await fetch(`${service.url}/health`);
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  });

  it.each(['/create-batches', '/do-work'])('lets nobody start %s without a token', async (path) => {
    expect((await post(path)).status).toBe(401);
    expect((await post(path, { authorization: 'Bearer a.b.c' })).status).toBe(401);
  });

  it('lets nobody else start a job', async () => {
    expect((await post('/do-work', await machine.caller('somebody@example.org'))).status).toBe(403);
  });

  it('starts no job for a GET', async () => {
    const headers = await machine.caller();
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
    const [buckets, away] = [join(machine.directory, 'buckets'), join(machine.directory, 'away')];
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
    const caller = await machine.caller();
    await post('/create-batches', caller);
    await post('/do-work', caller);
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
