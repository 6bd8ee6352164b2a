import { freePorts } from '../../../test/support/free-ports.ts';
import { machine } from '../../../test/support/machine.ts';
import { seededRandom } from '@keyserver/random/testing';
import { openLocalPlatform } from '@keyserver/local';
import { systemRandom } from '@keyserver/random';
import { StoreFormatFault, StorePartFault, openStoreFormat, ownParts } from '@keyserver/stores';
import { SECOND, systemClock, windowLength, systemTimers } from '@keyserver/time';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { firstStart } from './first-start.ts';
import { launch } from './launch.ts';
import { serveIssuer } from './job-issuer.ts';
import { LaunchFault } from './settings.ts';
import { summary } from './summary.ts';
import { launcherConfig } from './settings.ts';
import { isUnusableDirectory, openPlatform } from './wiring.ts';

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
      timers: systemTimers,
      random: seededRandom('launch'),
      screen: new PassThrough().on('data', (text) => printed.push(String(text))),
      openPlatform: () => Promise.reject(new Error('nothing may be opened')),
      signal: new AbortController().signal,
    });
    await expect(launched).rejects.toThrow(LaunchFault);
    await expect(launched).rejects.toThrow(
      new RegExp(`^Port ${port} for the file server is taken.*CDN_PORT`, 'm'),
    );
    expect(printed).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('npm start', () => {
  const dataDirectory = (): string => join(directory, 'used');
  const lost = (part: string): string => join(directory, 'lost', part);
  beforeAll(async () => {
    await fillStore(dataDirectory());
    for (const part of ['buckets', 'keys'])
      await cp(dataDirectory(), lost(part), { recursive: true });
    await rm(join(lost('buckets'), 'buckets'), { recursive: true });
    await rm(join(lost('keys'), 'keys'), { recursive: true });
  });

  /** The sentence that its start is refused with, and what it has printed before. */
  const refusal = async (env: Readonly<Record<string, string>>) => {
    const printed: string[] = [];
    const screen = new PassThrough().on('data', (text) => printed.push(String(text)));
    const launched = launch({
      ...{ ...machine, screen, signal: new AbortController().signal },
      env: { DATA_DIR: dataDirectory(), ...ports(), ...env },
      openPlatform: async (place) => await openPlatform(place, { ...machine, onLost: fail }),
    });
    const [outcome] = await Promise.allSettled([launched]);
    if (outcome.status === 'fulfilled') {
      await outcome.value.stop();
      throw new Error('the suite has started');
    }
    return { reason: outcome.reason as Error, out: printed.join('') };
  };
  const fail = (fault: Error): never => {
    throw fault;
  };

  /** What its user sees, and with what status it ends: a process takes a second, so one test has it. */
  const started = async (env: Readonly<Record<string, string>>) =>
    await new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
      const script = join(import.meta.dirname, 'start.ts');
      const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning', script];
      const { PATH, NODE_COMPILE_CACHE } = process.env;
      const own = { DATA_DIR: dataDirectory(), ...ports(), ...env };
      const context = { PATH, NODE_COMPILE_CACHE, ...own };
      execFile(process.execPath, flags, { env: context }, (fault, out, err) => {
        resolve({ code: fault?.code ?? 0, out, err });
      });
    });
  let free: readonly number[] = [];
  const ports = (): Readonly<Record<string, string>> =>
    Object.fromEntries(
      [
        'PUBLISH',
        'EXPORT',
        'CLEANUP',
        'TRUST',
        'CDN',
        'ISSUER',
        'FEDERATION_SERVE',
        'FEDERATION_PULL',
      ].map((name, n) => [`${name}_PORT`, String(free[n])]),
    );
  beforeAll(async () => {
    free = await freePorts(8);
  });

  const FORMATS: readonly [string, Readonly<Record<string, string>>, (place: string) => string][] =
    [
      [
        'another window',
        { TRUNCATE_WINDOW_SECONDS: '300' },
        (place: string) =>
          `TRUNCATE_WINDOW_SECONDS is 300, but the data in ${place} are written with 10: set it to 10, or change the window with \`npx keyserver store set-window 300\``,
      ],
      [
        'another profile',
        { PROFILE: 'production' },
        (place: string) =>
          `PROFILE is production, but the data in ${place} were written in the profile development: set PROFILE=development, or begin with an empty store`,
      ],
    ];
  it('on data of another format ends with one sentence and starts nothing', async () => {
    const [[, env, sentence]] = FORMATS as [(typeof FORMATS)[0]];
    const { code, out, err } = await started(env);
    expect([code, err]).toEqual([1, `${sentence(dataDirectory())}\n`]);
    expect(out).not.toContain('http://');
  });

  it.each(FORMATS)('is refused on data with %s, and starts nothing', async (_, env, sentence) => {
    const { reason, out } = await refusal(env);
    expect(reason).toBeInstanceOf(StoreFormatFault);
    expect(reason.message).toBe(sentence(dataDirectory()));
    expect(out).not.toContain('http://');
  });

  it.each([
    [
      'buckets',
      (reason: Error) => reason instanceof StorePartFault,
      /^The bucket exports does not carry the id of the store any more: [^\n]*missing-part\.md[^\n]*$/,
    ],
    ['keys', isUnusableDirectory, /^The key-hash secret is gone: [^\n]*missing-part\.md[^\n]*$/],
  ])(
    'without its %s is refused with one sentence, and makes nothing anew',
    async (part, isTold, sentence) => {
      const before = await readdir(lost(part));
      const { reason, out } = await refusal({ DATA_DIR: lost(part) });
      expect(isTold(reason)).toBe(true);
      expect(reason.message).toMatch(sentence);
      expect(out).not.toContain('http://');
      const made = (await readdir(lost(part))).filter((name) => !before.includes(name));
      expect(made.filter((name) => !name.startsWith('keyserver.sqlite'))).not.toContain('buckets');
    },
  );
});

/** Fills a directory as a development server does: a store with its format, one export, and parts that carry its id. */
async function fillStore(dataDirectory: string): Promise<void> {
  const platform = await openLocalPlatform({ ...machine, dataDirectory });
  const { store, keyHashSecret } = platform;
  const window = windowLength(10 * SECOND)!;
  const known = { place: dataDirectory, window, profile: 'development', keyHashSecret } as const;
  const { storeId } = await openStoreFormat(store, known, systemRandom);
  await firstStart(platform, { profile: 'development', random: systemRandom });
  const { checkBucket } = await ownParts({ ...platform, storeId, clock: systemClock });
  await checkBucket('exports');
  await platform.close();
}

describe('the issuer of job identities over HTTP', () => {
  it('answers with its documents and with nothing else', async () => {
    const server = await serveIssuer({ '/jwks.json': { keys: [] } }, 0, systemTimers);
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
      '  127.0.0.1:8086 ',
      'http://127.0.0.1:8087',
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

  it('says for how long a change of exports waits where that is a minute, and not a day', () => {
    const said = 'a change of exports holds from the next minute on';
    expect(summary(launched)).toContain(said);
    const production = launcherConfig({ PROFILE: 'production' });
    expect(summary({ ...launched, config: production })).not.toContain(said);
  });

  it('names a service that does not answer', () => {
    expect(summary({ ...launched, late: ['export'] })).toContain('export does not answer yet');
  });
});
