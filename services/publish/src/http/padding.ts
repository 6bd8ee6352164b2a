import type { Random } from '@keyserver/random';

/** How many random bytes pad an answer: at least `min`, less than `min + range`. */
export interface PaddingLength {
  readonly min: number;
  readonly range: number;
}

/** Random filler in base64 that keeps an observer of sizes from telling one answer from another. */
export function padding(random: Random, { min, range }: PaddingLength): string {
  return Buffer.from(random.bytes(min + random.below(range))).toString('base64');
}
