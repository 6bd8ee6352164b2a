import type { BlobHeaders, BlobStore } from '@keyserver/export-file';
import { createHash } from 'node:crypto';
import type { Pause } from './pause.ts';

/** A small object that is rewritten as a whole when what it stands for has changed. */
export interface ReplaceableObject {
  readonly bucket: BlobStore;
  readonly name: string;
  readonly headers: Omit<BlobHeaders, 'digest'>;
  /** What it shall hold; called only after the present content and its generation were read. */
  readonly contentAfter: (present: Uint8Array | undefined) => Promise<Uint8Array>;
}

const ROUNDS = 8;

/**
 * Brings an object and its Cache-Control up to date; false when they were. The content is worked out after the generation is read, and written
 * only over that generation, so that of several writers the last one has seen what all others saw.
 */
export async function replaceObject(
  object: ReplaceableObject,
  pause: Pause,
  signal: AbortSignal,
): Promise<boolean> {
  const { bucket, name, headers } = object;
  for (let round = 0; round < ROUNDS; round++) {
    signal.throwIfAborted();
    const present = await bucket.read(name);
    const content = await object.contentAfter(present?.content);
    if (present !== undefined && isAs(present, content, headers)) return false;
    const digest = createHash('sha256').update(content).digest('hex');
    const expected = present?.info.generation ?? 'absent';
    const put = await bucket.put(name, once(content), {
      headers: { ...headers, digest },
      expected,
    });
    if (put !== 'conflict') return true;
    await pause(round, signal);
  }
  throw new Error('an object was changed by others again and again');
}

/** An object that is kept by caches for another time than it should be is as wrong as one with another content. */
const isAs = (
  present: { readonly content: Uint8Array; readonly info: Pick<BlobHeaders, 'cacheControl'> },
  content: Uint8Array,
  { cacheControl }: Pick<BlobHeaders, 'cacheControl'>,
): boolean =>
  present.info.cacheControl === cacheControl && Buffer.compare(present.content, content) === 0;

// eslint-disable-next-line @typescript-eslint/require-await -- the port takes a stream
async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}
