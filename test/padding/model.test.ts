import { seededRandom } from '@keyserver/random/testing';
import { violationsOf } from './check-model.ts';
import { PaddingModel } from './model.ts';

const RUNS = 60;
const SEED = process.env['MODEL_SEED'] ?? 'plans and cells';

it(`loses, doubles and isolates no key in ${RUNS} histories of a server`, async () => {
  const broken: string[] = [];
  for (let n = 0; n < RUNS; n++) {
    const random = seededRandom(`${SEED} ${String(n)}`);
    const model = new PaddingModel(random);
    for (let steps = 20 + random.below(40); steps > 0; steps--) await model.step();
    await model.settle();
    broken.push(...violationsOf(model, random).map((what) => `run ${String(n)}: ${what}`));
  }
  expect(broken).toEqual([]);
});
