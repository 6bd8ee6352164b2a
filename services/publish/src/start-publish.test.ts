import { machine } from '../../../test/support/machine.ts';
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuthorizedApp } from '@keyserver/health-authority';
import { openLocalPlatform } from '@keyserver/local';
import { testAmbient } from '@keyserver/platform/testing';
import {
  appDocument,
  authorityDocument,
  authorizedApps,
  healthAuthorities,
  storeFormat,
} from '@keyserver/stores';
import { DAY, HOUR, secondsOf, simulatedClock } from '@keyserver/time';
import { startPublish } from './index.ts';
import { makeDataKey } from './testing/data-key.ts';
import {
  NOW,
  aKey,
  anUpload,
  app,
  authority,
  certificateFor,
  statsToken,
  wireBody,
} from './testing/uploads.ts';

const clock = simulatedClock(NOW);
let directory = '';

beforeEach(async () => {
  clock.set(NOW);
  directory = await mkdtemp(join(tmpdir(), 'publish-'));
  const platform = await openLocalPlatform({ ...machine, dataDirectory: directory, clock });
  await makeDataKey(platform.store, platform.wrapperFor('revision-token'));
  await platform.close();
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function start(env: Readonly<Record<string, string>> = {}) {
  const ambient = testAmbient('publish', { clock });
  const service = await startPublish({ PORT: '0', DATA_DIR: directory, ...env }, ambient);
  return { ...service, lines: ambient.lines };
}

async function configure(allowed: AuthorizedApp = app): Promise<void> {
  const platform = await openLocalPlatform({ ...machine, dataDirectory: directory, clock });
  await platform.store.transact((tx) => {
    tx.set(healthAuthorities, String(authority.id), authorityDocument(authority));
    tx.set(authorizedApps, allowed.id, appDocument(allowed));
    return Promise.resolve();
  });
  await platform.close();
}

/** SQLite removes the log of a database when the last one who has it open closes it. */
const isDatabaseOpen = async (): Promise<boolean> =>
  (await readdir(directory)).some((name) => name.endsWith('-wal'));

const post = async (url: string): Promise<number> => {
  const headers = { 'content-type': 'application/json' };
  const certificate = certificateFor([aKey(1)], { issuedAt: secondsOf(clock.now()) });
  const body = JSON.stringify(wireBody(anUpload([aKey(1)], { certificate })));
  return (await fetch(`${url}/v1/publish`, { method: 'POST', headers, body })).status;
};

const cover = async (url: string): Promise<number> =>
  (await fetch(`${url}/v1/publish`, { method: 'POST', headers: { 'X-Chaff': '1' }, body: 'x' }))
    .status;

describe('startPublish', () => {
  it('does not start over the keys of another store', async () => {
    await (await start()).close();
    await writeFile(join(directory, 'keys', 'store-id'), 'of another', { mode: 0o600 });
    await expect(start()).rejects.toThrow(
      /^The directory .*keys carries the id of another store than the database; put back/,
    );
  });

  it('is not ready, and takes nothing, before there is a data key of revision tokens', async () => {
    await rm(directory, { recursive: true });
    await configure();
    const service = await start({ DATA_KEY_CACHE_SECONDS: '0' });
    const health = async () => await (await fetch(`${service.url}/health`)).json();
    expect(await cover(service.url)).toBe(503); // also before the first upload
    expect(await health()).toEqual({ status: 'unhealthy', problems: ['data_key'] });
    expect(await post(service.url)).toBe(503);
    const platform = await openLocalPlatform({ ...machine, dataDirectory: directory, clock });
    await makeDataKey(platform.store, platform.wrapperFor('revision-token'));
    await platform.close();
    clock.advance(2000);
    expect(await health()).toEqual({ status: 'ok' });
    expect(await post(service.url)).toBe(200);
    expect(await cover(service.url)).toBe(200);
    await service.close();
    expect(service.lines.join('')).toContain('data_key');
    expect(service.lines.join('')).toContain('"count":2,"message":"publish.covered"');
  });

  it.each([20 * DAY, -20 * DAY])(
    'refuses nobody for being late or early by a clock that is wrong by %d ms',
    async (by) => {
      await configure();
      const service = await start();
      const upload = async (): Promise<number> => {
        const headers = { 'content-type': 'application/json' };
        const body = JSON.stringify(wireBody(anUpload([aKey(1)])));
        return (await fetch(`${service.url}/v1/publish`, { method: 'POST', headers, body })).status;
      };
      clock.jump(by);
      expect(await upload()).toBe(503);
      expect(await post(service.url)).toBe(503); // the certificate holds by that clock, the key does not
      clock.jump(-by);
      expect(await upload()).toBe(200);
      await service.close();
    },
  );

  it('takes uploads and says what stops the statistics when their minimum is refused', async () => {
    await configure();
    const service = await start({ STATS_MIN_UPLOADS: '9' });
    expect(await post(service.url)).toBe(200);
    expect((await fetch(`${service.url}/health`)).status).toBe(200);
    const issuedAt = secondsOf(clock.now());
    const answer = await fetch(`${service.url}/v1/stats`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${statsToken({ issuedAt })}`,
      },
      body: '{}',
    });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      error: expect.stringContaining('STATS_MIN_UPLOADS') as string,
    });
    await service.close();
    expect(service.lines.join('')).toContain('"settings":["STATS_MIN_UPLOADS"]');
  });

  it('starts with another wrapping key, and takes nothing, since it can open no data key', async () => {
    await configure();
    await writeFile(join(directory, 'keys', 'wrapping', 'revision-token.key'), Buffer.alloc(32, 1));
    const service = await start();
    expect(await (await fetch(`${service.url}/health`)).json()).toEqual({
      ...{ status: 'unhealthy', problems: ['data_key'] },
    });
    expect(await post(service.url)).toBe(503);
    await service.close();
  });

  it('is unhealthy while its keys are gone, and well again with them', async () => {
    const service = await start();
    const health = async () => await (await fetch(`${service.url}/health`)).json();
    const [keys, away] = [join(directory, 'keys'), join(directory, 'away')];
    await rename(keys, away);
    expect(await health()).toEqual({ status: 'unhealthy', problems: ['part_missing'] });
    await rename(away, keys);
    clock.advance(2000);
    expect(await health()).toEqual({ status: 'ok' });
    await service.close();
  });

  it('answers phones over the data directory, and remembers over a restart what they sent', async () => {
    await configure();
    const first = await start();
    expect(await post(first.url)).toBe(200);
    await first.close();
    clock.advance(HOUR);
    const second = await start();
    expect(await post(second.url)).toBe(400);
    await second.close();
    expect(first.lines.join('')).toContain('publish.accepted');
    expect(second.lines.join('')).toContain('missing_revision_token');
  });

  it('notices a new application when the remembered answer is too old', async () => {
    const service = await start({ CONFIG_CACHE_SECONDS: '60' });
    expect(await post(service.url)).toBe(401);
    await configure();
    expect(await post(service.url)).toBe(401);
    clock.advance(60_000);
    expect(await post(service.url)).toBe(200);
    await service.close();
  });

  it('stores keys of an application without regions for the default region', async () => {
    await configure({ ...app, regions: [] });
    const without = await start();
    expect(await post(without.url)).toBe(500);
    await without.close();
    const service = await start({ DEFAULT_REGION: 'US' });
    expect(await post(service.url)).toBe(200);
    await service.close();
  });

  it('says that it is healthy while its store answers', async () => {
    const service = await start();
    expect((await fetch(`${service.url}/health`)).status).toBe(200);
    await service.close();
  });

  it('takes no requests once it is closed, and holds its database no longer', async () => {
    const service = await start();
    expect(await isDatabaseOpen()).toBe(true);
    await service.close();
    await expect(fetch(`${service.url}/health`)).rejects.toThrow('fetch failed');
    expect(await isDatabaseOpen()).toBe(false);
  });

  it.each([
    ['PORT', '65536'],
    ['PLATFORM', 'azure'],
    ['TRUNCATE_WINDOW_SECONDS', '7'],
    ['KEY_RETENTION_HOURS', '1'],
    ['PADDING_MIN_BYTES', '0'],
    ['DEFAULT_REGION', 'a region'],
    ['HOST', 'two words'],
    ['LOG_LEVEL', 'loud'],
  ])('does not start with a wrong %s, and does not repeat its value', async (name, value) => {
    await expect(start({ [name]: value })).rejects.toThrow(
      new RegExp(`^wrong settings: ${name} `, 'u'),
    );
  });

  it('does not start on Google Cloud without a project and a secret', async () => {
    await expect(start({ PLATFORM: 'gcp' })).rejects.toThrow(
      'wrong settings: GCP_PROJECT is missing, it must be the id of the project; KEY_HASH_SECRET is missing',
    );
  });

  it('does not start when its data directory is a file', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    await expect(start({ DATA_DIR: file })).rejects.toThrow(/data directory/iu);
  });

  it.each([
    ['TRUNCATE_WINDOW_SECONDS', '300', 'npx keyserver store set-window 300'],
    ['PROFILE', 'development', 'set PROFILE=production'],
  ])('does not start over data of another %s, and gives them back', async (name, value, advice) => {
    await (await start()).close();
    await expect(start({ [name]: value })).rejects.toThrow(advice);
    expect(await isDatabaseOpen()).toBe(false);
    await (await start()).close();
  });

  it('is unhealthy once the store under it is another one', async () => {
    const service = await start();
    const platform = await openLocalPlatform({ ...machine, dataDirectory: directory, clock });
    await platform.store.deleteAll(storeFormat, {});
    await platform.close();
    const health = await fetch(`${service.url}/health`);
    expect(health.status).toBe(500);
    expect(await health.json()).toEqual({ status: 'unhealthy', problems: ['store_mismatch'] });
    await service.close();
  });

  it('does not start on a port that is in use, and gives its data directory back', async () => {
    const first = await start();
    const port = new URL(first.url).port;
    await expect(start({ PORT: port })).rejects.toThrow(`port ${port}`);
    await first.close();
    expect(await isDatabaseOpen()).toBe(false);
    await (await start({ PORT: port })).close();
  });
});
