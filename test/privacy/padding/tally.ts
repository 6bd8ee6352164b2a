import { INTERVALS_PER_DAY } from '@keyserver/time';
import {
  type SeenFile,
  type SeenKey,
  ageOf,
  classOf,
  combinationOf,
  onsetBefore,
} from './seen-file.ts';

/** What a file is reduced to before anything is guessed from it. */
export interface Tally {
  /** How many keys the file has. */
  readonly size: number;
  /** For each key: UTC days from its start, and from the onset of symptoms, to the day of the file. */
  readonly ages: readonly number[];
  readonly onsets: readonly number[];
  readonly onsetDays: readonly (number | undefined)[];
  /** How many keys each class has, each onset date, and each pair of report type and risk. */
  readonly classes: Counts;
  readonly onsetCounts: Counts;
  readonly combinations: Counts;
  readonly chains: readonly Chains[];
  /** Keys that are valid for less than a day. */
  readonly short: readonly SeenKey[];
}

/** How often each of some numbers occurs. */
export type Counts = ReadonlyMap<number, number>;

/** Keys of one onset date and report type, taken for uploads of consecutive days. */
export interface Chains {
  readonly keys: number;
  /** The fewest such uploads that can have left these keys. */
  readonly chains: number;
  /** Days on which none of these keys starts, between others on which some do. */
  readonly gaps: number;
}

/** Counts all that is to be counted in a file. */
export function tally(file: SeenFile): Tally {
  const { keys } = file;
  const ages = keys.map((key) => ageOf(key, file));
  const onsets = keys.map((key) => onsetBefore(key, file));
  return {
    ...{ size: keys.length, ages, onsets },
    onsetDays: keys.map(({ onsetDays }) => onsetDays),
    classes: countsOf(keys.map((key) => classOf(key, file))),
    onsetCounts: countsOf(onsets),
    combinations: countsOf(keys.map(combinationOf)),
    chains: chainsIn(keys, ages, onsets),
    short: keys.filter(({ period }) => period < INTERVALS_PER_DAY),
  };
}

/** How often each number occurs. */
export function countsOf(values: Iterable<number>): Counts {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function chainsIn(
  keys: readonly SeenKey[],
  ages: readonly number[],
  onsets: readonly number[],
): readonly Chains[] {
  const groups = new Map<number, number[]>();
  keys.forEach(({ reportType }, n) => {
    const name = onsets[n]! * 16 + reportType;
    const byAge = groups.get(name) ?? [];
    if (byAge.length === 0) groups.set(name, byAge);
    const age = Math.max(0, ages[n]!);
    byAge[age] = (byAge[age] ?? 0) + 1;
  });
  return [...groups.values()].map(chainsOf);
}

function chainsOf(byAge: readonly (number | undefined)[]): Chains {
  let [keys, chains, gaps, newer] = [0, 0, 0, 0];
  // The array has holes where no key starts; this fills them.
  for (const count of Array.from(byAge, (found) => found ?? 0)) {
    if (count === 0 && keys > 0) gaps++;
    chains += Math.max(0, count - newer);
    keys += count;
    newer = count;
  }
  return { keys, chains, gaps };
}
