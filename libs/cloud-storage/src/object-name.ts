const SEGMENT = /^[A-Za-z0-9._-]+$/;
const BUCKET = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/;
const MOST_BYTES = 1024;

const isPlain = (segment: string): boolean =>
  SEGMENT.test(segment) && segment !== '.' && segment !== '..';

/**
 * Whether an object may have this name. Cloud Storage allows nearly anything; the port allows plain segments, so that a
 * name means the same on every platform and in every URL.
 */
export const isObjectName = (name: string): boolean =>
  name.length <= MOST_BYTES && name.split('/').every(isPlain);

/** Whether a bucket may have this name. */
export const isBucketName = (name: string): boolean => BUCKET.test(name);
