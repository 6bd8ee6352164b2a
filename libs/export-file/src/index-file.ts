import { DAY, SECOND } from '@keyserver/time';
import type { BlobHeaders } from './blob-store.ts';

type ServedAs = Omit<BlobHeaders, 'digest'>;

/**
 * For how many hours an exported file stays in the index: phones look for files of the last 14 days, and below 10 days some would
 * vanish before phones that were off have read them.
 */
export const EXPORT_RETENTION_HOURS = { min: 240, max: 720, default: 336 } as const;

/** For how long a cache or a phone may keep an archive, and may still ask for one that an index has named, ms. */
export const ARCHIVE_MAX_AGE = DAY;

/** How archives are served: their content never changes under one name. */
export const ARCHIVE_HEADERS: ServedAs = {
  contentType: 'application/zip',
  cacheControl: `public, max-age=${ARCHIVE_MAX_AGE / SECOND}`,
};

/**
 * For how many seconds caches may keep an index and the keys beside it. A stale index hides new files, and one that nobody may keep
 * is fetched from the bucket by every phone, some times a day.
 */
export const INDEX_MAX_AGE_SECONDS = { min: 0, max: 300, default: 60 } as const;

/** The Cache-Control of what may change at any time, and may be kept for so many seconds. */
export const keptFor = (seconds: number): string =>
  seconds === 0 ? 'no-cache, max-age=0' : `public, max-age=${seconds}`;

/** How the index is served. */
export const indexHeaders = (maxAgeSeconds: number): ServedAs => ({
  contentType: 'text/plain',
  cacheControl: keptFor(maxAgeSeconds),
});

const MAX_INDEX_BYTES = 1024 * 1024;
const MAX_NAME_LENGTH = 1024;
const PLAIN_NAME = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;
const CLIMBS = /(?:^|\/)\.{1,2}(?:\/|$)/;

/** Object name of the index of an export. */
export const indexName = (filenameRoot: string): string => `${filenameRoot}/index.txt`;

/**
 * The index that lists these archives once each, in the order given. Nothing to list gives no bytes. Names are not sorted
 * here: after an edited period a later file may have a name that sorts before those that phones have seen.
 */
export function renderIndex(names: Iterable<string>): Uint8Array {
  const lines = [...new Set(names)];
  if (!lines.every(isArchiveName)) throw new Error('an index lists plain object names');
  return Buffer.from(lines.join('\n'));
}

/**
 * The archive names of an index in its order; undefined for anything else, such as a page of HTML, and for more than 1 MiB.
 * Other servers and proxies end lines in CRLF, or the last one too: all of that is read.
 */
export function parseIndex(content: Uint8Array): readonly string[] | undefined {
  if (content.length === 0) return [];
  if (content.length > MAX_INDEX_BYTES) return undefined;
  const lines = Buffer.from(content).toString('latin1').split(/\r?\n/);
  const names = lines.at(-1) === '' ? lines.slice(0, -1) : lines;
  if (!names.every(isArchiveName) || new Set(names).size < names.length) return undefined;
  return names;
}

/** A relative path of plain segments that never leaves its folder. */
const isArchiveName = (name: string): boolean =>
  name.length <= MAX_NAME_LENGTH && PLAIN_NAME.test(name) && !CLIMBS.test(name);
