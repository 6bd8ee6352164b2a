import { DEFAULT_KEY_RULES } from '@keyserver/exposure-keys';
import { type ShapePool, ShapeSample, generateDocuments } from '@keyserver/padding';
import type { Random } from '@keyserver/random';
import { type PaddingRule, SIMULATED_WINDOW, documentsOfDay } from './simulate-files.ts';

/** A cell has at least so many generated documents, so that some can be revised with real ones. */
const AT_LEAST = 10;
/** Days that a pool goes back, and shapes that it holds of one day at most. */
const POOL = { days: 14, shapes: 142 };

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
 * The pools of a server where so many people publish each day. As on a server, a shape is in them for two weeks: so long somebody
 * may learn from files that it was drawn for them. Days are asked for in their order.
 */
export function warmPools(people: number, random: Random): (day: number) => ShapePool {
  const days: ShapePool[] = [];
  let pool: ShapePool = [];
  let until = 0;
  return (day) => {
    const wanted = day + POOL.days;
    if (until < wanted) {
      for (; until < wanted; until++) days.push(shapesOfDay(until, people, random));
      days.splice(0, days.length - POOL.days);
      pool = days.flat();
    }
    return pool;
  };
}

function shapesOfDay(day: number, people: number, random: Random): ShapePool {
  const sample = new ShapeSample(POOL.shapes, random);
  for (const document of documentsOfDay(people, { day, random })) sample.add(document);
  return sample.shapes;
}
