import { violationsOf } from './check-model.ts';
import { PaddingModel } from './model.ts';
import { quickRandom } from './quick-random.ts';

/** What the rule forbids and is found in so many histories of a server, each drawn from the seed and its number. */
export async function violationsIn(histories: number, seed: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (let n = 0; n < histories; n++) {
    const random = quickRandom(`${seed} ${n}`);
    const model = new PaddingModel(random);
    for (let steps = 20 + random.below(40); steps > 0; steps--) await model.step();
    await model.settle();
    found.push(...violationsOf(model, random).map((what) => `history ${n}: ${what}`));
  }
  return found;
}
