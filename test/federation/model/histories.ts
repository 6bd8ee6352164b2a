import { quickRandom } from '../../padding/quick-random.ts';
import { violationsOf } from './check-model.ts';
import { FederationModel } from './federation-model.ts';
import type { Fault } from './link.ts';
import type { Broken, Violation } from './network.ts';

/** A fault that is planted, and what the part of the rule that it takes away prevents. */
export interface Planted {
  readonly fault: Fault;
  readonly broken: Broken;
}

/** What the rule forbids and is found in so many histories of some servers, each drawn from the seed and its number. */
export async function violationsIn(histories: number, seed: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (let n = 0; n < histories; n++)
    for (const { broken, what } of await playHistory(n, seed))
      found.push(`history ${n}: ${broken}: ${what}`);
  return found;
}

/** The first of so many histories in which a planted fault breaks the rule in this way; undefined when it does in none. */
export async function firstWith(
  { fault, broken }: Planted,
  histories: number,
  seed: string,
): Promise<number | undefined> {
  for (let n = 0; n < histories; n++) {
    const found = await playHistory(n, seed, fault);
    if (found.some((violation) => violation.broken === broken)) return n;
  }
  return undefined;
}

async function playHistory(n: number, seed: string, fault?: Fault): Promise<readonly Violation[]> {
  const random = quickRandom(`${seed} ${n}`);
  const model = new FederationModel(random, new Set(fault === undefined ? [] : [fault]));
  for (let steps = 20 + random.below(40); steps > 0; steps--) await model.step();
  await model.settle();
  return violationsOf(model);
}
