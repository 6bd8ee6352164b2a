import type { Random } from '@keyserver/random';

const PARTS = 2 ** 32;

/** A number in [0, 1), each equally likely. */
export const fraction = (random: Random): number => random.below(PARTS) / PARTS;

/** Whether something happens that happens with this chance, 0 to 1. */
export const happens = (chance: number, random: Random): boolean => fraction(random) < chance;

/** One of the items, each equally likely. Throws a RangeError when there is none. */
export function pick<T>(items: readonly T[], random: Random): T {
  const item = items[random.below(Math.max(1, items.length))];
  if (item === undefined) throw new RangeError('there is nothing to pick from');
  return item;
}

/**
 * A function that gives one of the items, each as often as its weight says. Weights are not negative, and their sum need
 * not be 1. Throws a RangeError when there is no item.
 */
export function weighted<T>(
  items: readonly T[],
  weightOf: (item: T, n: number) => number,
): (random: Random) => T {
  let sum = 0;
  const bounds = items.map((item, n) => (sum += weightOf(item, n)));
  return (random) => {
    const at = fraction(random) * sum;
    const n = bounds.findIndex((bound) => at < bound);
    return n < 0 ? pick(items, random) : pick(items.slice(n, n + 1), random);
  };
}

/** How a whole is divided into so many parts: numbers with the sum 1, every division equally likely. */
export function randomShares(parts: number, random: Random): readonly number[] {
  const sizes = Array.from({ length: parts }, () => -Math.log(1 - fraction(random)));
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  return sizes.map((size) => (whole > 0 ? size / whole : 1 / parts));
}

/** Items by what a function says of each, both in the order in which they come first. */
export function groupBy<T, G>(
  items: readonly T[],
  groupOf: (item: T) => G,
): ReadonlyMap<G, readonly [T, ...T[]]> {
  const groups = new Map<G, [T, ...T[]]>();
  for (const item of items) {
    const group = groupOf(item);
    const known = groups.get(group);
    if (known === undefined) groups.set(group, [item]);
    else known.push(item);
  }
  return groups;
}
