import { INTERVALS_PER_DAY } from '@keyserver/time';
import { ESTIMATORS } from './estimators.ts';
import { type Counts, type Tally, countsOf } from './tally.ts';

const AGES = 16;
const ONSETS = 20;
const ONSET_DAYS = 30;

/** What a classifier looks at in one file: more than a hundred numbers, always the same ones in the same order. */
export function featuresOf(file: Tally): readonly number[] {
  return [
    ...shares(file.ages, AGES),
    // Seen from the day of the file, so from three days before it on.
    ...shares(
      file.onsets.map((days) => days + 3),
      ONSETS,
    ),
    ...shares(
      file.onsetDays.map((days) => (days ?? -15) + 15),
      ONSET_DAYS,
    ),
    ...spread(file.classes),
    ...spread(file.onsetCounts),
    ...spread(file.combinations),
    ...ofShortKeys(file),
    ...ofChains(file),
    dependence(file.ages, file.onsets),
    ...Object.values(ESTIMATORS).map((estimator) => estimator(file)),
  ];
}

/** The share of each number from 0 up to `size`; others count as the nearest. */
function shares(values: readonly number[], size: number): readonly number[] {
  const counts = new Array<number>(size).fill(0);
  for (const value of values) counts[Math.min(size - 1, Math.max(0, value))]!++;
  return counts.map((count) => count / values.length);
}

/** How many counts there are, how small and large they are, how unequal, and how many are tiny. */
function spread(counts: Counts): readonly number[] {
  const sorted = [...counts.values()].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  const mean = sorted.reduce((sum, count) => sum + count, 0) / sorted.length;
  const squares = sorted.reduce((sum, count) => sum + (count - mean) ** 2, 0);
  const atMost = (bound: number): number => sorted.filter((count) => count <= bound).length;
  return [
    ...[sorted.length, at(0), at(0.25), at(0.5), at(0.75), at(1)],
    ...[Math.sqrt(squares / sorted.length) / mean, atMost(1), atMost(2), atMost(5)],
  ];
}

function ofShortKeys({ short }: Tally): readonly number[] {
  const late = short.filter(({ start }) => start % INTERVALS_PER_DAY > 0);
  return [
    late.length,
    short.length - late.length,
    new Set(short.map(({ period }) => period)).size,
    new Set(late.map(({ start }) => start % INTERVALS_PER_DAY)).size,
    short.reduce((sum, { period }) => sum + period, 0) / Math.max(1, short.length),
  ];
}

function ofChains({ chains }: Tally): readonly number[] {
  const lengths = chains.map((group) => group.keys / group.chains);
  return [
    Math.max(...lengths),
    Math.min(...lengths),
    lengths.reduce((sum, length) => sum + length, 0) / lengths.length,
    chains.reduce((sum, { gaps }) => sum + gaps, 0),
    chains.filter((group) => group.chains === 1).length,
  ];
}

/** Mutual information of two lists of whole numbers in bits: keys of few people tie age and onset to one another. */
function dependence(a: readonly number[], b: readonly number[]): number {
  const entropy = (values: readonly number[]): number => {
    let bits = 0;
    for (const count of countsOf(values).values())
      bits -= (count / values.length) * Math.log2(count / values.length);
    return bits;
  };
  return entropy(a) + entropy(b) - entropy(a.map((value, n) => value * 256 + b[n]!));
}
