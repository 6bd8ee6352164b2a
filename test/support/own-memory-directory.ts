import { existsSync, statfsSync } from 'node:fs';
import ownTemporaryDirectory from './own-temporary-directory.ts';

/** Where Linux keeps files in memory for everybody (https://docs.kernel.org/filesystems/tmpfs.html). */
const IN_MEMORY = '/dev/shm';
/** More than a run has ever needed at a time, in bytes. Containers often have 64 MB there. */
const ENOUGH = 2 * 1024 ** 3;

/**
 * A temporary directory for the fast tests, in memory where the machine has room for that: a file that is brought safely to the
 * disk waits for none there. What a killed process leaves is the same in both places. `TMPDIR` names another place.
 */
export default function ownMemoryDirectory(): void {
  if (process.env['TMPDIR'] === undefined && hasRoom()) process.env['TMPDIR'] = IN_MEMORY;
  ownTemporaryDirectory();
}

function hasRoom(): boolean {
  if (!existsSync(IN_MEMORY)) return false;
  const { bavail, bsize } = statfsSync(IN_MEMORY);
  return bavail * bsize >= ENOUGH;
}
