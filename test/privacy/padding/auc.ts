/**
 * How well scores tell two groups apart: the probability that one of `higher` scores above one of `lower`, where a tie
 * counts half. Exact (the statistic of Mann and Whitney); 0.5 tells nothing, 1 everything.
 */
export function auc(lower: readonly number[], higher: readonly number[]): number {
  const a = Float64Array.from(lower).sort();
  const b = Float64Array.from(higher).sort();
  let [wins, below, upTo] = [0, 0, 0];
  for (const score of b) {
    while (below < a.length && a[below]! < score) below++;
    while (upTo < a.length && a[upTo]! <= score) upTo++;
    wins += (below + upTo) / 2;
  }
  return wins / (a.length * b.length);
}

/** The standard deviation of an AUC of so many independent scores where the groups do not differ at all. */
export const aucDeviation = (lower: number, higher: number): number =>
  Math.sqrt((lower + higher + 1) / (12 * lower * higher));
