import type { IncomingHttpHeaders } from 'node:http';
import { type Answer, emptyAnswer } from './answer.ts';
import { type StoredObject, etagOf } from './stored-bucket.ts';

/** An object as anyone may download it: with its own cache headers, and 304 for who has it already. */
export function publicAnswer(object: StoredObject, request: IncomingHttpHeaders): Answer {
  const headers = headersOf(object);
  const etag = headers['etag'] ?? '';
  const known = (request['if-none-match'] ?? '').split(',').map((tag) => tag.trim());
  if (known.includes('*') || known.some((tag) => tag.replace(/^W\//, '') === etag)) {
    return emptyAnswer(304, headers);
  }
  return mediaAnswer(object, request);
}

/** The content of an object, or one range of it. */
export function mediaAnswer(object: StoredObject, request: IncomingHttpHeaders): Answer {
  const { content } = object;
  const headers = headersOf(object);
  const range = /^bytes=(\d*)-(\d*)$/.exec(request.range ?? '');
  if (range === null || request.range === 'bytes=-') return { status: 200, headers, body: content };
  const [, first = '', last = ''] = range;
  const length = content.length;
  const start = first === '' ? Math.max(0, length - Number(last)) : Number(first);
  const end = first === '' || last === '' ? length : Math.min(length, Number(last) + 1);
  if (start >= end) return emptyAnswer(416, { 'content-range': `bytes */${length}` });
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${start}-${end - 1}/${length}` },
    body: content.subarray(start, end),
  };
}

function headersOf(object: StoredObject): Record<string, string> {
  const { contentType, cacheControl, crc32c, md5Hash, metadata = {} } = object;
  const custom = Object.entries(metadata).map(([key, value]) => [`x-goog-meta-${key}`, value]);
  return {
    ...(Object.fromEntries(custom) as Record<string, string>),
    'content-type': contentType,
    'cache-control': cacheControl ?? 'public, max-age=3600',
    etag: `"${etagOf(object)}"`,
    'last-modified': new Date(object.updated).toUTCString(),
    'accept-ranges': 'bytes',
    'x-goog-generation': object.generation,
    'x-goog-metageneration': object.metageneration,
    'x-goog-hash': `crc32c=${crc32c},md5=${md5Hash}`,
    'x-goog-stored-content-encoding': 'identity',
    'x-goog-stored-content-length': String(object.content.length),
  };
}
