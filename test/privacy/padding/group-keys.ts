import { GENERATED, type LabelledFile, combinationOf, onsetBefore } from './seen-file.ts';

/** Pairs of keys that were said to be one person's, and how many of them are. */
export interface Pairs {
  readonly said: number;
  readonly right: number;
}

/** Says which keys of a file are one person's, two by two; a pair that is said twice counts twice. */
type Grouping = (file: LabelledFile) => Pairs;

/** Keys whose symptoms began on the same day: start less days since onset. */
const sameOnsetDate: Grouping = (file) =>
  pairsWithin(file, (n) => onsetBefore(file.keys[n]!, file));

/** Keys of which one begins in the interval in which the other has ended, with the same onset date. */
const complementaryDays: Grouping = (file) => {
  const at = (interval: number, n: number): number =>
    interval * 256 + onsetBefore(file.keys[n]!, file) + 64;
  const begun = groups(file, (n) => at(file.keys[n]!.start, n));
  const ended = groups(file, (n) => at(file.keys[n]!.start + file.keys[n]!.period, n));
  let [said, right] = [0, 0];
  for (const [name, owners] of ended) {
    const next = begun.get(name) ?? [];
    said += owners.length * next.length;
    for (const [owner, count] of counted(owners)) right += count * (counted(next).get(owner) ?? 0);
  }
  return { said, right };
};

/** Keys with the same report type and risk. */
const sameTypeAndRisk: Grouping = (file) => pairsWithin(file, (n) => combinationOf(file.keys[n]!));

const anyTwo: Grouping = (file) => pairsWithin(file, () => 0);

/** All ways to group keys. */
const GROUPINGS: Readonly<Record<string, Grouping>> = {
  sameOnsetDate,
  complementaryDays,
  sameTypeAndRisk,
};

/** What one way to group keys comes to: 0 is no better than taking any two keys of a file, 1 is always right. */
export interface GroupingResult extends Pairs {
  readonly gain: number;
}

/** How well each way groups the keys of files: its precision above the base rate, as a share of what there is above it. */
export function groupKeys(
  files: readonly LabelledFile[],
): Readonly<Record<string, GroupingResult>> {
  const base = total(files, anyTwo);
  const baseRate = base.right / base.said;
  return Object.fromEntries(
    Object.entries(GROUPINGS).map(([name, grouping]) => {
      const pairs = total(files, grouping);
      const gain = (pairs.right / Math.max(1, pairs.said) - baseRate) / (1 - baseRate);
      return [name, { ...pairs, gain }];
    }),
  );
}

function total(files: readonly LabelledFile[], grouping: Grouping): Pairs {
  let [said, right] = [0, 0];
  for (const file of files) {
    const pairs = grouping(file);
    said += pairs.said;
    right += pairs.right;
  }
  return { said, right };
}

function pairsWithin(file: LabelledFile, nameOf: (n: number) => number): Pairs {
  let [said, right] = [0, 0];
  for (const owners of groups(file, nameOf).values()) {
    said += pairsOf(owners.length);
    for (const count of counted(owners).values()) right += pairsOf(count);
  }
  return { said, right };
}

const pairsOf = (count: number): number => (count * (count - 1)) / 2;

/** The owners of the keys that have the same name. */
function groups(
  { owners }: LabelledFile,
  nameOf: (n: number) => number,
): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, number[]>();
  owners.forEach((owner, n) => {
    const name = nameOf(n);
    const group = found.get(name);
    if (group === undefined) found.set(name, [owner]);
    else group.push(owner);
  });
  return found;
}

/** How many keys each person has. */
function counted(owners: readonly number[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const owner of owners)
    if (owner !== GENERATED) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return counts;
}
