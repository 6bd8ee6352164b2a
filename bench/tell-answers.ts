import { auc } from '../test/privacy/padding/auc.ts';
import { trainLogistic } from '../test/privacy/padding/classifier.ts';
import type { SeenAnswer } from './answer-probe.ts';

/**
 * The best AUC of several ways: by time, by length, by how common a time is in either group, and by logistic regression over
 * both. What can be learned is learned from every other answer, and tried on the rest.
 */
export function tellAnswers(one: readonly SeenAnswer[], other: readonly SeenAnswer[]): number {
  const half = (all: readonly SeenAnswer[], odd: number): readonly SeenAnswer[] =>
    all.filter((_, n) => n % 2 === odd);
  const [learn, tryOn] = [0, 1].map((odd) => [half(one, odd), half(other, odd)] as const);
  if (learn === undefined || tryOn === undefined) throw new Error('there are two halves');
  const regression = trainLogistic(learn[0].map(featuresOf), learn[1].map(featuresOf));
  const ways = [
    ({ ms }: SeenAnswer): number => ms,
    ({ bytes }: SeenAnswer): number => bytes,
    (seen: SeenAnswer): number => regression(featuresOf(seen)),
    likelihood(learn[0], learn[1]),
  ];
  return Math.max(
    ...ways.map((score) => {
      const found = auc(tryOn[0].map(score), tryOn[1].map(score));
      return Math.max(found, 1 - found);
    }),
  );
}

const featuresOf = ({ ms, bytes }: SeenAnswer): readonly number[] => [
  ms,
  Math.log(ms),
  ms ** 2,
  ms % 4,
  bytes,
  bytes ** 2,
  ms * bytes,
];

const BINS = 50;

/** How much commoner a time is in the second group: by bins that hold equally many of both together. */
function likelihood(
  one: readonly SeenAnswer[],
  other: readonly SeenAnswer[],
): (seen: SeenAnswer) => number {
  const all = [...one, ...other].map(({ ms }) => ms).toSorted((a, b) => a - b);
  const edges = Array.from({ length: BINS }, (_, n) => all[Math.floor((n * all.length) / BINS)]);
  const binOf = ({ ms }: SeenAnswer): number =>
    edges.findLastIndex((edge) => edge !== undefined && ms >= edge);
  const count = (group: readonly SeenAnswer[]): ReadonlyMap<number, number> => {
    const counts = new Map<number, number>();
    for (const bin of group.map(binOf)) counts.set(bin, (counts.get(bin) ?? 0) + 1);
    return counts;
  };
  const [ones, others] = [count(one), count(other)];
  return (seen) => {
    const bin = binOf(seen);
    return (1 + (others.get(bin) ?? 0)) / (1 + (ones.get(bin) ?? 0));
  };
}
