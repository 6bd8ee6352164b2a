import { spawn } from 'node:child_process';
import {
  cp,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

/** How the tests took a mutation. */
export type Verdict = 'killed' | 'survived' | 'timed out';

/** A copy of the project in which files can be changed and tests run. */
export interface Scratch {
  /** Runs tests with another content in the place of a file; the file is put back. */
  test(of: {
    readonly file: string;
    readonly content: string;
    readonly jestArguments: readonly string[];
  }): Promise<Verdict>;
  remove(): Promise<void>;
}

const LEFT_OUT = new Set(['.git', 'node_modules', 'dist', 'coverage', '.data']);
const LONGEST_MS = 120_000;

/** Copies the project at `root`. Packages from npm are linked; those of the project are its own copies. */
export async function openScratch(root: string): Promise<Scratch> {
  const copy = await mkdtemp(join(tmpdir(), 'keyserver-mutants-'));
  await cp(root, copy, {
    recursive: true,
    filter: (path) =>
      !relative(root, path)
        .split('/')
        .some((part) => LEFT_OUT.has(part)),
  });
  await linkPackages(root, copy);
  return {
    test: async ({ file, content, jestArguments }) => {
      const path = join(copy, file);
      const before = await readFile(path, 'utf8');
      await writeFile(path, content);
      try {
        return await runJest(copy, jestArguments);
      } finally {
        await writeFile(path, before);
      }
    },
    remove: async () => {
      await rm(copy, { recursive: true, force: true });
    },
  };
}

async function linkPackages(root: string, copy: string): Promise<void> {
  await mkdir(join(copy, 'node_modules', '@keyserver'), { recursive: true });
  for (const name of await readdir(join(root, 'node_modules')))
    if (name !== '@keyserver')
      await symlink(join(root, 'node_modules', name), join(copy, 'node_modules', name));
  for (const name of await readdir(join(root, 'node_modules', '@keyserver'))) {
    const target = await readlink(join(root, 'node_modules', '@keyserver', name));
    await symlink(target, join(copy, 'node_modules', '@keyserver', name));
  }
  for (const room of ['libs', 'services', 'tools'])
    for (const name of await readdir(join(root, room))) {
      const own = join(room, name, 'node_modules');
      const there = await readdir(join(root, own)).catch(() => []); // most packages have none of their own
      if (there.length > 0) await symlink(join(root, own), join(copy, own));
    }
}

async function runJest(directory: string, jestArguments: readonly string[]): Promise<Verdict> {
  const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'];
  const child = spawn(
    process.execPath,
    [...jest, '--runInBand', '--bail', '--passWithNoTests', ...jestArguments],
    { cwd: directory, stdio: 'ignore', timeout: LONGEST_MS, killSignal: 'SIGKILL' },
  );
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (status) => {
      resolve(status === null ? 'timed out' : status === 0 ? 'survived' : 'killed');
    });
  });
}
