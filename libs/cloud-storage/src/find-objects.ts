import type { BlobHeaders, BlobInfo } from '@keyserver/export-file';
import type { Bucket } from '@google-cloud/storage';
import { CloudStorageFault, faultOf, lacksBucket, statusOf } from './fault.ts';
import { type Attempts, repeatedly } from './attempts.ts';

/** An object as Cloud Storage describes it. */
export interface ObjectResource {
  readonly info: BlobInfo;
  /** CRC32C of the content, in base64. */
  readonly crc32c: string;
  /** The attempt that wrote it; undefined for an object that something else has put there. */
  readonly writtenBy: string | undefined;
}

/** What is said of an object when it is created. `writtenBy` lets an attempt recognise its own object afterwards. */
export const descriptionOf = (
  { contentType, cacheControl, digest }: BlobHeaders,
  writtenBy: string,
): { contentType: string; cacheControl: string; metadata: Record<string, string> } => ({
  contentType,
  cacheControl,
  metadata: { digest, writer: writtenBy },
});

const NUMBER = /^\d+$/;

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

// The interface gives numbers as text, but some calls of the client turn them into numbers.
const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

/** Reads the description of an object. What others have put there has no digest, and may have no cache header. */
export function parseResource(name: string, resource: unknown): ObjectResource {
  const fields: Fields = isFields(resource) ? resource : {};
  const { generation, size, contentType, cacheControl, crc32c, metadata } = fields;
  const custom: Fields = isFields(metadata) ? metadata : {};
  const found = { generation: textOf(generation), size: textOf(size), crc32c: textOf(crc32c) };
  if (!NUMBER.test(found.generation) || !NUMBER.test(found.size) || found.crc32c === '') {
    throw new CloudStorageFault('refused', 'reading the description of an object');
  }
  const info: BlobInfo = {
    name,
    generation: found.generation,
    size: Number(found.size),
    contentType: textOf(contentType),
    cacheControl: textOf(cacheControl),
    digest: textOf(custom['digest']),
  };
  const writer = custom['writer'];
  return {
    info,
    crc32c: found.crc32c,
    writtenBy: typeof writer === 'string' ? writer : undefined,
  };
}

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

const PAGE = 1000;

interface Page {
  readonly infos: readonly BlobInfo[];
  readonly next: string | undefined;
}

/** The objects whose names begin with `prefix`, page by page. */
export async function* listObjects(objects: Objects, prefix: string): AsyncGenerator<BlobInfo> {
  let next: string | undefined = '';
  while (next !== undefined) {
    const page: Page = await listPage(objects, prefix, next);
    yield* page.infos;
    ({ next } = page);
  }
}

async function listPage(
  { bucket, options }: Objects,
  prefix: string,
  pageToken: string,
): Promise<Page> {
  try {
    return await repeatedly(options, async () => {
      const query = { prefix, maxResults: PAGE, autoPaginate: false, pageToken };
      const [files, following] = await bucket.getFiles(query);
      const infos = files.map(({ name, metadata }) => parseResource(name, metadata).info);
      return { infos, next: tokenOf(following) };
    });
  } catch (error) {
    throw faultOf(`listing the objects of the bucket ${bucket.name}`, error);
  }
}

// The client gives null, or the query for what follows.
const tokenOf = (following: unknown): string | undefined =>
  typeof following === 'object' &&
  following !== null &&
  'pageToken' in following &&
  typeof following.pageToken === 'string'
    ? following.pageToken
    : undefined;
