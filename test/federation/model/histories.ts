import { quickRandom } from '../../padding/quick-random.ts';
import { violationsOf } from './check-model.ts';
import { FederationModel } from './federation-model.ts';
import type { Fault } from './link.ts';

/** What the rule forbids and is found in so many histories of some servers, each drawn from the seed and its number. */
export async function violationsIn(histories: number, seed: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (let n = 0; n < histories; n++) found.push(...(await playHistory(n, seed)));
  return found;
}

/** The first of so many histories in which a planted fault is seen; undefined when it is in none. */
export async function firstWith(
  fault: Fault,
  histories: number,
  seed: string,
): Promise<number | undefined> {
  for (let n = 0; n < histories; n++) if ((await playHistory(n, seed, fault)).length > 0) return n;
  return undefined;
}

async function playHistory(n: number, seed: string, fault?: Fault): Promise<readonly string[]> {
  const random = quickRandom(`${seed} ${n}`);
  const model = new FederationModel(random, new Set(fault === undefined ? [] : [fault]));
  for (let steps = 20 + random.below(40); steps > 0; steps--) await model.step();
  await model.settle();
  return violationsOf(model).map((what) => `history ${n}: ${what}`);
}
