import { createHash } from 'node:crypto';
import {
  type BlobStore,
  parseIndex,
  parseVerificationKeys,
  verifyExport,
} from '@keyserver/export-file';
import type { Clock } from '@keyserver/time';
import { setTimeout as pause } from 'node:timers/promises';
import { keysIn } from '@keyserver/export/testing';
import type { Download, PublishedFile } from './checks.ts';

/** Looks at an index and its files as phones do, and keeps everything that it saw. */
export interface IndexWatch {
  readonly listings: (readonly string[])[];
  readonly downloads: Download[];
  /** Looks once: a new version of the index is kept and its new files are downloaded at once. */
  look(): Promise<void>;
  /** Looks again and again. */
  follow(stopping: AbortSignal): Promise<void>;
  /** Downloads every file that was ever listed once more, with the keys of those that are listed now. */
  finish(): Promise<readonly PublishedFile[]>;
}

const BETWEEN_MS = 40;

/** Watches the index below a root of a bucket. */
export function watchIndex(bucket: BlobStore, root: string, clock: Clock): IndexWatch {
  const listings: (readonly string[])[] = [];
  const downloads: Download[] = [];
  let generation: string | undefined;

  const read = async (name: string): Promise<Uint8Array | undefined> =>
    (await bucket.read(`${root}/${name}`))?.content;

  async function download(name: string): Promise<Uint8Array | undefined> {
    const content = (await bucket.read(name))?.content;
    const violations = content === undefined ? [] : await violationsOf(content);
    const digest =
      content === undefined ? undefined : createHash('sha256').update(content).digest('hex');
    downloads.push({ name, digest, violations });
    return content;
  }

  async function violationsOf(content: Uint8Array): Promise<readonly string[]> {
    const keys = parseVerificationKeys((await read('keys.json')) ?? Buffer.from(''));
    if (keys === undefined) return ['there are no keys to verify it with'];
    const { violations } = await verifyExport(content, { keys, now: clock.now() });
    return violations.map((violation) => JSON.stringify(violation));
  }

  async function look(): Promise<void> {
    const index = await bucket.read(`${root}/index.txt`);
    if (index === undefined || index.info.generation === generation) return;
    generation = index.info.generation;
    const names = parseIndex(index.content) ?? ['an index that cannot be read'];
    const known = new Set(listings.flat());
    listings.push(names);
    for (const name of names) if (!known.has(name)) await download(name);
  }

  return {
    listings,
    downloads,
    look,
    follow: async (stopping) => {
      while (!stopping.aborted) {
        await look();
        await pause(BETWEEN_MS);
      }
    },
    finish: async () => {
      await look();
      const files: PublishedFile[] = [];
      const present = new Set(listings.at(-1));
      for (const name of new Set(listings.flat())) {
        const content = await download(name);
        if (content !== undefined && present.has(name)) files.push({ name, keys: keysIn(content) });
      }
      return files;
    },
  };
}
