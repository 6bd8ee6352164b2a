import type { DocumentStore, StorePart } from '@keyserver/docstore';
import type { OpenBucket } from '@keyserver/export-file';
import { type Clock, SECOND } from '@keyserver/time';
import { bucketObjection, bucketPart } from './bucket-part.ts';
import { checkPart } from './store-parts.ts';

/** The parts of a store that a process works with. */
export interface OwnParts {
  /** Buckets into which nothing is put while they do not belong to the store. */
  readonly openBucket: OpenBucket;
  readonly checkBucket: (bucket: string) => Promise<void>;
  /** Checks the part that is no bucket, where there is one, and the buckets that were asked for. */
  readonly check: () => Promise<void>;
}

/** Checks what lies outside the database against the id in it: at the start, before every write, and for health. */
export async function ownParts(options: {
  readonly store: DocumentStore;
  readonly storeId: string;
  /** The keys of one machine; undefined where they are in Cloud KMS. */
  readonly keysPart?: StorePart | undefined;
  readonly openBucket: OpenBucket;
  readonly clock: Clock;
}): Promise<OwnParts> {
  const { store, storeId, keysPart, openBucket, clock } = options;
  const objection = bucketObjection(store, openBucket);
  const checkBucket = rememberedCheck(async (bucket) => {
    await checkPart({ store, storeId, objection }, bucketPart(openBucket, bucket));
  }, clock);
  const asked = new Set<string>();
  const noted = async (bucket: string): Promise<void> => {
    asked.add(bucket);
    await checkBucket(bucket);
  };
  const checkKeys = async (): Promise<void> => {
    if (keysPart !== undefined) await checkPart({ store, storeId }, keysPart);
  };
  await checkKeys();
  return {
    openBucket: guardedBuckets(openBucket, noted),
    checkBucket: noted,
    check: async () => {
      await checkKeys();
      for (const bucket of asked) await checkBucket(bucket);
    },
  };
}

/** How long a bucket that was found to be the store's own is believed to be so. */
const BELIEVED = 30 * SECOND;

/** A check of a bucket that asks at most twice a minute while all is well, and every time while it is not. */
function rememberedCheck(
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
const guardedBuckets =
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
