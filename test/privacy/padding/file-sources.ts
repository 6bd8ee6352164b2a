import type { Random } from '@keyserver/random';
import { coldPool, generatorRule, warmPools } from './generator-rule.ts';
import type { FileSource } from './measure.ts';
import { type PaddingRule, simulateFile } from './simulate-files.ts';

/** Files as a rule of padding makes them: a new day at every call. */
export function simulatedFiles(rule: PaddingRule, random: Random): FileSource {
  let day = 0;
  return async (people, moment) =>
    await Promise.resolve(simulateFile(people, { moment, rule, day: day++, random }));
}

/** People who publish within two weeks, where a pool is full. */
const MANY = 1500;

/** For so many files a pool is used before the next one. */
const FILES_A_POOL = 50;
const MOST_POOLS = 20;

/** Files of a server that has known the population for two weeks and more; so many files are wanted. */
export function warmFiles(files: number, random: Random): FileSource {
  const pools = Math.min(MOST_POOLS, Math.ceil(files / FILES_A_POOL));
  const daysEach = Math.ceil(files / pools);
  return simulatedFiles(
    generatorRule(warmPools(MANY, { pools, daysEach, random }), random),
    random,
  );
}

/** Files of a server that has never seen an upload. */
export const coldFiles = (random: Random): FileSource =>
  simulatedFiles(generatorRule(coldPool, random), random);
