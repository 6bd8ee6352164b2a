import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Built, parseDockerfile, parseIgnored, perform } from '@keyserver/image';

const ROOT = join(import.meta.dirname, '../..');
/** What all stages of a build take on the disk, in bytes, and much more. */
const ROOM = 4_000_000_000;

/** Every service of this project, and the command line. */
export const IMAGES: readonly string[] = [
  ...globSync('services/*/package.json', { cwd: ROOT }).map((path) => path.split('/')[1] ?? ''),
  'keyserver',
].sort();

/** A clean folder, in which images are built as the Dockerfile says. */
export interface Builder {
  /** Builds the image of a service; a second time it is built from the same installed packages, and all else anew. */
  build(service: string): Built;
  remove(): void;
}

/** Makes one, in memory where that has room. */
export function openBuilder(): Builder {
  const home = mkdtempSync(join(hasRoom('/dev/shm') ? '/dev/shm' : tmpdir(), 'keyserver-image-'));
  const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
  const dockerfile = parseDockerfile(read('Dockerfile'));
  const ignored = parseIgnored(read('.dockerignore'));
  const into = join(home, 'stages');
  return {
    build: (service) => {
      // What belongs to one service is built anew, below the same path, since compiled code is kept by paths.
      for (const stage of ['assembled', 'warmed', 'image'])
        rmSync(join(into, stage), { recursive: true, force: true });
      mkdirSync(into, { recursive: true });
      return perform(dockerfile, {
        ...{ context: ROOT, ignored, into },
        args: { SERVICE: service, SOURCE_DATE_EPOCH: sourceTime() },
        environment: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' },
      });
    },
    remove: () => {
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** The time of the newest commit, in seconds. */
export const sourceTime = (): string =>
  execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' }).trim();

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize > ROOM;
  } catch {
    return false; // other systems have no such folder
  }
}
