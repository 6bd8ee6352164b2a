/** A model of numbers to a score; the higher, the likelier is what it was trained to find. */
export type Score = (features: readonly number[]) => number;

const STEPS = 300;
/** Pulls weights towards 0, so that what only the training shows is not believed. */
const DECAY = 0.003;

/**
 * Logistic regression by plain gradient descent, over features brought to mean 0 and deviation 1. The step is the largest that
 * cannot diverge whatever the features.
 */
export function trainLogistic(
  without: readonly (readonly number[])[],
  having: readonly (readonly number[])[],
): Score {
  const rows = [...without, ...having];
  const scale = standardiser(rows);
  const scaled = rows.map(scale);
  const labels = rows.map((_, n) => (n < without.length ? 0 : 1));
  const weights = new Float64Array((rows[0]?.length ?? 0) + 1);
  const step = 4 / weights.length;
  for (let n = 0; n < STEPS; n++) descend(weights, scaled, { labels, step });
  return (features) => dot(weights, scale(features));
}

function descend(
  weights: Float64Array,
  rows: readonly Float64Array[],
  { labels, step }: { readonly labels: readonly number[]; readonly step: number },
): void {
  const gradient = weights.map((weight) => weight * DECAY);
  rows.forEach((row, n) => {
    const error = (1 / (1 + Math.exp(-dot(weights, row))) - labels[n]!) / rows.length;
    for (let at = 0; at < row.length; at++) gradient[at]! += error * row[at]!;
  });
  for (let at = 0; at < weights.length; at++) weights[at]! -= step * gradient[at]!;
}

function dot(weights: Float64Array, row: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < row.length; at++) sum += weights[at]! * row[at]!;
  return sum;
}

/** Brings features to mean 0 and deviation 1 as they have it here, and adds a constant. What never varies becomes 0. */
function standardiser(
  rows: readonly (readonly number[])[],
): (features: readonly number[]) => Float64Array {
  const width = rows[0]?.length ?? 0;
  const means = new Float64Array(width);
  const squares = new Float64Array(width);
  for (const row of rows) row.forEach((value, at) => (means[at]! += value / rows.length));
  for (const row of rows)
    row.forEach((value, at) => (squares[at]! += (value - means[at]!) ** 2 / rows.length));
  return (features) => {
    const scaled = new Float64Array(width + 1);
    for (let at = 0; at < width; at++)
      scaled[at] =
        squares[at]! > 1e-12 ? (features[at]! - means[at]!) / Math.sqrt(squares[at]!) : 0;
    scaled[width] = 1;
    return scaled;
  };
}
