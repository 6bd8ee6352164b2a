import type { Random } from '@keyserver/random';
import { TABLE_HABIT, drawHabit } from './population.ts';
import { coldPool, generatorRule, warmPools } from './generator-rule.ts';
import type { FileSource } from './measure.ts';
import { type DrawHabit, type PaddingRule, simulateFile } from './simulate-files.ts';

/** Files as a rule of padding makes them: a new day at every call. Of people with one report type and risk, unless it is said how they differ. */
export function simulatedFiles(rule: PaddingRule, random: Random, habits?: DrawHabit): FileSource {
  let day = 0;
  return async (people, moment) =>
    await Promise.resolve(simulateFile(people, { moment, rule, day: day++, random, habits }));
}

/** People who publish within two weeks, where a pool is full. */
const MANY = 1500;

/** For so many files a pool is used before the next one. */
const FILES_A_POOL = 50;
const MOST_POOLS = 20;

/** Files of a server that has known the population for two weeks and more; so many files are wanted. */
export function warmFiles(files: number, random: Random, habits?: DrawHabit): FileSource {
  const pools = Math.min(MOST_POOLS, Math.ceil(files / FILES_A_POOL));
  const daysEach = Math.ceil(files / pools);
  return simulatedFiles(
    generatorRule(warmPools(MANY, { pools, daysEach, random }), random),
    random,
    habits,
  );
}

/** Files of a server that has never seen an upload. */
export const coldFiles = (random: Random): FileSource =>
  simulatedFiles(generatorRule(coldPool, random), random);

/** People whose report types and risks differ, and people of an app that makes risks depend on days since onset. */
export const DIFFERING: Readonly<Record<'mixed' | 'risksByDay', DrawHabit>> = {
  mixed: (random) => drawHabit(random),
  risksByDay: () => TABLE_HABIT,
};
