import { execFileSync } from 'node:child_process';
import { type KeyObject, createPrivateKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  statfs,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseIndex } from '@keyserver/export-file';
import { DEVELOPMENT_NAMES } from '@keyserver/configuration';
import { systemRandom } from '@keyserver/random';
import { systemClock } from '@keyserver/time';
import { setTimeout as pause } from 'node:timers/promises';
import { keysIn } from '@keyserver/export/testing';
import { phoneKeys, publishRequest } from '@keyserver/cli/testing';
import { type LauncherProcess, startLauncher, until } from './launcher-process.ts';

let directory = '';
let launcher: LauncherProcess;
let privateKey: KeyObject;
/** Every key that the server has promised to publish. */
const promised = new Set<string>();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyserver-full-'));
  promised.clear();
});

afterEach(async () => {
  await launcher.stop();
  await rm(directory, { recursive: true, force: true });
});

async function start(dataDirectory: string): Promise<void> {
  launcher = await startLauncher(dataDirectory);
  privateKey = createPrivateKey(
    await readFile(join(dataDirectory, DEVELOPMENT_NAMES.authorityKeyFile)),
  );
}

async function upload(): Promise<Response> {
  const now = systemClock.now();
  const keys = phoneKeys({ count: 3, includeToday: false }, now, systemRandom);
  const { app, authority } = DEVELOPMENT_NAMES;
  const facts = { ...authority, app, keys, now, privateKey, reportType: 'confirmed' as const };
  const response = await fetch(`${launcher.urls.publish}/v1/publish`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: publishRequest(facts, systemRandom),
  });
  await response.arrayBuffer();
  if (response.status === 200)
    for (const { key } of keys) promised.add(Buffer.from(key, 'base64').toString('hex'));
  return response;
}

/** How cover traffic is answered, which must be as uploads are. */
async function coverStatus(): Promise<number> {
  const response = await fetch(`${launcher.urls.publish}/v1/publish`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-chaff': '1' },
    body: '{}',
  });
  await response.arrayBuffer();
  return response.status;
}

async function download(path: string): Promise<Buffer | undefined> {
  const response = await fetch(`${launcher.urls.cdn}/exports/${path}`);
  const content = Buffer.from(await response.arrayBuffer());
  return response.status === 200 ? content : undefined;
}

async function listed(): Promise<readonly string[]> {
  const index = await download('v1/index.txt');
  return index === undefined ? [] : (parseIndex(index) ?? []);
}

/** How often each promised key is in a listed file. */
async function published(): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (const name of await listed())
    for (const key of keysIn((await download(name)) ?? Buffer.from('')))
      if (promised.has(key)) found.set(key, (found.get(key) ?? 0) + 1);
  return found;
}

const allArePublished = async (): Promise<boolean> => (await published()).size === promised.size;

const problemsOf = async (service: 'publish' | 'export'): Promise<string> =>
  await (await fetch(`${launcher.urls[service]}/health`)).text();

describe('a server whose output cannot be written', () => {
  it('goes on when nobody reads its screen any more, and its log leads nowhere', async () => {
    const data = join(directory, 'data');
    await mkdir(join(data, 'logs'), { recursive: true });
    if (existsSync('/dev/full')) await symlink('/dev/full', join(data, 'logs', 'publish.log'));
    await start(data);
    if (existsSync('/dev/full')) {
      expect(launcher.screen()).toMatch(/publish\.log cannot be written \(the disk is full\)/);
      await until('health knows of it', async () =>
        (await problemsOf('publish')).includes('log_unwritable'),
      );
    }
    launcher.closeScreen();
    expect((await upload()).status).toBe(200);
    await until('the keys are in a file', allArePublished);
    expect((await upload()).status).toBe(200);
    expect(await launcher.status(`${launcher.urls.export}/health`)).toBe(200);
    expect(await launcher.stop()).toBe(0);
  });
});

/** A small disk in the memory of a machine whose user may mount one; undefined elsewhere. */
function mountSmallDisk(at: string): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', at], { stdio: 'ignore' });
    return at;
  } catch {
    return undefined; // only root on Linux may, and not in every container
  }
}

describe('a server whose disk is full', () => {
  const filler = (): string => join(directory, 'filler');
  let disk: string | undefined;

  beforeEach(() => {
    disk = mountSmallDisk(directory);
    if (disk === undefined) process.stderr.write('No disk can be mounted here: not tested.\n');
  });
  afterEach(async () => {
    await launcher.stop();
    if (disk !== undefined) execFileSync('umount', [disk]);
  });

  async function fill(): Promise<void> {
    for (let piece = 1 << 20; piece >= 1; piece >>= 1)
      for (;;)
        try {
          await appendFile(filler(), Buffer.alloc(piece));
        } catch {
          break; // it is full up to this size of a piece
        }
    expect((await statfs(directory)).bavail).toBe(0);
  }

  const isTaken = async (): Promise<boolean> => (await upload()).status === 200;

  it('serves files, answers uploads with 503, says so in health, and resumes by itself', async () => {
    if (disk === undefined) return;
    await start(join(disk, 'data'));
    expect((await upload()).status).toBe(200);
    await until('the first keys are in a file', allArePublished);
    const before = new Map<string, Buffer | undefined>();
    for (const name of await listed()) before.set(name, await download(name));
    expect(before.size).toBeGreaterThan(0);

    await fill();
    await until('an upload is refused', async () => !(await isTaken()));
    const refused = await upload();
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await coverStatus()).toBe(503);
    for (const service of ['publish', 'export'] as const)
      expect(await problemsOf(service)).toContain('disk_full');
    await pause(15_000); // several turns of every job, and as many lines as find no room
    for (const [name, content] of before) expect(await download(name)).toEqual(content);
    expect(await listed()).toEqual(expect.arrayContaining([...before.keys()]));
    expect((await upload()).status).toBe(503);
    expect(await coverStatus()).toBe(503);

    await writeFile(filler(), '');
    await until('uploads are taken again', isTaken);
    expect(await coverStatus()).toBe(200);
    await until('the services are well', async () => {
      const states = await Promise.all(
        (['publish', 'export', 'cdn'] as const).map(
          async (service) => await launcher.status(`${launcher.urls[service]}/health`),
        ),
      );
      return states.every((status) => status === 200);
    });
    await until('every promised key is in a file', allArePublished);
    expect([...(await published()).values()].every((times) => times === 1)).toBe(true);
    expect(launcher.screen()).not.toContain('launcher.child_ended');
    expect(await launcher.stop()).toBe(0);
  });
});
