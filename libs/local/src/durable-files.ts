import { type FileHandle, link, mkdir, open, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const CREATE_ATTEMPTS = 20;

/** True when a file system call failed for this reason. */
export const failedWith = (error: unknown, code: string): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;

/** Makes the entries of a directory survive a power failure. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return; // Windows has no such call and needs none
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Creates a directory and those above it, as durably as the files that will lie there; `sync` makes each entry durable. */
export async function makeDirectory(
  path: string,
  mode = 0o777,
  sync = syncDirectory,
): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) {
    await sync(dirname(made));
  }
}

/** Creates a new file in a directory that may not exist yet, or that another process is sweeping away. */
export async function createIn(directory: string, name: string, mode = 0o666): Promise<FileHandle> {
  for (let attempt = 1; ; attempt++) {
    try {
      await makeDirectory(directory);
      return await open(join(directory, name), 'wx', mode);
    } catch (error) {
      if (!failedWith(error, 'ENOENT') || attempt === CREATE_ATTEMPTS) throw error;
    }
  }
}

/** Writes a file piece by piece, and closes it; the answer is its size, once all of it is on the disk. */
export async function writeDurably(
  file: Pick<FileHandle, 'writeFile' | 'sync' | 'close'>,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<number> {
  try {
    let size = 0;
    for await (const piece of content) {
      await file.writeFile(piece); // goes on where the last piece ended
      size += piece.length;
    }
    await file.sync();
    return size;
  } finally {
    await file.close();
  }
}

/** Gives a complete file its final name unless another process was first; the temporary name is gone either way. */
export async function nameOnce(temporary: string, final: string): Promise<boolean> {
  try {
    await link(temporary, final);
  } catch (error) {
    if (failedWith(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await removeFile(temporary);
  }
  await syncDirectory(dirname(final));
  return true;
}

/** Removes a file; a missing one counts as removed. */
export async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!failedWith(error, 'ENOENT')) throw error;
  }
}
