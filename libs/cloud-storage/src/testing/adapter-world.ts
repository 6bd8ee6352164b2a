import { machine } from '../../../../test/support/machine.ts';
import type { BlobHeaders, BlobStore } from '@keyserver/export-file';
import { type CloudBucketSettings, type CloudBuckets, openCloudBuckets } from '../index.ts';
import { type Timers, systemTimers } from '@keyserver/time';
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type StorageStandIn,
  type StorageStandInOptions,
  startStorageStandIn,
} from '@keyserver/stand-ins/storage';

export const CHUNK = 256 * 1024;
export const BUCKET = 'exports';
export const NAME = 'v1/a.zip';

export const HEADERS: BlobHeaders = {
  contentType: 'application/zip',
  cacheControl: 'public, max-age=86400',
  digest: 'ab'.repeat(32),
};

export const ABSENT = { headers: HEADERS, expected: 'absent' } as const;

/** Long deadlines, as a busy machine must not look like a dead server; pauses too short to notice. */
const LIMITS = {
  callMillis: 20_000,
  contentMillis: 20_000,
  attempts: 4,
  firstPauseMs: 1,
  longestPauseMs: 10_000,
};

/** Deadlines that a server without an answer reaches soon, and attempts enough for a busy machine to win in the end. */
export const HASTE = {
  callMillis: 400,
  contentMillis: 400,
  attempts: 12,
  firstPauseMs: 1,
  longestPauseMs: 10_000,
};

const running: StorageStandIn[] = [];

/** Starts a stand-in that `closeStandIns` will end. */
export async function standIn(options: StorageStandInOptions = {}): Promise<StorageStandIn> {
  const started = await startStorageStandIn({ buckets: [BUCKET], ...options });
  running.push(started);
  return started;
}

export async function closeStandIns(): Promise<void> {
  for (const each of running.splice(0)) await each.close();
}

/** The adapter over a stand-in, with chunks as small as Cloud Storage allows. */
export const bucketsOf = (
  { url }: { readonly url: string },
  settings: Partial<CloudBucketSettings> = {},
): CloudBuckets =>
  openCloudBuckets({
    ...machine,
    projectId: 'demo',
    apiEndpoint: url,
    chunkBytes: CHUNK,
    ...settings,
    limits: { ...LIMITS, ...settings.limits },
  });

/** The bucket of a new stand-in, through the adapter. */
export async function aBucket({
  server: options,
  ...settings
}: Partial<CloudBucketSettings> & { readonly server?: StorageStandInOptions } = {}): Promise<{
  readonly server: StorageStandIn;
  readonly bucket: BlobStore;
}> {
  const server = await standIn(options);
  return { server, bucket: bucketsOf(server, settings).openBucket(BUCKET) };
}

/** A content of so many bytes that repeats nowhere near, in pieces of uneven size, and its SHA-256. */
export function content(length: number): {
  readonly bytes: Buffer;
  readonly sha256: string;
  readonly pieces: () => AsyncGenerator<Uint8Array>;
} {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4)
    bytes.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at);
  return {
    bytes,
    sha256: sha256(bytes),
    pieces: async function* () {
      for (let at = 0, size = 70_001; at < length; at += size) {
        await Promise.resolve();
        yield bytes.subarray(at, at + size);
      }
    },
  };
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** SHA-256 of what lies in a bucket: far quicker compared than the bytes. */
export async function contentIn(bucket: BlobStore): Promise<string | undefined> {
  const found = await bucket.read(NAME);
  return found === undefined ? undefined : sha256(found.content);
}

/** Timers that let something happen before the first pause between two attempts ends; deadlines are left alone. */
export function timersWithPause(during: () => Promise<unknown>): Timers {
  let happened: Promise<unknown> | undefined;
  const happen = async (): Promise<void> => {
    happened ??= during();
    await happened;
  };
  return {
    ...systemTimers,
    after: (ms, then) => {
      if (ms < 100) {
        void happen().then(then);
        return () => undefined;
      }
      const abandoned = new AbortController();
      pause(ms, undefined, abandoned).then(then, () => undefined);
      return () => {
        abandoned.abort();
      };
    },
  };
}
