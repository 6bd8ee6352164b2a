import { closeTestStores } from '@keyserver/sqlite/testing';
import { simulatedChance } from '../test/privacy/padding/chance.ts';
import { DIFFERING, coldFiles, warmFiles } from '../test/privacy/padding/file-sources.ts';
import { serviceFiles } from '../test/privacy/padding/service-files.ts';
import {
  COMPARISONS,
  type Comparison,
  type FileSource,
  countPeople,
  groupByPerson,
  judgeKeys,
} from '../test/privacy/padding/measure.ts';
import { isolateKeys } from '../test/privacy/padding/random-configurations.ts';
import { timeRefusals } from '../test/privacy/padding/time-refusals.ts';
import type { Figures, Measure } from './figures.ts';

type Say = Parameters<Measure>[0]['say'];

/** How much is looked at: files of each number of people, of the rule and of whole servers, configurations, refused keys of each sort. */
const FULL = {
  files: 2000,
  keyFiles: 600,
  served: 200,
  pages: 120,
  shown: 300,
  configurations: 20,
  refusals: 10_000,
};
const QUICK = {
  files: 200,
  keyFiles: 90,
  served: 20,
  pages: 20,
  shown: 60,
  configurations: 3,
  refusals: 1000,
};

/** People who publish each day around a whole server: so many fill a pool within two weeks. */
const CROWD = 110;

/** What strangers learn in spite of padding. */
export const measurePadding: Measure = async ({ quick, say }) => {
  const counts = quick ? QUICK : FULL;
  const { files, keyFiles } = counts;
  const warm = warmFiles(simulatedChance('warm'));
  const cold = coldFiles(simulatedChance('cold'));
  return {
    ...(await isolate(counts.configurations, say)),
    warm: await count(warm, { files, comparisons: COMPARISONS, say }),
    ...(await judge(warm, keyFiles, say)),
    cold: {
      ...(await count(cold, { files, comparisons: COMPARISONS, say })),
      ...(await judge(cold, keyFiles, say)),
    },
    served: await countServed(counts.served, say),
    partner: await lookAsPartner(counts, say),
    shown: {
      mixed1v5: await countShown('mixed', counts.shown, say),
      risksByDay1v5: await countShown('risksByDay', counts.shown, say),
    },
    aucTiming: await timing(counts.refusals, say),
  };
};

/** The set of keys that lies deepest below its floor, or comes closest to it. */
async function isolate(configurations: number, say: Say): Promise<Figures> {
  let worst: { readonly size: number; readonly floor: number } | undefined;
  for (let n = 0; n < configurations; n++) {
    say(`configuration ${n + 1} of ${configurations}`);
    const { atom } = await isolateKeys(simulatedChance(`configuration ${n}`));
    await closeTestStores();
    if (atom === undefined) throw new Error('a configuration made no files');
    if (worst === undefined || atom.size - atom.floor < worst.size - worst.floor) worst = atom;
  }
  return { smallestDifference: worst?.size ?? 0, floor: worst?.floor ?? 0 };
}

async function count(
  source: FileSource,
  {
    files,
    comparisons,
    say,
  }: {
    readonly files: number;
    readonly comparisons: readonly Comparison[];
    readonly say: Say;
  },
): Promise<Readonly<Record<string, number>>> {
  say(`counting people in ${files} files each`);
  const found = await countPeople(source, { files, comparisons });
  for (const [comparison, { auc, by }] of Object.entries(found))
    say(`  ${comparison} ${auc.toFixed(3)} by ${by}`);
  return Object.fromEntries(Object.entries(found).map(([key, { auc }]) => [key, auc]));
}

/** The same through the services of servers that have learned the habits of a crowd. */
async function countServed(files: number, say: Say): Promise<Readonly<Record<string, number>>> {
  say('the same of files that whole servers have published');
  const source = serviceFiles({ sizes: [1, 5], crowd: CROWD, random: simulatedChance('served') });
  const found = await count(source, { files, comparisons: ['auc1v5'], say });
  await closeTestStores();
  return found;
}

/** The same, and which keys are real, for a partner that reads the pages of its units. */
async function lookAsPartner(
  { served, pages }: typeof FULL,
  say: Say,
): Promise<Readonly<Record<string, number>>> {
  say('the same of units that a partner has fetched');
  const world = { crowd: CROWD, reader: 'partner' } as const;
  const few = serviceFiles({ ...world, sizes: [1, 5], random: simulatedChance('partner') });
  const counted = await count(few, { files: served, comparisons: ['auc1v5'], say });
  await closeTestStores();
  const crowd = serviceFiles({ ...world, sizes: [10], random: simulatedChance('partner keys') });
  say(`judging the keys of ${pages} units`);
  const { auc, by } = await judgeKeys(crowd, pages);
  say(`  real keys ${auc.toFixed(3)} by ${by}`);
  await closeTestStores();
  return { ...counted, aucRealKey: auc };
}

/** One person from five where they differ in what files cannot hide: no bound holds for it. */
async function countShown(kind: keyof typeof DIFFERING, files: number, say: Say): Promise<number> {
  say(`people who differ: ${kind}`);
  const source = warmFiles(simulatedChance(kind), DIFFERING[kind]);
  const { auc1v5 } = await count(source, { files, comparisons: ['auc1v5'], say });
  return auc1v5 ?? 0;
}

async function judge(
  source: FileSource,
  files: number,
  say: Say,
): Promise<{ readonly aucRealKey: number; readonly grouping: number }> {
  say(`judging and grouping the keys of ${files} files`);
  const { auc, by } = await judgeKeys(source, files);
  say(`  real keys ${auc.toFixed(3)} by ${by}`);
  const groupings = Object.entries(await groupByPerson(source, files));
  for (const [name, { said, gain }] of groupings)
    say(`  ${said} pairs by ${name}: gain ${gain.toFixed(4)}`);
  return { aucRealKey: auc, grouping: Math.max(...groupings.map(([, { gain }]) => gain)) };
}

async function timing(refusals: number, say: Say): Promise<number> {
  say(`refusing ${refusals} known keys of each sort`);
  const told = await timeRefusals(refusals, simulatedChance('times'));
  await closeTestStores();
  return told;
}
