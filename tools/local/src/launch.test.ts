import { seededRandom } from '@keyserver/random/testing';
import { systemClock } from '@keyserver/time';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { launch } from './launch.ts';
import { serveIssuer } from './serve-issuer.ts';
import { LaunchRefused } from './settings.ts';
import { summary } from './summary.ts';
import { launcherConfig } from './settings.ts';

let taken: Server;
let port = '';
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyserver-launch-'));
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  port = String((taken.address() as AddressInfo).port);
});

afterAll(async () => {
  taken.close();
  await rm(directory, { recursive: true, force: true });
});

describe('a launch', () => {
  it('is refused before anything happens when a port is taken', async () => {
    const printed: string[] = [];
    const launched = launch({
      env: { CDN_PORT: port, DATA_DIR: join(directory, 'data') },
      clock: systemClock,
      random: seededRandom('launch'),
      screen: new PassThrough().on('data', (text) => printed.push(String(text))),
      openPlatform: () => Promise.reject(new Error('nothing may be opened')),
      signal: new AbortController().signal,
    });
    await expect(launched).rejects.toThrow(LaunchRefused);
    await expect(launched).rejects.toThrow(
      new RegExp(`^Port ${port} for the file server is taken.*CDN_PORT`, 'm'),
    );
    expect(printed).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('the issuer of job identities over HTTP', () => {
  it('answers with its documents and with nothing else', async () => {
    const server = await serveIssuer({ '/jwks.json': { keys: [] } }, 0);
    const status = async (path: string, method = 'GET'): Promise<number> =>
      (await fetch(`${server.url}${path}`, { method })).status;
    const found = await fetch(`${server.url}/jwks.json`);
    expect(found.headers.get('cache-control')).toBe('public, max-age=300');
    expect(await found.json()).toEqual({ keys: [] });
    expect(await status('/jwks.json', 'POST')).toBe(404);
    expect(await status('/')).toBe(404);
    expect(await status('/toString')).toBe(404);
    await server.close();
  });
});

describe('what is printed after the start', () => {
  const launched = {
    config: launcherConfig({}),
    dataDirectory: '/data',
    issuer: { issuer: 'http://127.0.0.1:8083' },
    exportKey: 'PEM',
    late: [],
  };

  it('names every address, the key and what to try next', () => {
    const text = summary(launched);
    for (const said of [
      'http://127.0.0.1:8080/v1/publish',
      'http://127.0.0.1:8082/exports/v1/index.txt',
      'http://127.0.0.1:8082/exports/v1/keys.json',
      'PEM',
      'npx keyserver publish --url http://127.0.0.1:8080 --keys 14',
      'npx keyserver export verify http://127.0.0.1:8082/exports/v1/index.txt',
    ])
      expect(text).toContain(said);
  });

  it('promises no file of a configuration that is not its own', () => {
    const text = summary({ ...launched, exportKey: undefined });
    expect(text).not.toContain('index.txt');
    expect(text).toContain('npx keyserver config apply');
  });

  it('names a service that does not answer', () => {
    expect(summary({ ...launched, late: ['export'] })).toContain('export does not answer yet');
  });
});
