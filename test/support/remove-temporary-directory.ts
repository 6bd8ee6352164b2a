import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname } from 'node:path';
import { OWN_NAME } from './own-temporary-directory.ts';

/**
 * Removes the temporary directory that this process has made for its run of the tests, and all that lies there.
 *
 * @throws when the temporary directory is another one, also when it is called twice: the directory that the run found may be the
 * machine's, or that of a run around this one
 */
export default function removeTemporaryDirectory(): void {
  const own = tmpdir();
  if (Number(OWN_NAME.exec(basename(own))?.[1]) !== process.pid)
    throw new Error(`${own} is not the directory of this run`);
  rmSync(own, { recursive: true, force: true });
  for (const name of ['TMPDIR', 'TMP', 'TEMP']) process.env[name] = dirname(own); // for the next run under --watch
}
