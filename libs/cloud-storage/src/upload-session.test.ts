import fc from 'fast-check';
import { type Chunk, chunksOf } from './upload-session.ts';

async function* from(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    await Promise.resolve();
    yield piece;
  }
}

async function chunked(pieces: readonly Uint8Array[], size: number): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for await (const chunk of chunksOf(from(pieces), size)) chunks.push(chunk);
  return chunks;
}

const arbitraryPieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
const arbitrarySize = fc.integer({ min: 1, max: 30 });

describe('chunks of a content', () => {
  it('are the content', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryPieces, arbitrarySize, async (pieces, size) => {
        const chunks = await chunked(pieces, size);
        expect(Buffer.concat(chunks.map(({ bytes }) => bytes))).toEqual(Buffer.concat(pieces));
      }),
    );
  });

  it('are full and not the last, but for the one that is', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryPieces, arbitrarySize, async (pieces, size) => {
        const chunks = await chunked(pieces, size);
        expect(chunks.map(({ last }) => last).indexOf(true)).toBe(chunks.length - 1);
        expect(chunks.slice(0, -1).every(({ bytes }) => bytes.length === size)).toBe(true);
        expect(chunks.map(({ start }) => start)).toEqual(chunks.map((_, n) => n * size));
      }),
    );
  });

  it('end with bytes whenever there are any', async () => {
    const pieces = [Buffer.alloc(20)];
    expect((await chunked(pieces, 10)).map(({ bytes }) => bytes.length)).toEqual([10, 10]);
  });

  it('are one empty chunk when there is nothing', async () => {
    expect(await chunked([], 10)).toEqual([{ bytes: Buffer.alloc(0), start: 0, last: true }]);
  });
});
