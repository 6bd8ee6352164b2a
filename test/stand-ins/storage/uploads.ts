import type { IncomingHttpHeaders } from 'node:http';
import { type Answer, Refusal, emptyAnswer, invalid, jsonAnswer } from './answer.ts';
import { declaredChecksums } from './checksums.ts';
import { checkPreconditions } from './preconditions.ts';
import {
  type ObjectDescription,
  type StoredBucket,
  type StoredObject,
  resourceOf,
} from './stored-bucket.ts';

/** An upload as it arrives in one request. */
export interface UploadRequest {
  readonly bucket: StoredBucket;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A content and its description in one request, as multipart/related. */
export function insertMultipart({ bucket, query, headers, body }: UploadRequest): Answer {
  const boundary = /boundary="?([^";]+)"?/.exec(headers['content-type'] ?? '')?.[1];
  const [described, content, ...others] = boundary === undefined ? [] : partsOf(body, boundary);
  if (described === undefined || content === undefined || others.length > 0) {
    throw invalid('Malformed multipart body.');
  }
  const description = descriptionIn(described.content);
  const contentType = /^content-type:\s*(.+)$/im.exec(content.head)?.[1]?.trim();
  return jsonAnswer(
    resourceOf(
      bucket.insert(
        { ...(contentType === undefined ? {} : { contentType }), ...description },
        content.content,
        query,
      ),
    ),
  );
}

/** A content alone. */
export function insertMedia({ bucket, query, headers, body }: UploadRequest): Answer {
  const contentType = headers['content-type'];
  const description = {
    ...(contentType === undefined ? {} : { contentType }),
    ...declaredChecksums(headers['x-goog-hash']),
  };
  return jsonAnswer(resourceOf(bucket.insert(description, body, query)));
}

function partsOf(body: Buffer, boundary: string): { head: string; content: Buffer }[] {
  const parts = [];
  const delimiter = Buffer.from(`--${boundary}`);
  let start = body.indexOf(delimiter);
  for (;;) {
    const end = body.indexOf(delimiter, start + delimiter.length);
    if (start < 0 || end < 0) return parts;
    const part = body.subarray(start + delimiter.length + 2, end - 2);
    const gap = part.indexOf('\r\n\r\n');
    if (gap < 0) throw invalid('Malformed part of a multipart body.');
    parts.push({ head: part.subarray(0, gap).toString(), content: part.subarray(gap + 4) });
    start = end;
  }
}

function descriptionIn(json: Buffer): ObjectDescription {
  try {
    return json.length === 0 ? {} : (JSON.parse(json.toString()) as ObjectDescription);
  } catch {
    throw invalid('Parse Error');
  }
}

/** All but the last request of a resumable upload carry a multiple of this many bytes. */
const UPLOAD_GRAIN = 256 * 1024;

interface Session {
  readonly bucket: StoredBucket;
  readonly description: ObjectDescription;
  readonly query: URLSearchParams;
  readonly parts: Buffer[];
  length: number;
  finished: StoredObject | undefined;
}

/** Resumable uploads in progress and finished. */
export class UploadSessions {
  readonly #sessions = new Map<string, Session>();
  #started = 0;

  /** Starts a session; the answer is its id. */
  start({ bucket, query, headers, body }: UploadRequest): string {
    const contentType = headers['x-upload-content-type'];
    const description = {
      ...(typeof contentType === 'string' ? { contentType } : {}),
      ...descriptionIn(body),
    };
    checkPreconditions(bucket.find(bucket.nameOf(description, query)), query, 'write');
    const id = `upload-${String(++this.#started)}`;
    const nothing = { parts: [], length: 0, finished: undefined };
    this.#sessions.set(id, { bucket, description, query, ...nothing });
    return id;
  }

  /** Takes what one request carries, or only says how far the upload is. */
  receive(id: string, { headers, body }: Pick<UploadRequest, 'headers' | 'body'>): Answer {
    const session = this.#session(id);
    if (session.finished !== undefined) return jsonAnswer(resourceOf(session.finished));
    const range = rangeOf(headers['content-range'], body.length);
    if (range.start !== undefined) append(session, range.start, body);
    if (range.total !== session.length) {
      if (body.length % UPLOAD_GRAIN !== 0) {
        throw invalid(`Only the last request may carry no multiple of ${UPLOAD_GRAIN} bytes.`);
      }
      return progress(session);
    }
    return this.#finish(id, session, headers);
  }

  /** Keeps what had arrived of a request when its connection broke. */
  keepPart(id: string, { headers, body }: Pick<UploadRequest, 'headers' | 'body'>): void {
    const session = this.#sessions.get(id);
    const start = /^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1];
    if (session === undefined || session.finished !== undefined || start === undefined) return;
    append(session, Number(start), body.subarray(0, body.length - (body.length % UPLOAD_GRAIN)));
  }

  cancel(id: string): Answer {
    this.#session(id);
    this.#sessions.delete(id);
    return emptyAnswer(499);
  }

  #session(id: string): Session {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new Refusal(404, 'notFound', 'No such upload.');
    return session;
  }

  #finish(id: string, session: Session, headers: IncomingHttpHeaders): Answer {
    const { bucket, description, parts, query } = session;
    const content = Buffer.concat(parts);
    try {
      const declared = declaredChecksums(headers['x-goog-hash']);
      session.finished = bucket.insert({ ...description, ...declared }, content, query);
    } catch (error) {
      this.#sessions.delete(id);
      throw error;
    }
    parts.length = 0;
    return jsonAnswer(resourceOf(session.finished));
  }
}

function append(session: Session, start: number, body: Buffer): void {
  const known = session.length - start;
  if (known < 0) throw invalid('The request leaves a gap.');
  const fresh = body.subarray(known);
  session.parts.push(fresh);
  session.length += fresh.length;
}

function progress({ length }: Session): Answer {
  return emptyAnswer(308, length === 0 ? {} : { range: `bytes=0-${length - 1}` });
}

/** All of a content at once. An empty request names neither a content nor the end of one. */
function withoutRange(length: number): { start: number; total: number } {
  if (length === 0) throw invalid('Missing Content-Range header.');
  return { start: 0, total: length };
}

/** Where a request's content begins, if it carries one, and how long the object is, if that is known by now. */
function rangeOf(
  header: string | undefined,
  length: number,
): { start: number | undefined; total: number | undefined } {
  if (header === undefined) return withoutRange(length);
  const range = /^bytes (?:\*|(\d+)-(\d+|\*))\/(\d+|\*)$/.exec(header);
  if (range === null) throw invalid('Failed to parse Content-Range header.');
  const [, first, last, whole] = range;
  const start = first === undefined ? undefined : Number(first);
  if (start !== undefined && last !== '*' && Number(last) !== start + length - 1) {
    throw invalid('The content is not as long as its range.');
  }
  if (whole !== '*') return { start, total: Number(whole) };
  // A range without an end is the rest of the object.
  return { start, total: start !== undefined && last === '*' ? start + length : undefined };
}
