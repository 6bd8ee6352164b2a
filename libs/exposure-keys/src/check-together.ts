import { type ExposureKey, keyEnd } from './key.ts';

/** A key that passed on its own, with its position in the upload as it was sent. */
export interface KeptKey {
  readonly index: number;
  readonly key: ExposureKey;
}

/** Keys in the order of their start, those that start together in the order of their length, else as they were sent. */
export const inOrderOfTime = (kept: readonly KeptKey[]): readonly KeptKey[] =>
  kept.toSorted((a, b) => a.key.start - b.key.start || a.key.period - b.key.period);

/**
 * Why keys in order of time cannot come from one phone; undefined when they can. A phone uses one key after another,
 * but one that gives out today's key early goes on with a new key that has the same start.
 */
export function contradiction(
  ordered: readonly KeptKey[],
  maxSameStart: number,
): string | undefined {
  let previous: KeptKey | undefined;
  let together = 0;
  for (const kept of ordered) {
    const sameStart = kept.key.start === previous?.key.start;
    together = sameStart ? together + 1 : 1;
    if (together > maxSameStart)
      return `key ${kept.index}: more than ${maxSameStart} keys start in the same interval`;
    if (!sameStart && previous !== undefined && kept.key.start < keyEnd(previous.key))
      return `key ${kept.index}: overlaps key ${previous.index}, which starts earlier`;
    previous = kept;
  }
  return undefined;
}
