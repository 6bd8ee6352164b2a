import { type Bucket, CRC32C } from '@google-cloud/storage';
import type { BlobInfo } from '@keyserver/export-file';
import { repeatedly } from './attempts.ts';
import { CloudStorageFault, faultOf } from './fault.ts';
import { type Objects, findObject, missing } from './find-objects.ts';

const ROUNDS = 20;

/** The content of an object with what is said of it; both belong to one generation. */
export async function readObject(
  objects: Objects,
  name: string,
): Promise<{ info: BlobInfo; content: Uint8Array } | undefined> {
  for (let round = 0; round < ROUNDS; round++) {
    const found = await findObject(objects, name);
    if (found === undefined) return undefined;
    const content = await download(objects, found.info);
    if (content === 'replaced') continue;
    const sum = new CRC32C();
    sum.update(content);
    if (sum.validate(found.crc32c)) return { info: found.info, content };
    throw new CloudStorageFault('corrupted', `reading an object of ${objects.bucket.name}`);
  }
  throw new Error('an object was replaced again and again while it was read');
}

async function download(
  { bucket, options }: Objects,
  info: BlobInfo,
): Promise<Buffer | 'replaced'> {
  const limits = { ...options.limits, callMillis: options.limits.contentMillis };
  try {
    return await repeatedly(
      { ...options, limits },
      async (signal) => await downloadGeneration(bucket, info, signal),
    );
  } catch (error) {
    if (missing(error)) return 'replaced';
    throw faultOf(`reading an object of the bucket ${bucket.name}`, error);
  }
}

/**
 * The content of exactly this generation. The request is our own, over the client's credentials: the client's download
 * cannot be abandoned, and when one breaks off it destroys the connections of all its other requests as well.
 */
async function downloadGeneration(
  { name: bucket, storage }: Bucket,
  { name, generation }: BlobInfo,
  signal: AbortSignal,
): Promise<Buffer> {
  const path = `b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(name)}`;
  const { data } = await storage.authClient.request<ArrayBuffer>({
    url: `${storage.apiEndpoint}/storage/v1/${path}`,
    params: { alt: 'media', generation },
    responseType: 'arraybuffer',
    signal,
  });
  return Buffer.from(data);
}
