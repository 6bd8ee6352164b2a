import { createHash } from 'node:crypto';
import type { DocumentStore, StorePart } from '@keyserver/docstore';
import { type BlobStore, type OpenBucket, indexName } from '@keyserver/export-file';
import { batchOf, exportBatches } from './export-batch-document.ts';
import { listExports } from './configuration-lookup.ts';

/** The object that says which store a bucket belongs to. No index names it, and it tells nothing of anybody. */
export const STORE_ID_OBJECT = '.store-id';

const HEADERS = { contentType: 'text/plain', cacheControl: 'no-cache, max-age=0' };
const BUCKET = 'bucket:';

/** A bucket as a part of a store. */
export function bucketPart(openBucket: OpenBucket, bucket: string): StorePart {
  return {
    name: `${BUCKET}${bucket}`,
    described: `The bucket ${bucket}`,
    readId: async () => {
      const found = await openBucket(bucket).read(STORE_ID_OBJECT);
      return found === undefined ? undefined : Buffer.from(found.content).toString('latin1').trim();
    },
    writeId: async (id) => {
      await replaceId(openBucket(bucket), id);
    },
  };
}

/** The buckets of all exports, ended ones too. */
export async function bucketParts(
  store: DocumentStore,
  openBucket: OpenBucket,
): Promise<readonly StorePart[]> {
  const buckets = new Set((await listExports(store)()).map(({ bucket }) => bucket));
  return [...buckets].sort().map((bucket) => bucketPart(openBucket, bucket));
}

async function replaceId(bucket: BlobStore, id: string): Promise<void> {
  const content = Buffer.from(`${id}\n`);
  const digest = createHash('sha256').update(content).digest('hex');
  const expected = (await bucket.find(STORE_ID_OBJECT))?.generation ?? 'absent';
  // Of two processes that do this at once one is refused, and finds the id at its next check.
  await bucket.put(STORE_ID_OBJECT, once(content), { headers: { ...HEADERS, digest }, expected });
}

// eslint-disable-next-line @typescript-eslint/require-await -- content comes as a stream
async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

/**
 * Why a bucket that was never given an id cannot be one of an earlier version: the database knows listed files in it, and
 * their index is not there.
 */
export function bucketObjection(
  store: DocumentStore,
  openBucket: OpenBucket,
): (part: StorePart) => Promise<string | undefined> {
  return async ({ name }) => {
    const bucket = name.slice(BUCKET.length);
    for (const { id, filenameRoot } of await listExports(store)()) {
      if (!(await hasListedFiles(store, id, bucket))) continue;
      const index = indexName(filenameRoot);
      if ((await openBucket(bucket).find(index)) === undefined)
        return `lacks ${index}, although files of the export ${id} were listed there`;
    }
    return undefined;
  };
}

async function hasListedFiles(
  store: DocumentStore,
  config: string,
  bucket: string,
): Promise<boolean> {
  const query = { where: { config, state: 'complete' }, order: { by: 'end' } } as const;
  for await (const page of store.pages(exportBatches, query))
    for (const { id, value } of page) if (batchOf(id, value).config.bucket === bucket) return true;
  return false;
}
