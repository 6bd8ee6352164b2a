import { Fault } from '@keyserver/fault';
import { statfs } from 'node:fs/promises';

/** The disk of the data directory is full, or nearly: what is written next may fail. */
class DiskFault extends Fault<'disk_full'> {
  /** What health calls it. */
  readonly problem = 'disk_full';

  constructor(message: string) {
    super('disk_full', message);
  }
}

/** What is free of a file system, in bytes and files; a system without a bound on files says that it has none. */
export interface DiskSpace {
  readonly bytes: number;
  readonly freeBytes: number;
  readonly files: number;
  readonly freeFiles: number;
}

/** So much is used up by the database and one batch of files before anybody can look; on a small disk, a twentieth of it. */
const LEAST_FREE_BYTES = 16 * 1024 * 1024;
const LEAST_FREE_SHARE = 1 / 20;

/** Whether so little is free that writing may fail soon. */
export function isFull({ bytes, freeBytes, files, freeFiles }: DiskSpace): boolean {
  const hasNoFiles = files > 0 && freeFiles === 0;
  return hasNoFiles || freeBytes < Math.min(LEAST_FREE_BYTES, bytes * LEAST_FREE_SHARE);
}

/** What is free of the disk of a directory, and whether so little that writing may fail soon. */
export async function diskSpace(
  directory: string,
): Promise<DiskSpace & { readonly isFull: boolean }> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(directory);
  const space = { bytes: bsize * blocks, freeBytes: bsize * bavail, files, freeFiles: ffree };
  return { ...space, isFull: isFull(space) };
}

/** Fails while the disk of a directory is full or nearly so, also when everything that was written lately still had room. */
export async function checkDisk(directory: string): Promise<void> {
  if ((await diskSpace(directory)).isFull)
    throw new DiskFault('the disk of the data directory has no room left');
}
