import { Fault } from '@keyserver/fault';
import { type Random, randomId } from '@keyserver/random';
import { mkdir, readFile, readdir, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { PLACES } from './first-start.ts';
import { createIn, failedWith, makeDirectory, nameOnce, writeDurably } from './durable-files.ts';

/** A key file that cannot be trusted: others than its owner may read or replace it. The message tells an operator what to do. */
export class KeyFileFault extends Fault<'exposed' | 'wrong_kind'> {}

const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;

/** Creates a directory for keys that only its owner can enter. */
export async function privateDirectory(path: string): Promise<void> {
  await makeDirectory(dirname(path));
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (!failedWith(error, 'EEXIST')) throw error;
  }
  await refuse(path, OTHERS_WRITE, 'others can change it; run chmod 700 on it');
}

/** The content of a key file; undefined when there is none. Throws KeyFileFault when others could read it. */
export async function readPrivateFile(path: string): Promise<Buffer | undefined> {
  try {
    await refuse(path, OTHERS, 'others than its owner can read it; run chmod 600 on it');
    return await readFile(path);
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/**
 * The content of a key file that is created when it is missing. When several processes start at once they all get the
 * content of the one that came first.
 */
export async function privateFile(
  path: string,
  make: () => Promise<Uint8Array>,
  random: Random,
): Promise<Buffer> {
  const existing = await readPrivateFile(path);
  if (existing !== undefined) return existing;
  await privateDirectory(dirname(path));
  const temporary = `.${randomId(random)}.new`;
  const content = await make();
  await writeDurably(await createIn(dirname(path), temporary, 0o600), [content]);
  await nameOnce(join(dirname(path), temporary), path);
  const created = await readPrivateFile(path);
  if (created === undefined) throw new Error('a key file vanished while it was created');
  return created;
}

async function refuse(path: string, forbidden: number, advice: string): Promise<void> {
  if (process.platform === 'win32') return; // no such modes: the directory's access list decides
  const { mode } = await stat(path);
  if ((mode & forbidden) !== 0) throw new KeyFileFault('exposed', `${path} is not used: ${advice}`);
}

/** Files and directories below the keys of a data directory that others than their owner can read or change, from there. */
export async function exposedKeyFiles(dataDirectory: string): Promise<readonly string[]> {
  if (process.platform === 'win32') return []; // no such modes: the directory's access list decides
  const keys = join(dataDirectory, PLACES.keys);
  const exposed: string[] = [];
  for (const entry of await readdir(keys, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const { mode } = await stat(path);
    if ((mode & (entry.isDirectory() ? OTHERS_WRITE : OTHERS)) !== 0)
      exposed.push(relative(dataDirectory, path));
  }
  return exposed.sort();
}
