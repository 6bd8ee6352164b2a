import type { OpenBucket } from '@keyserver/export-file';
import { type Clock, SECOND } from '@keyserver/time';

/** How long a bucket that was found to be the store's own is believed to be so. */
const BELIEVED = 30 * SECOND;

/** A check of a bucket that asks at most twice a minute while all is well, and every time while it is not. */
export function rememberedCheck(
  check: (bucket: string) => Promise<void>,
  clock: Clock,
): (bucket: string) => Promise<void> {
  const found = new Map<string, number>();
  return async (bucket) => {
    const age = clock.now() - (found.get(bucket) ?? -Infinity);
    if (age >= 0 && age < BELIEVED) return;
    await check(bucket);
    found.set(bucket, clock.now());
  };
}

/** Buckets into which nothing is put before `check` has found that they belong to the store. */
export const guardedBuckets =
  (openBucket: OpenBucket, check: (bucket: string) => Promise<void>): OpenBucket =>
  (name) => {
    const bucket = openBucket(name);
    return {
      find: async (object) => await bucket.find(object),
      read: async (object) => await bucket.read(object),
      list: (prefix) => bucket.list(prefix),
      put: async (object, content, options) => {
        await check(name);
        return await bucket.put(object, content, options);
      },
      delete: async (object) => {
        await check(name);
        await bucket.delete(object);
      },
    };
  };
