import type { Counts, Tally } from './tally.ts';

/*
 * What a stranger computes from one file to guess how many people are in it. Each estimator gives a number that grows, or
 * shrinks, with the people; which of the two is learned from files whose people are known.
 */

/** Guesses how many people are in a file, on any scale. */
export type Estimator = (file: Tally) => number;

const smallest = (counts: Counts): number => Math.min(...counts.values());

/**
 * Keys for each one of the smallest class. Where every real key is imitated equally often, the smallest class belongs to one
 * real key, and this is the number of real keys.
 */
const smallestClass: Estimator = ({ size, classes }) => size / smallest(classes);

/** How far the largest class stands out: keys of few people make few, high peaks. */
const largestClass: Estimator = ({ classes }) => Math.max(...classes.values());

/** How many classes there are: more people have more of them. */
const distinctClasses: Estimator = ({ classes }) => classes.size;

/**
 * The number of real keys, where every one has q or q + 1 of its kind: by the largest q of which every class count is such a
 * multiple, as a greatest common divisor that forgives one copy for each key.
 */
const greatestCommonDivisor: Estimator = ({ size, classes }) => {
  const counts = [...classes.values()];
  const fits = (q: number): boolean => counts.every((count) => count % q <= Math.floor(count / q));
  let q = Math.min(...counts);
  while (q > 1 && !fits(q)) q--;
  return size / q;
};

/** On how many days symptoms began: start less days since onset. */
const distinctOnsetDays: Estimator = ({ onsetCounts }) => onsetCounts.size;

/** How few keys the rarest day of onset has: one person's, where it is one person's. */
const rarestOnsetDay: Estimator = ({ onsetCounts }) => smallest(onsetCounts);

/** Uploads, taken as chains of keys of consecutive days that share onset date and type. */
const keyCountChains: Estimator = ({ chains }) =>
  chains.reduce((sum, group) => sum + group.chains, 0);

/** How long those chains are on average. */
const chainLength: Estimator = (file) => file.size / keyCountChains(file);

/** How often a phone was set up, reset, or ended a key early: keys that are valid for less than a day. */
const shortKeys: Estimator = ({ short }) => short.length;

/** Keys that are the only one of their class. */
const singleKeys: Estimator = ({ classes }) =>
  [...classes.values()].filter((count) => count === 1).length;

/** How few keys the rarest combination of report type and risk has. */
const rarestCombination: Estimator = ({ combinations }) => smallest(combinations);

/** How large the file is. */
const fileSize: Estimator = ({ size }) => size;

/** All estimators that need no more training than which way they point. */
export const ESTIMATORS: Readonly<Record<string, Estimator>> = {
  smallestClass,
  largestClass,
  distinctClasses,
  greatestCommonDivisor,
  distinctOnsetDays,
  rarestOnsetDay,
  keyCountChains,
  chainLength,
  shortKeys,
  singleKeys,
  rarestCombination,
  fileSize,
};
