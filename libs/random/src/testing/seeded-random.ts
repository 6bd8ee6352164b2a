import { createHash } from 'node:crypto';
import type { Random } from '../random.ts';

/** Chance that repeats itself: the same seed gives the same draws. Tests only. */
export function seededRandom(seed: string): Random {
  let counter = 0;
  const block = (): Buffer =>
    createHash('sha256')
      .update(`${seed}/${String(counter++)}`)
      .digest();
  const bytes = (n: number): Uint8Array => {
    const blocks: Buffer[] = [];
    for (let have = 0; have < n; have += 32) blocks.push(block());
    return Buffer.concat(blocks).subarray(0, n);
  };
  return { bytes, below: (bound) => Number(block().readBigUInt64BE(0) % BigInt(bound)) };
}
