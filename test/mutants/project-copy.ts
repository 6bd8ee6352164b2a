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
import { type Outcome, runInOrder } from './run-in-order.ts';

/** A copy of the project in which files can be changed and tests run. */
export interface ProjectCopy {
  /** Does something while a file has another content. */
  withFile<T>(file: string, content: string, act: () => Promise<T>): Promise<T>;
  /** Runs test files in this order until one fails. Whatever processes they started are killed at the end. */
  run(tests: readonly string[]): Promise<Outcome>;
  remove(): Promise<void>;
}

const LEFT_OUT = new Set(['.git', 'node_modules', 'dist', 'coverage', '.data']);

/** Copies the project at `root`. Packages from npm are linked; those of the project are its own copies. */
export async function copyProject(root: string): Promise<ProjectCopy> {
  const place = await mkdtemp(join(tmpdir(), 'keyserver-mutants-'));
  const copy = join(place, 'project');
  const temporary = join(place, 'tmp');
  const isKept = (path: string): boolean =>
    !relative(root, path)
      .split('/')
      .some((part) => LEFT_OUT.has(part));
  await cp(root, copy, { recursive: true, filter: isKept });
  await linkPackages(root, copy);
  return {
    withFile: (file, content, act) => withFile(join(copy, file), content, act),
    run: async (tests) => {
      await mkdir(temporary);
      const outcome = await runInOrder(tests, { directory: copy, temporary });
      await rm(temporary, { recursive: true, force: true, maxRetries: 5 });
      return outcome;
    },
    remove: () => rm(place, { recursive: true, force: true }),
  };
}

async function withFile<T>(path: string, content: string, act: () => Promise<T>): Promise<T> {
  const before = await readFile(path, 'utf8');
  await writeFile(path, content);
  try {
    return await act();
  } finally {
    await writeFile(path, before);
  }
}

async function linkPackages(root: string, copy: string): Promise<void> {
  await mkdir(join(copy, 'node_modules', '@keyserver'), { recursive: true });
  for (const name of await readdir(join(root, 'node_modules')))
    if (name !== '@keyserver' && name !== '.cache')
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
