import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The SHA-256, in hexadecimal digits, of all that a layer keeps of a folder: paths, modes, contents, links, and times in seconds. Times after
 * `latest` count as that, as an engine writes them that is told to rewrite them: https://docs.docker.com/build/ci/github-actions/reproducible-builds/
 * `left` are paths whose contents are left out.
 */
export function digestOf(
  folder: string,
  { latest, left = [] }: { readonly latest: number; readonly left?: readonly string[] },
): string {
  const hash = createHash('sha256');
  for (const path of pathsBelow(folder)) {
    if (left.some((one) => path === one || path.startsWith(`${one}/`))) continue;
    const { mode, mtimeMs, isFile, isLink } = statOf(join(folder, path));
    hash.update(`${path}\0${mode.toString(8)}\0`);
    if (isFile) hash.update(readFileSync(join(folder, path)));
    if (isLink) hash.update(readlinkSync(join(folder, path)));
    else hash.update(`\0${Math.min(latest, Math.floor(mtimeMs / 1000))}\0`);
  }
  return hash.digest('hex');
}

/** All paths below a folder, sorted, from it. */
export const pathsBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();

/** The kind of a file, in the bits of its mode (https://man7.org/linux/man-pages/man7/inode.7.html). */
const KIND = 0o170000;

function statOf(path: string): { mode: number; mtimeMs: number; isFile: boolean; isLink: boolean } {
  const { mode, mtimeMs } = lstatSync(path);
  return { mode, mtimeMs, isFile: (mode & KIND) === 0o100000, isLink: (mode & KIND) === 0o120000 };
}
