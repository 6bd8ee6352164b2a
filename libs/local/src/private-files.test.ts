import { seededRandom } from '@keyserver/random/testing';
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { KeyFileFault, privateDirectory, privateFile, readPrivateFile } from './private-files.ts';
import { keyHashSecret } from './secrets.ts';

let root = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'keyserver-private-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const modeOf = async (path: string): Promise<string> =>
  ((await stat(path)).mode & 0o777).toString(8);
const content = (words: string) => (): Promise<Uint8Array> => Promise.resolve(Buffer.from(words));

describe('a key file', () => {
  it('is created for its owner alone, in a directory for its owner alone', async () => {
    const file = join(root, 'keys', 'signing', 'a.pem');
    await privateFile(file, content('key'), seededRandom('a'));
    expect(await modeOf(file)).toBe('600');
    expect(await modeOf(join(root, 'keys', 'signing'))).toBe('700');
    expect(await readdir(join(root, 'keys', 'signing'))).toEqual(['a.pem']);
  });

  it('is kept when it is there', async () => {
    const file = join(root, 'a.pem');
    await privateFile(file, content('first'), seededRandom('a'));
    const again = await privateFile(file, content('second'), seededRandom('b'));
    expect(again.toString()).toBe('first');
  });

  it.each([0o640, 0o604, 0o666, 0o610])('is refused with mode %o', async (mode) => {
    const file = join(root, 'a.pem');
    await writeFile(file, 'key');
    await chmod(file, mode);
    await expect(readPrivateFile(file)).rejects.toThrow(KeyFileFault);
    await expect(readPrivateFile(file)).rejects.toThrow(/chmod 600/);
    await expect(privateFile(file, content('new'), seededRandom('a'))).rejects.toThrow(/chmod/);
  });

  it('is absent when nobody created it', async () => {
    expect(await readPrivateFile(join(root, 'nothing'))).toBeUndefined();
  });

  it('is not looked for in a directory that others can write to', async () => {
    await mkdir(join(root, 'keys'));
    await chmod(join(root, 'keys'), 0o777);
    await expect(privateDirectory(join(root, 'keys'))).rejects.toThrow(/chmod 700/);
  });

  it('is a fault when its place is taken by something else', async () => {
    await expect(readPrivateFile(root)).rejects.toThrow(/EISDIR/);
    await writeFile(join(root, 'file'), '');
    await expect(privateDirectory(join(root, 'file', 'keys'))).rejects.toThrow(/ENOTDIR|EEXIST/);
    await expect(privateDirectory(join(root, '\0'))).rejects.toThrow(/null bytes/);
  });
});

describe('the key hash secret', () => {
  const first = (seed: string) => ({ state: 'first_start', random: seededRandom(seed) }) as const;

  it('has 32 bytes and stays the same', async () => {
    const secret = await keyHashSecret(root, first('a'));
    expect(secret).toHaveLength(32);
    expect(await keyHashSecret(root, first('b'))).toEqual(secret);
  });

  it('is refused when it is damaged', async () => {
    await writeFile(join(root, 'key-hash.secret'), 'short', { mode: 0o600 });
    await expect(keyHashSecret(root, first('a'))).rejects.toThrow(/damaged/);
  });

  it('is one and the same for processes that start at once', async () => {
    const secrets = new URL('secrets.ts', import.meta.url).href;
    const script = `
      import { systemRandom } from '@keyserver/random';
      import { keyHashSecret } from '${secrets}';
      process.stdout.write(Buffer.from(await keyHashSecret('${root}', { state: 'first_start', random: systemRandom })).toString('hex'));`;
    const args = ['--conditions=source', '--input-type=module', '--eval', script];
    const started = Array.from({ length: 4 }, async () => {
      const child = spawn(process.execPath, args, { cwd: import.meta.dirname });
      return await text(child.stdout);
    });
    const printed = await Promise.all(started);
    expect(printed[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(printed).size).toBe(1);
  });
});
