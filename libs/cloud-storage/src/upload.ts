import { CRC32C } from '@google-cloud/storage';
import { backOff, within } from '@keyserver/retry';
import type { Attempts } from './attempts.ts';
import { type Chunk, chunksOf, type Progress, type UploadSession } from './upload-session.ts';
import { CloudStorageFault, isPassing } from './fault.ts';

/** How an upload ended. After a failure the object may be there all the same: the last answer may have been lost. */
export type UploadOutcome =
  | { readonly kind: 'complete'; readonly resource: unknown; readonly crc32c: string }
  | { readonly kind: 'failed'; readonly error: unknown };

interface UploadOptions extends Attempts {
  readonly chunkBytes: number;
}

/**
 * Carries a content to its object chunk by chunk. One chunk is held until it has arrived, because the source gives
 * everything only once; whatever the source throws is passed on, and then there is no object, as its end was never sent.
 */
export async function upload(
  session: UploadSession,
  content: AsyncIterable<Uint8Array>,
  options: UploadOptions,
): Promise<UploadOutcome> {
  const sum = new CRC32C();
  for await (const chunk of chunksOf(content, options.chunkBytes)) {
    const { buffer, byteOffset, byteLength } = chunk.bytes;
    sum.update(Buffer.from(buffer, byteOffset, byteLength));
    const crc32c = sum.toString();
    try {
      const progress = await deliver(session, { chunk, crc32c }, options);
      if (progress.kind === 'complete' && chunk.last) return { ...progress, crc32c };
    } catch (error) {
      return { kind: 'failed', error };
    }
  }
  throw new Error('an upload ended without its last chunk');
}

interface Delivery {
  readonly chunk: Chunk;
  readonly crc32c: string;
}

/** Sends a chunk until all of it has arrived. After a failure Cloud Storage is asked how far it came, never guessed at. */
async function deliver(
  session: UploadSession,
  { chunk, crc32c }: Delivery,
  options: Attempts,
): Promise<Progress> {
  const { limits, timers } = options;
  const { callMillis, contentMillis, attempts } = limits;
  let from = chunk.start;
  let certain = true;
  for (let failures = 0; failures < attempts;) {
    try {
      const progress = certain
        ? await within(
            { ms: contentMillis, timers },
            async (signal) => await session.send(chunk, { from, crc32c }, signal),
          )
        : await within({ ms: callMillis, timers }, session.ask);
      if (isDelivered(chunk, progress)) return progress;
      const reached = positionAfter(chunk, progress);
      if (certain && reached <= from) failures++;
      from = reached;
      certain = true;
    } catch (error) {
      failures++;
      if (failures >= attempts || !isPassing(error)) throw error;
      certain = false;
      await backOff(options, limits, { attempt: failures });
    }
  }
  throw new CloudStorageFault('away', 'sending a content');
}

const isDelivered = ({ bytes, start, last }: Chunk, progress: Progress): boolean =>
  progress.kind === 'complete' || (!last && progress.bytes === start + bytes.length);

function positionAfter({ bytes, start }: Chunk, progress: Progress): number {
  const position = progress.kind === 'partial' ? progress.bytes : start;
  if (position >= start && position <= start + bytes.length) return position;
  // Fewer bytes than before cannot be sent again, since what came before this chunk is gone from memory.
  throw new CloudStorageFault('refused', 'sending a content whose confirmed length is impossible');
}
