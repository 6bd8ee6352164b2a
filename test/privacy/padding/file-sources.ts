import type { Random } from '@keyserver/random';
import { TABLE_HABIT, drawHabit } from './population.ts';
import { coldPool, generatorRule, warmPools } from './generator-rule.ts';
import type { FileSource } from './measure.ts';
import { type DrawHabit, type Moment, type PaddingRule, simulateFile } from './simulate-files.ts';

/**
 * So many files a day are looked at, all generated from what a server knows on that day: an hourly export has one file of the
 * hour of held-back keys, and those of noon stand for all hours. Where more exports share a pool, more can be learned of it.
 */
const FILES_A_DAY: Readonly<Record<Moment, number>> = { noon: 24, 'held back': 1 };

/**
 * Files as a rule of padding makes them, while days go by. Of people with one report type and risk, unless it is said how they
 * differ.
 */
export function simulatedFiles(rule: PaddingRule, random: Random, habits?: DrawHabit): FileSource {
  let days = 0;
  return async (people, moment) => {
    const file = simulateFile(people, { moment, rule, day: Math.floor(days), random, habits });
    days += 1 / FILES_A_DAY[moment];
    return await Promise.resolve(file);
  };
}

/** People who publish each day: so many fill a pool. */
const MANY = 110;

/** Files of a server that has known the population for two weeks and more. */
export const warmFiles = (random: Random, habits?: DrawHabit): FileSource =>
  simulatedFiles(generatorRule(warmPools(MANY, random), random), random, habits);

/** Files of a server that has never seen an upload. */
export const coldFiles = (random: Random): FileSource =>
  simulatedFiles(generatorRule(coldPool, random), random);

/** People whose report types and risks differ, and people of an app that makes risks depend on days since onset. */
export const DIFFERING: Readonly<Record<'mixed' | 'risksByDay', DrawHabit>> = {
  mixed: (random) => drawHabit(random),
  risksByDay: () => TABLE_HABIT,
};
