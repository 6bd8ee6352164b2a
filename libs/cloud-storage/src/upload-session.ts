import { Fault } from '@keyserver/fault';
import type { Storage } from '@google-cloud/storage';

/** One stretch of a content as one request carries it. */
export interface Chunk {
  readonly bytes: Uint8Array;
  /** How many bytes of the content lie before it. */
  readonly start: number;
  readonly last: boolean;
}

/**
 * Cuts a content that arrives in pieces of any size into chunks of exactly `size` bytes and a last one that has the rest.
 * A chunk is given only once the content is known to go on, so that the last one is known as the last; the source is not
 * asked for more while a chunk is in work. Empty content is one empty chunk.
 */
export async function* chunksOf(
  content: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Chunk> {
  let held: Uint8Array[] = [];
  let length = 0;
  let start = 0;
  for await (const piece of content) {
    held.push(piece);
    length += piece.length;
    if (length <= size) continue;
    let rest: Uint8Array = Buffer.concat(held);
    while (rest.length > size) {
      yield { bytes: rest.subarray(0, size), start, last: false };
      start += size;
      rest = rest.subarray(size);
    }
    held = [rest];
    length = rest.length;
  }
  yield { bytes: Buffer.concat(held), start, last: true };
}

/** What Cloud Storage has of an upload: the object, or so many bytes of its content. */
export type Progress =
  | { readonly kind: 'complete'; readonly resource: unknown }
  | { readonly kind: 'partial'; readonly bytes: number };

/** One resumable upload in progress. Every method is one request, rejected with its status unless it is progress. */
export interface UploadSession {
  /** Sends a chunk from its byte `from` on; the last one completes the object, if its content has this CRC32C. */
  readonly send: (
    chunk: Chunk,
    options: { from: number; crc32c: string },
    signal: AbortSignal,
  ) => Promise<Progress>;
  readonly ask: (signal: AbortSignal) => Promise<Progress>;
  readonly cancel: (signal: AbortSignal) => Promise<void>;
}

const COMPLETE: ReadonlySet<number> = new Set([200, 201]);
const PARTIAL = 308;

class UploadFault extends Fault<'refused'> {
  readonly status: number;

  constructor(status: number, answer: string) {
    super('refused', answer);
    this.status = status;
  }
}

/**
 * The session behind a URI that the client has opened. The requests are our own, over the client's credentials: the
 * client's upload stream takes the answer to a completed upload for "nothing received", has no deadline, declares no
 * checksum, and on a mismatch deletes whatever lies under the name by then.
 */
export function uploadSession(client: Storage, uri: string): UploadSession {
  const request = async (
    method: 'PUT' | 'DELETE',
    signal: AbortSignal,
    content: { readonly headers?: Record<string, string>; readonly data?: Uint8Array } = {},
  ): Promise<Progress> => {
    const answer = await client.authClient.request<string>({
      ...content,
      method,
      url: uri,
      signal,
      responseType: 'text',
      validateStatus: () => true,
    });
    if (COMPLETE.has(answer.status)) return { kind: 'complete', resource: JSON.parse(answer.data) };
    if (answer.status !== PARTIAL) throw new UploadFault(answer.status, answer.data);
    return { kind: 'partial', bytes: bytesIn(answer.headers.get('range')) };
  };
  return {
    send: async (chunk, { from, crc32c }, signal) => {
      const data = chunk.bytes.subarray(from - chunk.start);
      const sum = chunk.last ? { 'x-goog-hash': `crc32c=${crc32c}` } : {};
      const headers = { ...rangeOf(chunk, from), ...sum };
      return await request('PUT', signal, { headers, data });
    },
    ask: async (signal) =>
      await request('PUT', signal, { headers: { 'content-range': 'bytes */*' } }),
    cancel: async (signal) => {
      await request('DELETE', signal);
    },
  };
}

/**
 * Where nothing is left to send, the request only names the length that completes the object; of an empty one from the start.
 * https://cloud.google.com/storage/docs/performing-resumable-uploads
 */
function rangeOf({ bytes, start, last }: Chunk, from: number): Record<string, string> {
  const end = start + bytes.length;
  const stretch = from === end ? '*' : `${from}-${end - 1}`;
  return { 'content-range': `bytes ${stretch}/${last ? String(end) : '*'}` };
}

/** No range: nothing has been kept yet. */
const bytesIn = (range: string | null): number => {
  const last = /^bytes=0-(\d+)$/.exec(range ?? '')?.[1];
  return last === undefined ? 0 : Number(last) + 1;
};
