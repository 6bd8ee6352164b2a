import { join } from 'node:path';

const SEGMENT = /^[A-Za-z0-9._-]{1,200}$/;
const BUCKET = /^[a-z0-9][a-z0-9._-]{0,61}[a-z0-9]$/;
const MOST_BYTES = 1024; // Cloud Storage's limit, kept so that a deployment can move there

const isPlain = (segment: string): boolean =>
  SEGMENT.test(segment) && segment !== '.' && segment !== '..';

/** The directory of an object below its bucket; undefined for a name that no object can have. */
export function directoryOfObject(bucketDirectory: string, name: string): string | undefined {
  const segments = name.split('/');
  const fits = name.length <= MOST_BYTES && segments.every(isPlain);
  return fits ? join(bucketDirectory, ...segments) : undefined;
}

/** The directory of a bucket; undefined for a name that no bucket can have. */
export const directoryOfBucket = (root: string, bucket: string): string | undefined =>
  BUCKET.test(bucket) ? join(root, bucket) : undefined;
