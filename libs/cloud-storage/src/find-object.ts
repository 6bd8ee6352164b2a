import type { Bucket } from '@google-cloud/storage';
import { type Attempts, repeatedly } from './attempts.ts';
import { faultOf, lacksBucket, statusOf } from './fault.ts';
import { type ObjectResource, parseResource } from './object-resource.ts';

/** What the adapter of a bucket needs besides the client. */
export interface BucketOptions extends Attempts {
  readonly chunkBytes: number;
}

/** A bucket of the client and how it is used. */
export interface Objects {
  readonly bucket: Bucket;
  readonly options: BucketOptions;
}

/** Whether an error says that there is no such object. */
export const missing = (error: unknown): boolean => statusOf(error) === 404 && !lacksBucket(error);
/** Whether an error says that another generation is there than the one expected. */
export const conditionFailed = (error: unknown): boolean => statusOf(error) === 412;

/** The description of an object; undefined when there is none. */
export async function findObject(
  { bucket, options }: Objects,
  name: string,
): Promise<ObjectResource | undefined> {
  try {
    return await repeatedly(options, async () => {
      const [resource] = await bucket.file(name).getMetadata();
      return parseResource(name, resource);
    });
  } catch (error) {
    if (missing(error)) return undefined;
    throw faultOf(`looking for an object of the bucket ${bucket.name}`, error);
  }
}
