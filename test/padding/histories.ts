import { createHash } from 'node:crypto';
import type { Random } from '@keyserver/random';
import { violationsOf } from './check-model.ts';
import { PaddingModel } from './model.ts';

/** What the rule forbids and is found in so many histories of a server, each drawn from the seed and its number. */
export async function violationsIn(histories: number, seed: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (let n = 0; n < histories; n++) {
    const random = quickRandom(`${seed} ${n}`);
    const model = new PaddingModel(random);
    for (let steps = 20 + random.below(40); steps > 0; steps--) await model.step();
    await model.settle();
    found.push(...violationsOf(model, random).map((what) => `history ${n}: ${what}`));
  }
  return found;
}

/** Chance that repeats itself and costs next to nothing: a history takes thousands of draws (the generator sfc32). */
function quickRandom(seed: string): Random {
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
