import type { Storage } from '@google-cloud/storage';
import type { OpenBucket } from '@keyserver/export-file';
import type { Random } from '@keyserver/random';
import type { Timers } from '@keyserver/time';
import { type Attempts, type CallLimits, repeatedly } from './attempts.ts';
import { createClient } from './client.ts';
import { cloudBucket } from './cloud-bucket.ts';
import { CloudStorageFault, faultOf } from './fault.ts';
import { isBucketName } from './object-name.ts';

const MIB = 1024 * 1024;

const DEFAULT_PATIENCE: CallLimits = {
  callMillis: 10_000,
  contentMillis: 30_000,
  attempts: 5,
  firstPauseMs: 500, // one object takes about one write a second
  longestPauseMs: 10_000,
};

/** Everything that an object's life needs; to look for an object that is not there needs `list`. */
const PERMISSIONS = ['create', 'delete', 'get', 'list'].map((verb) => `storage.objects.${verb}`);

/** How Cloud Storage is reached and how patiently. */
export interface CloudBucketSettings {
  readonly projectId: string;
  /** Where something stands in for Cloud Storage; it is asked without credentials. */
  readonly apiEndpoint?: string;
  readonly limits?: Partial<CallLimits>;
  /** Most content held in memory at a time, per upload; a multiple of 256 KiB, as Cloud Storage demands. */
  readonly chunkBytes?: number;
  readonly random: Random;
  readonly timers: Timers;
}

/** The buckets of a project in Cloud Storage. */
export interface CloudBuckets {
  readonly openBucket: OpenBucket;
  /** Resolves when the bucket is there and everything needed may be done in it; otherwise the rejection says what is wrong. */
  readonly check: (bucket: string) => Promise<void>;
}

/** Opens the buckets of a project. Nothing is sent before the first use. */
export function openCloudBuckets(settings: CloudBucketSettings): CloudBuckets {
  const { random, timers, chunkBytes = 8 * MIB } = settings;
  if (chunkBytes <= 0 || chunkBytes % (MIB / 4) !== 0) {
    throw new RangeError('chunks must be multiples of 256 KiB');
  }
  const client = createClient(settings.projectId, settings.apiEndpoint);
  const limits = { ...DEFAULT_PATIENCE, ...settings.limits };
  const attempts = { random, timers, limits };
  return {
    openBucket: (bucket) => {
      if (!isBucketName(bucket)) throw new RangeError('not the name of a bucket');
      const options = { ...attempts, chunkBytes };
      return cloudBucket({ bucket: client.bucket(bucket), options });
    },
    check: async (bucket) => {
      await checkBucket(client, bucket, attempts);
    },
  };
}

async function checkBucket(client: Storage, bucket: string, attempts: Attempts): Promise<void> {
  const lacking = await repeatedly(attempts, async () => {
    const [granted] = await client.bucket(bucket).iam.testPermissions(PERMISSIONS);
    return PERMISSIONS.filter((permission) => granted[permission] !== true);
  }).catch((error: unknown) => {
    throw faultOf(`checking the bucket ${bucket}`, error);
  });
  if (lacking.length === 0) return;
  throw new CloudStorageFault(
    'forbidden',
    `checking the bucket ${bucket} for ${lacking.join(', ')}`,
  );
}
