import { auc } from './auc.ts';
import { trainLogistic } from './classifier.ts';
import { ESTIMATORS } from './estimators.ts';
import { featuresOf } from './features.ts';
import type { SeenFile } from './seen-file.ts';
import { tally } from './tally.ts';

/** What is kept of a file to compare it with others. */
export interface FileFigures {
  /** By the estimators' names. */
  readonly estimates: Readonly<Record<string, number>>;
  readonly features: readonly number[];
  /** How often each class occurs, by a number that stands for it; a few classes share one. */
  readonly classes: Uint16Array;
}

/** A prime, so that all parts of a class's number count. */
const CLASSES = 1021;

/** All figures of a file. */
export function figuresOf(file: SeenFile): FileFigures {
  const counted = tally(file);
  const classes = new Uint16Array(CLASSES);
  for (const [name, count] of counted.classes) classes[name % CLASSES]! += count;
  const estimates = Object.fromEntries(
    Object.entries(ESTIMATORS).map(([name, estimator]) => [name, estimator(counted)]),
  );
  return { estimates, features: featuresOf(counted), classes };
}

/** Learns from files of few and of many people to score others: the higher, the more people. */
type Learn = (
  few: readonly FileFigures[],
  many: readonly FileFigures[],
) => (figures: FileFigures) => number;

/** One estimator, and which way it points. */
const learnDirection =
  (name: string): Learn =>
  (few, many) => {
    const estimate = ({ estimates }: FileFigures): number => estimates[name]!;
    const sign = auc(few.map(estimate), many.map(estimate)) < 0.5 ? -1 : 1;
    return (figures) => sign * estimate(figures);
  };

/** All features at once, weighed by a logistic classifier. */
const learnFeatures: Learn = (few, many) => {
  const score = trainLogistic(
    few.map(({ features }) => features),
    many.map(({ features }) => features),
  );
  return ({ features }) => score(features);
};

/**
 * How common each class is in files of many people against files of few (naive Bayes over all keys): finds classes that only
 * people have.
 */
const learnClasses: Learn = (few, many) => {
  const [inFew, inMany] = [frequencies(few), frequencies(many)];
  const weights = inMany.map((share, n) => Math.log(share / inFew[n]!));
  return ({ classes }) => classes.reduce((sum, count, n) => sum + count * weights[n]!, 0);
};

function frequencies(files: readonly FileFigures[]): Float64Array {
  const counts = new Float64Array(CLASSES).fill(1);
  for (const { classes } of files) classes.forEach((count, n) => (counts[n]! += count));
  const all = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => count / all);
}

const WAYS: Readonly<Record<string, Learn>> = {
  ...Object.fromEntries(Object.keys(ESTIMATORS).map((name) => [name, learnDirection(name)])),
  learnedClasses: learnClasses,
  classifier: learnFeatures,
};

/** AUCs of all ways to tell files of few people from files of many; each is learned on one half and scored on the other. */
export function tellApart(
  few: readonly FileFigures[],
  many: readonly FileFigures[],
): Readonly<Record<string, number>> {
  const [a, b] = [halves(few), halves(many)];
  return Object.fromEntries(
    Object.entries(WAYS).map(([name, learn]) => {
      const score = learn(a.first, b.first);
      return [name, auc(a.second.map(score), b.second.map(score))];
    }),
  );
}

function halves<T>(all: readonly T[]): {
  readonly first: readonly T[];
  readonly second: readonly T[];
} {
  const middle = all.length >> 1;
  return { first: all.slice(0, middle), second: all.slice(middle) };
}

/** The AUC of the way that tells most, and its name. */
export const best = (
  aucs: Readonly<Record<string, number>>,
): { readonly name: string; readonly auc: number } =>
  Object.entries(aucs)
    .map(([name, value]) => ({ name, auc: value }))
    .reduce((a, b) => (b.auc > a.auc ? b : a));
