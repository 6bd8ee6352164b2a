import type { BlobInfo } from '@keyserver/export-file';
import { repeatedly } from './attempts.ts';
import { faultOf } from './fault.ts';
import type { Objects } from './find-object.ts';
import { parseResource } from './object-resource.ts';

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
