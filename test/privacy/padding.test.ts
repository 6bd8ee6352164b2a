import { closeTestStores } from '@keyserver/sqlite/testing';
import { auc, aucDeviation } from './padding/auc.ts';
import { simulatedChance } from './padding/chance.ts';
import { copyingRule } from './padding/copying-rule.ts';
import { mostIsolated, atomsOf } from './padding/differences.ts';
import { simulatedFiles, warmFiles } from './padding/file-sources.ts';
import { BOUNDS, countPeople, groupByPerson, judgeKeys } from './padding/measure.ts';
import { serviceFiles } from './padding/service-files.ts';

/*
 * A quick look at what files give away, with few files. An AUC of few files varies by chance: the best of some fourteen ways at
 * two moments lies within `deviations` standard deviations of what it would be over very many files, but for one run in a
 * thousand. Seeds are fixed, so a run that passes passes again. `padding.slow.test.ts` looks at more files, at both moments, and
 * at the first days of a server.
 */
const FILES = 24;
const deviations = 4;
const margin = deviations * aucDeviation(FILES / 2, FILES / 2);

afterEach(closeTestStores);

describe('the attack on padding', () => {
  it('counts people exactly where every real key is imitated equally often', async () => {
    const random = simulatedChance('copies');
    const files = simulatedFiles(copyingRule(random), random);
    const found = await countPeople(files, { files: 12, comparisons: ['auc1v5', 'auc5v10'] });
    expect(found.auc1v5!.auc).toBeGreaterThan(0.98);
    expect(found.auc5v10!.auc).toBeGreaterThan(0.98);
  });

  it('finds the keys that are in one file and not in another', () => {
    const small = { floor: 3, keys: ['a', 'b', 'c'] };
    const large = { floor: 5, keys: ['a', 'b', 'c', 'd', 'e', 'foreign'] };
    const atoms = atomsOf([small, large], (key) => key !== 'foreign');
    expect(mostIsolated(atoms)).toEqual({ size: 2, floor: 5, batches: [1] });
  });

  it('scores chance as chance, and certainty as certainty', () => {
    expect(auc([1, 2, 3], [1, 2, 3])).toBe(0.5);
    expect(auc([1, 2], [3, 4])).toBe(1);
    expect(auc([3, 4], [1, 2])).toBe(0);
    expect(auc([1, 1], [1, 2])).toBe(0.75);
  });
});

describe('generated keys', () => {
  it('hide how many people are in a file from who knows the files of other days', async () => {
    const files = warmFiles(simulatedChance('warm'));
    const found = await countPeople(files, {
      ...{ files: FILES, comparisons: ['auc1v5'] },
      moments: ['noon'],
    });
    expect(found.auc1v5!.auc).toBeLessThan(BOUNDS.warm.auc1v5 + margin);
  });

  it('hide which keys are one person’s', async () => {
    const groupings = await groupByPerson(warmFiles(simulatedChance('groups')), 20);
    for (const { said, gain } of Object.values(groupings)) {
      expect(said).toBeGreaterThan(100);
      expect(gain).toBeLessThan(BOUNDS.grouping);
    }
  });

  it('hide people in files that a whole server has published, once it has learned from uploads', async () => {
    const [files, people] = [3, 30]; // padding.slow.test.ts has more, and a larger crowd
    const source = serviceFiles({ sizes: [people], crowd: 10, random: simulatedChance('served') });
    const found = await judgeKeys(source, files, { people, moments: ['noon'] });
    // Keys of one upload are alike: what counts as independent are the uploads in the third of the files that is judged. More
    // than twice as many were made up.
    const uploads = (people * files) / 3;
    const margin = deviations * aucDeviation(uploads, 2 * uploads);
    expect(found.auc).toBeLessThan(BOUNDS.aucRealKey + margin);
  });
});
