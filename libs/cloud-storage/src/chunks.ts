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
