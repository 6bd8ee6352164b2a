import { createHash } from 'node:crypto';
import type { Random } from '@keyserver/random';

/**
 * Chance that repeats itself, fast enough for simulations of millions of keys: xoshiro128**, seeded by a text. It is
 * predictable and says nothing about the unpredictability of real keys.
 */
export function simulatedChance(seed: string): Random {
  const digest = createHash('sha256').update(seed).digest();
  const state = Uint32Array.from([0, 4, 8, 12], (at) => digest.readUInt32LE(at) || 1);
  const word = (): number => nextWord(state);
  const bytes = (n: number): Uint8Array => {
    const drawn = Buffer.alloc(Math.ceil(n / 4) * 4);
    for (let at = 0; at < drawn.length; at += 4) drawn.writeUInt32LE(word(), at);
    return drawn.subarray(0, n);
  };
  const below = (bound: number): number => {
    if (bound <= 2 ** 20) return Math.floor((word() / 2 ** 32) * bound);
    return Math.floor(((word() * 2 ** 21 + (word() >>> 11)) / 2 ** 53) * bound);
  };
  return { bytes, below };
}

const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

function nextWord(state: Uint32Array): number {
  const b = state[1]!;
  const word = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
  state[2]! ^= state[0]!;
  state[3]! ^= b;
  state[1]! ^= state[2]!;
  state[0]! ^= state[3]!;
  state[2]! ^= b << 9;
  state[3] = rotate(state[3]!, 11);
  return word;
}

/** Whether something happens that does so with a probability, to six digits. */
export const happens = (probability: number, random: Random): boolean =>
  random.below(1_000_000) < probability * 1_000_000;

/** One of some values, each as likely as its weight is heavy. Weights are whole numbers. */
export function drawWeighted<T>(choices: readonly (readonly [T, number])[], random: Random): T {
  let left = random.below(choices.reduce((sum, [, weight]) => sum + weight, 0));
  for (const [value, weight] of choices) {
    if (left < weight) return value;
    left -= weight;
  }
  throw new RangeError('nothing to choose from');
}

/** A whole number from `low` to `high`, both included. */
export const between = (low: number, high: number, random: Random): number =>
  low + random.below(high - low + 1);
