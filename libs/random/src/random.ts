import { randomBytes, randomFillSync, randomInt } from 'node:crypto';

/** The only source of chance in the whole suite. */
export interface Random {
  /** `n` unpredictable bytes. */
  bytes(n: number): Uint8Array;
  /** An integer in [0, bound), each equally likely; 1 <= bound <= 2^48 - 1. */
  below(bound: number): number;
}

const POOL_BYTES = 4096;
const LARGE = 256;

/** Unpredictable bytes drawn ahead, as a draw costs the same for one byte as for thousands. Each is given once, and not kept. */
function pooledBytes(): (n: number) => Uint8Array {
  const pool = new Uint8Array(POOL_BYTES);
  let used = POOL_BYTES;
  return (n) => {
    if (n > LARGE) return randomBytes(n);
    if (used + n > POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    const given = pool.slice(used, used + n);
    pool.fill(0, used, used + n);
    used += n;
    return given;
  };
}

/** The operating system's generator. */
export const systemRandom: Random = {
  bytes: pooledBytes(),
  below: (bound) => randomInt(bound),
};

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const ID_LENGTH = 20;

/** A document id of 20 letters and digits (119 bits), without any order. */
export function randomId(random: Random): string {
  let id = '';
  while (id.length < ID_LENGTH) {
    for (const byte of random.bytes(ID_LENGTH + 4)) {
      const letter = ALPHABET[byte & 63];
      if (letter !== undefined && id.length < ID_LENGTH) id += letter;
    }
  }
  return id;
}

/** A new array with the same items in random order (Fisher and Yates). */
export function shuffle<T>(items: readonly T[], random: Random): T[] {
  const drawn: T[] = [];
  for (const item of items) {
    const at = random.below(drawn.length + 1);
    const displaced = drawn[at];
    drawn[at] = item;
    if (displaced !== undefined) drawn.push(displaced);
  }
  return drawn;
}
