import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname } from 'node:path';
import { OWN_NAME } from './own-temporary-directory.ts';

/** Removes the temporary directory of a run of the tests, and all that lies there. */
export default function removeTemporaryDirectory(): void {
  const own = tmpdir();
  if (!OWN_NAME.test(basename(own))) throw new Error(`${own} is not the directory of this run`);
  rmSync(own, { recursive: true, force: true });
  for (const name of ['TMPDIR', 'TMP', 'TEMP']) process.env[name] = dirname(own); // for the next run under --watch
}
