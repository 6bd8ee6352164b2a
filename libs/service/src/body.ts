import type { IncomingMessage, ServerResponse } from 'node:http';

/** The bytes of a request, or why there are none. */
export type Body =
  | { readonly kind: 'body'; readonly bytes: Uint8Array }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'aborted' };

/** Reads the body of one request. */
export type ReadBody = (request: IncomingMessage, response: ServerResponse) => Promise<Body>;

// A close with unread bytes resets the connection, and the client would never see the answer: so much is read and
// thrown away before a body that is too large is refused.
const DISCARDED = 1 << 20;

/**
 * Reads bodies of at most `limit` bytes; each takes up to twice its bytes of memory. After `too_large` the connection ends with
 * the answer. A body that comes too slowly is cut by the server's time-outs and counts as aborted.
 */
export function bodyReader({ limit }: { readonly limit: number }): ReadBody {
  return async (request, response) => {
    const body = await collect(request, limit);
    if (body.kind === 'too_large') response.setHeader('Connection', 'close');
    return body;
  };
}

async function collect(request: IncomingMessage, limit: number): Promise<Body> {
  if (request.destroyed) return { kind: 'aborted' }; // its events are over, nothing would ever answer
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limit + DISCARDED) return { kind: 'too_large' };
  return await new Promise((resolve) => {
    let kept = Buffer.alloc(0);
    let size = 0;
    request.on('data', (piece: Uint8Array) => {
      const start = size;
      size += piece.byteLength;
      kept = size > limit ? Buffer.alloc(0) : append(kept, start, piece);
      if (size > limit + DISCARDED) {
        request.pause();
        resolve({ kind: 'too_large' });
      }
    });
    request.on('end', () => {
      resolve(
        size > limit ? { kind: 'too_large' } : { kind: 'body', bytes: kept.subarray(0, size) },
      );
    });
    request.on('error', () => {
      resolve({ kind: 'aborted' });
    });
    request.on('close', () => {
      resolve({ kind: 'aborted' });
    });
  });
}

// A piece that is kept costs hundreds of bytes, however few it holds, and a client may cut its body into single bytes.
function append(kept: Buffer<ArrayBuffer>, start: number, piece: Uint8Array): Buffer<ArrayBuffer> {
  const end = start + piece.byteLength;
  const roomy = end <= kept.length ? kept : Buffer.concat([kept], Math.max(end, 2 * kept.length));
  roomy.set(piece, start);
  return roomy;
}
