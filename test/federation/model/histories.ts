import { quickRandom } from '../../padding/quick-random.ts';
import { violationsOf } from './check-model.ts';
import { FederationModel } from './federation-model.ts';
import type { Fault } from './link.ts';

/** What the rule forbids and is found in so many histories of some servers, each drawn from the seed and its number. */
export async function violationsIn(
  histories: number,
  seed: string,
  faults: readonly Fault[] = [],
): Promise<readonly string[]> {
  const found: string[] = [];
  for (let n = 0; n < histories; n++) {
    const random = quickRandom(`${seed} ${n}`);
    const model = new FederationModel(random, new Set(faults));
    for (let steps = 20 + random.below(40); steps > 0; steps--) await model.step();
    await model.settle();
    found.push(...violationsOf(model).map((what) => `history ${n}: ${what}`));
  }
  return found;
}
