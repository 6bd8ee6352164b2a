import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';

/** Removes the temporary directory of a run of the tests, and all that lies there. */
export default function removeTemporaryDirectory(): void {
  const own = tmpdir();
  rmSync(own, { recursive: true, force: true });
  for (const name of ['TMPDIR', 'TMP', 'TEMP']) process.env[name] = dirname(own); // for the next run under --watch
}
