import type { FileHandle } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { integer, loadSettings, settings, text } from '@keyserver/config';
import type { BlobInfo } from '@keyserver/export-file';
import { Fault } from '@keyserver/fault';
import { configuredId, faultTrail } from '@keyserver/log';
import { type StartService, createHttpApp, listen, noteUnreadableIn } from '@keyserver/service';
import type { UnixMillis } from '@keyserver/time';
import type { Response } from 'express';

/** Every variable that the file server reads. */
export const cdnSettings = settings({
  PORT: integer({
    about: 'The port that serves the signed files; 0 takes any free one.',
    min: 0,
    max: 65_535,
    default: 8082,
  }),
  HOST: text({ about: 'The network address to listen on.', default: '127.0.0.1' }),
  DATA_DIR: text({ about: 'The directory of the local platform.', default: '.data' }),
});

/** Starts what stands in for the CDN on one machine: the buckets below a data directory, with the headers they were given. */
export const startCdn =
  (openBuckets: (dataDirectory: string) => FindObject): StartService =>
  async (env, ambient) => {
    const config = loadSettings(cdnSettings, env);
    const find = openBuckets(config.DATA_DIR);
    const { clock, timers, random, openLog, logHealth } = ambient;
    const log = openLog('warning');
    const app = createHttpApp({
      log,
      clock,
      timers,
      random,
      health: logHealth,
      routes: (routes, logOf) => {
        routes.use(async (request, response, next) => {
          if (request.method !== 'GET' && request.method !== 'HEAD') {
            response.status(405).set('Allow', 'GET, HEAD').json({ error: 'method not allowed' });
            return;
          }
          try {
            if (!(await serveObject(find, request, response))) next();
          } catch (fault) {
            if (!isDamage(fault)) throw fault;
            const { object = '' } = fault.details;
            const causes = faultTrail(fault);
            logOf(request).event('files.object_damaged', {
              object: configuredId({ id: object }),
              causes,
            });
            refuse(response);
          }
        });
      },
    });
    const noteUnreadable = noteUnreadableIn(log);
    return await listen(app, { port: config.PORT, host: config.HOST, timers, noteUnreadable });
  };

/** An object that is there and cannot be read, whoever noticed it. */
const isDamage = (fault: unknown): fault is Fault =>
  fault instanceof Fault && fault.code === 'damaged';

/** Asks to try again: the next job writes most of what may be damaged anew. What was begun is cut off. */
function refuse(response: Response): void {
  if (response.headersSent) response.destroy();
  else
    response
      .status(503)
      .set({ 'Retry-After': '60', 'Cache-Control': 'no-store' })
      .json({ error: 'this file is damaged' });
}

/** An object to be served. */
interface ServedObject {
  readonly info: BlobInfo;
  readonly modified: UnixMillis;
  readonly content: FileHandle;
}

/** An object has fewer bytes than it was recorded with. What is sent of it is cut off, so that nobody takes it for whole. */
class ShortObjectFault extends Fault<'damaged'> {
  constructor(object: string) {
    super('damaged', 'an object is shorter than it should be', { details: { object } });
  }
}

/** Opens an object of a bucket; undefined when there is none. A damaged one is thrown, with the code `damaged`. */
export type FindObject = (bucket: string, name: string) => Promise<ServedObject | undefined>;

/** What is read and sent at a time; a slow client holds that much memory, and must take it within the server's patience. */
const PIECE = 16_384;
const PATH = /^\/([^/?]+)\/([^?]+)/;

/** Answers GET and HEAD of `/<bucket>/<object>` as the CDN in front of the buckets would; false when there is no such object. */
async function serveObject(
  find: FindObject,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const [, bucket, name] = PATH.exec(request.url ?? '') ?? [];
  if (bucket === undefined || name === undefined) return false;
  const object = await find(bucket, name); // names hold no character that would be escaped in a URL
  if (object === undefined) return false;
  try {
    await answer(object, request, response);
  } finally {
    await object.content.close();
  }
  return true;
}

async function answer(
  { info, modified, content }: ServedObject,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const etag = `"${info.generation}"`;
  response.setHeader('ETag', etag);
  response.setHeader('Last-Modified', new Date(modified).toUTCString());
  response.setHeader('Cache-Control', info.cacheControl);
  if (isFresh(request, etag, modified)) {
    response.statusCode = 304;
    response.end();
    return;
  }
  response.setHeader('Content-Type', info.contentType);
  response.setHeader('Content-Length', info.size);
  if (request.method === 'HEAD') response.end();
  else await send(content, info, response);
}

async function send(content: FileHandle, info: BlobInfo, response: ServerResponse): Promise<void> {
  const whole = async function* (pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let left = info.size;
    for await (const piece of pieces) {
      yield piece.subarray(0, left);
      left -= Math.min(left, piece.length);
    }
    if (left > 0) throw new ShortObjectFault(info.name);
  };
  try {
    const pieces = content.createReadStream({ autoClose: false, highWaterMark: PIECE });
    await pipeline(pieces, whole, response);
  } catch (error) {
    const isGone = response.destroyed && !(error instanceof ShortObjectFault);
    if (!isGone) throw error; // otherwise the client went away, which is its right
  }
}

// If-None-Match decides alone when it is there (RFC 9110, 13.2.2).
function isFresh(request: IncomingMessage, etag: string, modified: UnixMillis): boolean {
  const tags = request.headers['if-none-match'];
  if (tags !== undefined) return tags.split(',').some((tag) => isMatch(tag.trim(), etag));
  const since = Date.parse(request.headers['if-modified-since'] ?? '');
  return Math.floor(modified / 1000) * 1000 <= since;
}

const isMatch = (tag: string, etag: string): boolean =>
  tag === '*' || tag.replace(/^W\//, '') === etag;
