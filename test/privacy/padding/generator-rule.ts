import { DEFAULT_KEY_RULES } from '@keyserver/exposure-keys';
import { type ShapePool, ShapeSample, generateDocuments } from '@keyserver/padding';
import type { Random } from '@keyserver/random';
import { type PaddingRule, SIMULATED_WINDOW, earlierDocuments } from './simulate-files.ts';

/** A cell has at least so many generated documents, so that some can be revised with real ones. */
const AT_LEAST = 10;
/** Shapes that a pool holds at most. */
const POOL = 2000;

/** The server's own rule, without the server: what is generated from a pool that may differ from day to day. */
export function generatorRule(poolOf: (day: number) => ShapePool, random: Random): PaddingRule {
  const source = { rules: DEFAULT_KEY_RULES, windowLength: () => SIMULATED_WINDOW, random };
  return ({ windows, documents, keys, day }) =>
    generateDocuments(
      { windows, documents, audiences: [], keys, atLeast: AT_LEAST },
      { ...source, pool: poolOf(day) },
    );
}

/** A server that has just begun has no pool. */
export const coldPool = (): ShapePool => [];

/**
 * Pools as a server has them where so many people published within the last two weeks. Each is used for some days, one after
 * another, so that what somebody learns of one pool helps little on later days.
 */
export function warmPools(
  people: number,
  options: { readonly pools: number; readonly daysEach: number; readonly random: Random },
): (day: number) => ShapePool {
  const { pools, daysEach, random } = options;
  const made = Array.from({ length: pools }, (_, n) => {
    const sample = new ShapeSample(POOL, random);
    for (const document of earlierDocuments(people, { day: n * daysEach, random }))
      sample.add(document);
    return sample.shapes;
  });
  return (day) => made[Math.floor(day / daysEach) % pools]!;
}
