import { createHash } from 'node:crypto';
import type { Random } from '@keyserver/random';

/** Chance that repeats itself and costs next to nothing: a history takes thousands of draws (the generator sfc32). */
export function quickRandom(seed: string): Random {
  const digest = createHash('sha256').update(seed).digest();
  let a = digest.readInt32LE(0);
  let b = digest.readInt32LE(4);
  let c = digest.readInt32LE(8);
  let counter = digest.readInt32LE(12);
  const draw = (): number => {
    const drawn = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + drawn) | 0;
    return drawn >>> 0;
  };
  return {
    bytes: (n) => Uint8Array.from({ length: n }, () => draw() & 255),
    below: (bound) => draw() % bound,
  };
}
