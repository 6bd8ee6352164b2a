import type { Problem } from './invariants.ts';
import type { Crowd } from './people.ts';
import type { Part, SimulatedServer } from './server.ts';

/** What the services of a server say of themselves. */
export interface Health {
  readonly part: Part;
  readonly status: number;
  readonly body: string;
}

/** Asks every service that runs. */
export async function healthOf(server: SimulatedServer): Promise<readonly Health[]> {
  const all: Health[] = [];
  for (const part of server.parts) {
    const answer = await server.ask(part, '/health');
    if (answer !== undefined) all.push({ part, status: answer.status, body: answer.body });
  }
  return all;
}

/** Services that complain although nothing is wrong any more, or are not there. */
export const judgeHealth = (
  health: readonly Health[],
  { parts }: Pick<SimulatedServer, 'parts'>,
): readonly Problem[] => [
  ...health
    .filter(({ status }) => status !== 200)
    .map(({ part, body }): Problem => `I12: ${part} is not well at the end: ${body}`),
  ...(health.length < parts.length ? (['I12: a service is not there at the end'] as const) : []),
];

/** Only what has no store cannot know that the clock is wrong. */
const WITHOUT_STORE: ReadonlySet<Part> = new Set(['cdn']);

/** Services that say that they are well while their clock is wrong. */
export const judgeDoubt = (health: readonly Health[]): readonly Problem[] =>
  health
    .filter(({ part, status }) => status === 200 && !WITHOUT_STORE.has(part))
    .map(({ part }): Problem => `I12: ${part} says that it is well while its clock is wrong`);

/** What the index listed before all jobs ran once more, and after it. */
export const judgeRepetition = (
  before: readonly string[],
  after: readonly string[],
): readonly Problem[] =>
  before.join() === after.join() ? [] : ['I7: jobs that had nothing to do changed the index'];

/** The random padding of an answer, in base64, has so many lengths. */
const PADDING_RANGE = Math.ceil((1024 * 4) / 3) + 4;
/** A few bytes of numbers and of a token, of which cover traffic has one of the length of another upload. */
const ALLOWANCE = 400;

/** Answers to cover traffic that tell by what they are made of, or by how long they are, that they are none to an upload. */
export function judgeCovers(covers: Crowd['covers']): readonly Problem[] {
  const lengths = covers.map(({ real }) => real.bytes);
  const [least, most] = [Math.min(...lengths), Math.max(...lengths)];
  const span = Math.max(most - least, PADDING_RANGE) + ALLOWANCE;
  return covers.flatMap(({ real, cover }): readonly Problem[] => [
    ...(real.headers.join() === cover.headers.join()
      ? []
      : [`I9: cover traffic has the headers ${cover.headers.join()}` as const]),
    ...(cover.bytes < most - span || cover.bytes > least + span
      ? [`I9: cover traffic has ${cover.bytes} bytes, uploads from ${least} to ${most}` as const]
      : []),
  ]);
}
