import { Storage } from '@google-cloud/storage';
import { PassThroughClient } from 'google-auth-library';
import type { BlobStore, OpenBucket } from '@keyserver/export-file';
import type { Random } from '@keyserver/random';
import type { Timers } from '@keyserver/time';
import { deleteObject, writeObject } from './write-object.ts';
import { type Objects, findObject, listObjects } from './find-objects.ts';
import { readObject } from './read-object.ts';
import { type Attempts, type CallLimits, repeatedly } from './attempts.ts';
import { CloudStorageFault, faultOf } from './fault.ts';

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
  /** Who has been granted which role on the bucket itself; what it inherits from its project is not among it. */
  readonly grantsOf: (bucket: string) => Promise<readonly BucketGrant[]>;
}

/** A role, and who has it. */
export interface BucketGrant {
  readonly role: string;
  readonly members: readonly string[];
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
    grantsOf: async (bucket) => await readGrants(client, bucket, attempts),
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

async function readGrants(
  client: Storage,
  bucket: string,
  attempts: Attempts,
): Promise<readonly BucketGrant[]> {
  try {
    return await repeatedly(attempts, async () => {
      // Version 3 tells conditions too; under an older one a policy that has any is refused.
      const [policy] = await client.bucket(bucket).iam.getPolicy({ requestedPolicyVersion: 3 });
      return policy.bindings.map(({ role, members }) => ({ role, members }));
    });
  } catch (error) {
    throw faultOf(`reading the grants of the bucket ${bucket}`, error);
  }
}

/**
 * The client of a project. Its requests go through Node's own agents, which close a connection that was idle for 5 s; one
 * that dies while it is used costs one attempt, whose end destroys it. It retries nothing itself: its retries know no deadline, wait at least a second, and cannot
 * know whether a repetition is safe. A stand-in at `apiEndpoint` is asked without credentials.
 */
function createClient(projectId: string, apiEndpoint: string | undefined): Storage {
  const retryOptions = { autoRetry: false };
  if (apiEndpoint === undefined) return notElsewhere(new Storage({ projectId, retryOptions }));
  return notElsewhere(
    new Storage({
      projectId,
      apiEndpoint,
      retryOptions,
      authClient: new PassThroughClient(),
      useAuthWithCustomEndpoint: true,
    }),
  );
}

/** The client lets a variable of the environment send everything to any other host, in plain text and without credentials. */
function notElsewhere(client: Storage): Storage {
  if (URL.canParse(client.apiEndpoint) && client.baseUrl === `${client.apiEndpoint}/storage/v1`)
    return client;
  throw new RangeError('STORAGE_EMULATOR_HOST is not supported: unset it, or name an endpoint');
}

/** The objects of one bucket in Cloud Storage. */
const cloudBucket = (objects: Objects): BlobStore => ({
  find: async (name) => (isObjectName(name) ? (await findObject(objects, name))?.info : undefined),
  read: async (name) => (isObjectName(name) ? await readObject(objects, name) : undefined),
  put: async (name, content, { headers, expected }) => {
    if (!isObjectName(name)) throw new RangeError('not the name of an object');
    return await writeObject(objects, { name, content, headers, expected });
  },
  list: (prefix) => listObjects(objects, prefix),
  delete: async (name) => {
    if (isObjectName(name)) await deleteObject(objects, name);
  },
});

const SEGMENT = /^[A-Za-z0-9._-]+$/;
const BUCKET = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/;
const MOST_BYTES = 1024;

const isPlain = (segment: string): boolean =>
  SEGMENT.test(segment) && segment !== '.' && segment !== '..';

/**
 * Whether an object may have this name. Cloud Storage allows nearly anything; the port allows plain segments, so that a
 * name means the same on every platform and in every URL.
 */
const isObjectName = (name: string): boolean =>
  name.length <= MOST_BYTES && name.split('/').every(isPlain);

/** Whether a bucket may have this name. */
const isBucketName = (name: string): boolean => BUCKET.test(name);
