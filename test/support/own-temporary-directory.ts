import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The name of such a directory, with the process that it belongs to. */
export const OWN_NAME = /^keyserver-tests-([0-9]+)-/;

/**
 * Gives a run of the tests a temporary directory of its own, which goes away with the run, whatever its tests leave there
 * when they fail. What a run left that was killed itself goes away here.
 */
export default function ownTemporaryDirectory(): void {
  const outer = tmpdir();
  for (const entry of readdirSync(outer)) {
    const pid = Number(OWN_NAME.exec(entry)?.[1] ?? process.pid);
    if (!isRunning(pid)) rmSync(join(outer, entry), { recursive: true, force: true });
  }
  const own = mkdtempSync(join(outer, `keyserver-tests-${process.pid}-`));
  // What `tmpdir()` goes by on every system; the processes that run the tests inherit it.
  for (const name of ['TMPDIR', 'TMP', 'TEMP']) process.env[name] = own;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it runs, as another user's
  }
}
