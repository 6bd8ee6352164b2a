import { closeTestStores } from '@keyserver/sqlite/testing';
import { aucDeviation } from './padding/auc.ts';
import { simulatedChance } from './padding/chance.ts';
import { coldFiles, warmFiles } from './padding/file-sources.ts';
import { BOUNDS, COMPARISONS, countPeople, judgeKeys } from './padding/measure.ts';
import { isolateKeys } from './padding/random-configurations.ts';
import { serviceFiles } from './padding/service-files.ts';
import { timeRefusals } from './padding/time-refusals.ts';

/*
 * What files give away, against the bounds that the documentation promises. The margins are what chance may add: an AUC of so
 * many independent scores, the best of some fourteen ways at two moments, lies within four standard deviations of what it
 * would be over very many files, but for one run in a thousand.
 */
const deviations = 4;

afterEach(closeTestStores);

describe('what a stranger learns', () => {
  it('is not how many people published, once the server knows their habits', async () => {
    const files = 400;
    const source = warmFiles(simulatedChance('warm'));
    const found = await countPeople(source, { files, comparisons: COMPARISONS });
    const margin = deviations * aucDeviation(files / 2, files / 2);
    for (const comparison of COMPARISONS)
      expect(found[comparison]!.auc).toBeLessThan(BOUNDS.warm[comparison] + margin);
  });

  it('is little of how many people published, as long as the server does not know them', async () => {
    const files = 300;
    const comparisons = ['auc1v5', 'auc5v10'] as const;
    const found = await countPeople(coldFiles(simulatedChance('cold')), { files, comparisons });
    const margin = deviations * aucDeviation(files / 2, files / 2);
    for (const comparison of comparisons)
      expect(found[comparison]!.auc).toBeLessThan(BOUNDS.cold[comparison] + margin);
  });

  it('is not which keys are real', async () => {
    const files = 300;
    const found = await judgeKeys(warmFiles(simulatedChance('keys')), files);
    // Keys of one person are alike: what counts as independent are the persons of the files that are judged, ten in each.
    const margin = deviations * aucDeviation((10 * files) / 3, (10 * files) / 3);
    expect(found.auc).toBeLessThan(BOUNDS.aucRealKey + margin);
  });

  it('is not how many people published, from files of whole servers', async () => {
    const files = 40;
    const source = serviceFiles({ sizes: [1, 5], crowd: 100, random: simulatedChance('served') });
    const found = await countPeople(source, { files, comparisons: ['auc1v5'] });
    const margin = deviations * aucDeviation(files / 2, files / 2);
    expect(found.auc1v5!.auc).toBeLessThan(BOUNDS.warm.auc1v5 + margin);
  });

  it('is not which keys are real, from files of whole servers', async () => {
    const [files, people] = [24, 30];
    const source = serviceFiles({ sizes: [people], crowd: 100, random: simulatedChance('judged') });
    const found = await judgeKeys(source, files, { people });
    const uploads = (people * files) / 3;
    const margin = deviations * aucDeviation(uploads, 2 * uploads);
    expect(found.auc).toBeLessThan(BOUNDS.aucRealKey + margin);
  });

  it('is no smaller set of keys than the floor, whatever files and pages of partners are subtracted or intersected', async () => {
    let [refused, pages] = [0, 0];
    for (let n = 0; n < 4; n++) {
      const isolated = await isolateKeys(simulatedChance(`configuration ${n}`));
      expect(isolated.atom!.size).toBeGreaterThanOrEqual(isolated.atom!.floor);
      refused += isolated.refused;
      pages += isolated.pages;
    }
    expect(pages).toBeGreaterThan(0);
    // What cannot be padded was tried too, and did not get past the rules of configurations.
    expect(refused).toBeGreaterThan(0);
  });

  it('is not whether a key is real, from the time until it is refused', async () => {
    const count = 4000;
    const told = await timeRefusals(count, simulatedChance('times'));
    expect(told).toBeLessThan(BOUNDS.aucTiming + deviations * aucDeviation(count, count));
  });
});
