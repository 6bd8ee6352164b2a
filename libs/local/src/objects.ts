import type { BlobHeaders, BlobInfo, BlobStore, OpenBucket } from '@keyserver/export-file';
import { type Random, randomId } from '@keyserver/random';
import { type Clock, type UnixMillis, unixMillis } from '@keyserver/time';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createIn, failedWith, removeFile, syncDirectory, writeDurably } from './durable-files.ts';
import { type Generation, contentFile, newestSlot, succeed } from './object-slots.ts';
import { ObjectFault, generationOf, infoOf, objectState } from './object-state.ts';
import { dropBefore, sweepBelow, sweepObject } from './object-sweep.ts';

const ATTEMPTS = 50;

/** An object held open: its bytes stay readable whatever happens to the object meanwhile. */
export interface OpenObject {
  readonly info: BlobInfo;
  readonly modified: UnixMillis;
  readonly content: FileHandle;
}

/** Buckets as directories below one root, shared by any number of processes. */
export interface BucketDirectory {
  readonly openBucket: OpenBucket;
  /** Opens an object to serve it; undefined when there is none, or can be none of this name. The caller closes `content`. */
  readonly openObject: (bucket: string, name: string) => Promise<OpenObject | undefined>;
  /** Removes what old generations, deletions and killed writers have left. */
  readonly sweep: () => Promise<void>;
}

interface ObjectParts {
  /** Compared with the times of files, so it is the machine's clock unless a test says otherwise. */
  readonly clock: Clock;
  readonly random: Random;
}

/** The object store of one machine, below the directory `root`. */
export function openBucketDirectory(root: string, parts: ObjectParts): BucketDirectory {
  return {
    openBucket: (bucket) => {
      const directory = directoryOfBucket(root, bucket);
      if (directory === undefined) throw new RangeError('not the name of a bucket');
      return directoryBucket(directory, parts);
    },
    openObject: async (bucket, name) => {
      const directory = directoryOfBucket(root, bucket);
      const found = directory === undefined ? undefined : await openNewest(directory, name);
      if (found !== 'damaged') return found;
      throw new ObjectFault(`${bucket}/${name}`, join(directory ?? '', name));
    },
    sweep: async () => {
      await sweepBelow(root, parts.clock.now());
    },
  };
}

function directoryBucket(bucketDirectory: string, parts: ObjectParts): BlobStore {
  return {
    find: async (name) => {
      const directory = directoryOfObject(bucketDirectory, name);
      return directory === undefined ? undefined : infoOf(await objectState(directory, name));
    },
    read: async (name) => {
      const found = await openNewest(bucketDirectory, name);
      if (found === undefined || found === 'damaged') return undefined;
      try {
        return { info: found.info, content: await found.content.readFile() };
      } finally {
        await found.content.close();
      }
    },
    put: async (name, content, { headers, expected }) => {
      const directory = directoryOfObject(bucketDirectory, name);
      if (directory === undefined) throw new RangeError('not the name of an object');
      if (generationOf(await objectState(directory, name)) !== expected) return 'conflict';
      const written = await write(directory, content, { headers, parts });
      const number = await commit({ directory, name }, written, expected);
      if (number === undefined) await removeFile(contentFile(directory, written.nonce));
      await sweepObject(directory, parts.clock.now());
      if (number === undefined) return 'conflict';
      const { nonce, size } = written;
      return { ...written.headers, name, size, generation: `${String(number)}-${nonce}` };
    },
    list: (prefix) => listBelow(bucketDirectory, '', prefix),
    delete: async (name) => {
      const directory = directoryOfObject(bucketDirectory, name);
      if (directory !== undefined) await remove(directory, randomId(parts.random));
    },
  };
}

/** The objects in the directories below that of an object, or of the bucket for the empty name. */
async function* listBelow(
  bucketDirectory: string,
  above: string,
  prefix: string,
): AsyncGenerator<BlobInfo> {
  for (const segment of await directoriesIn(join(bucketDirectory, above))) {
    const name = above === '' ? segment : `${above}/${segment}`;
    const isListed = name.startsWith(prefix);
    if (!isListed && !prefix.startsWith(`${name}/`)) continue;
    const info = isListed
      ? infoOf(await objectState(join(bucketDirectory, name), name))
      : undefined;
    if (info !== undefined) yield info;
    yield* listBelow(bucketDirectory, name, prefix);
  }
}

async function directoriesIn(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return [];
    throw error;
  }
}

async function openNewest(
  bucketDirectory: string,
  name: string,
): Promise<OpenObject | 'damaged' | undefined> {
  const directory = directoryOfObject(bucketDirectory, name);
  if (directory === undefined) return undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const state = await objectState(directory, name);
    if (state.kind === 'absent') return undefined;
    if (state.kind === 'damaged') return 'damaged';
    const content = await openUnlessGone(contentFile(directory, state.nonce));
    if (content === undefined) continue; // replaced or deleted since it was looked at: look again
    const modified = unixMillis(Math.floor((await content.stat()).mtimeMs));
    return { info: state.info, modified, content };
  }
  throw new Error('an object changed faster than it could be opened');
}

async function openUnlessGone(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return undefined;
    throw error;
  }
}

type Written = Extract<Generation, { kind: 'object' }>;

async function write(
  directory: string,
  content: AsyncIterable<Uint8Array>,
  { headers, parts }: { headers: BlobHeaders; parts: ObjectParts },
): Promise<Written> {
  const nonce = randomId(parts.random);
  const { contentType, cacheControl, digest } = headers;
  try {
    const file = await createIn(directory, basename(contentFile(directory, nonce)));
    const size = await writeDurably(file, content);
    await syncDirectory(directory); // the content must be found wherever its record is
    return { kind: 'object', nonce, size, headers: { contentType, cacheControl, digest } };
  } catch (error) {
    await removeFile(contentFile(directory, nonce));
    throw error;
  }
}

/** The number of the new generation; undefined when another writer was first. */
async function commit(
  { directory, name }: { readonly directory: string; readonly name: string },
  written: Written,
  expected: string,
): Promise<number | undefined> {
  for (;;) {
    const before = await objectState(directory, name);
    if (generationOf(before) !== expected) return undefined;
    const outcome = await succeed(directory, before.slot, written);
    if (outcome === 'lost') return undefined;
    if (outcome === 'done') return (before.slot?.number ?? 0) + 1;
  }
}

async function remove(directory: string, nonce: string): Promise<void> {
  for (;;) {
    const before = await newestSlot(directory);
    if (before === undefined) return;
    const gone = before.generation.kind === 'deleted';
    const deleted =
      gone || (await succeed(directory, before, { kind: 'deleted', nonce })) === 'done';
    if (!deleted) continue;
    // Also when it was gone already: a deletion that was killed half-way has left content.
    await dropBefore(directory, gone ? before.number : before.number + 1);
    return;
  }
}

const SEGMENT = /^[A-Za-z0-9._-]{1,200}$/;
const BUCKET = /^[a-z0-9][a-z0-9._-]{0,61}[a-z0-9]$/;
const MOST_BYTES = 1024; // Cloud Storage's limit, kept so that a deployment can move there

const isPlain = (segment: string): boolean =>
  SEGMENT.test(segment) && segment !== '.' && segment !== '..';

/** The directory of an object below its bucket; undefined for a name that no object can have. */
function directoryOfObject(bucketDirectory: string, name: string): string | undefined {
  const segments = name.split('/');
  const fits = name.length <= MOST_BYTES && segments.every(isPlain);
  return fits ? join(bucketDirectory, ...segments) : undefined;
}

/** The directory of a bucket; undefined for a name that no bucket can have. */
const directoryOfBucket = (root: string, bucket: string): string | undefined =>
  BUCKET.test(bucket) ? join(root, bucket) : undefined;
