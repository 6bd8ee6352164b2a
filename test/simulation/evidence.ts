import type { Country } from '@keyserver/demo';
import { type Given, judgeGiven } from './ask-as-partner.ts';
import type { Problem } from './invariants.ts';
import { type Health, judgeCovers, judgeDoubt, judgeHealth, judgeRepetition } from './judge-end.ts';
import { type Known, judgeKeys } from './judge-keys.ts';
import { type Memory, judgeList } from './judge-list.ts';
import { judgeLog } from './judge-log.ts';
import type { Glimpse } from './observe.ts';
import type { Crowd } from './people.ts';
import type { SimulatedServer } from './server.ts';
import { type Contents, judgeContents } from './store-contents.ts';

/** All that was seen of a server at the end of a simulation, when nothing had been wrong for a day. */
export interface ServerEvidence {
  readonly server: Pick<SimulatedServer, 'country' | 'parts'>;
  /** What phones knew before they looked for the last time, and what they saw then. */
  readonly memory: Memory;
  readonly glimpse: Glimpse;
  /** What the index listed after all jobs had run once more. */
  readonly again: readonly string[];
  /** Names that left the index long ago, and can still be downloaded. */
  readonly leftBehind: readonly string[];
  readonly health: readonly Health[];
  /** What the services said whenever their clock was wrong. */
  readonly doubt: readonly Health[];
  readonly log: readonly string[];
  readonly contents: readonly Contents[];
  readonly given: readonly Given[];
}

/** All that is known at the end. */
export interface Evidence {
  readonly servers: readonly ServerEvidence[];
  readonly crowd: Crowd;
  readonly generated: ReadonlySet<string>;
  readonly period: number;
  readonly abroad: number;
  readonly calmSince: (country: Country) => number | undefined;
}

/** What is not as it must be, each with its invariant and the country. Reads the evidence and nothing else. */
export const judge = (evidence: Evidence): readonly Problem[] => [
  ...evidence.crowd.surprises,
  ...judgeCovers(evidence.crowd.covers),
  ...evidence.servers.flatMap((one) =>
    judgeServer(one, evidence).map((problem) => inCountry(problem, one.server.country)),
  ),
];

/** Says of a problem where it was seen. */
export const inCountry = (problem: Problem, { id }: Country): Problem => {
  const [invariant = '', sentence = ''] = problem.split(/: (.*)/s);
  return `${invariant as 'I1'}: ${id}: ${sentence}`;
};

function judgeServer(one: ServerEvidence, evidence: Evidence): readonly Problem[] {
  const { server, memory, glimpse } = one;
  const { crowd, generated } = evidence;
  return [
    ...judgeFiles(server.country, { memory, glimpse }, evidence),
    ...judgeRepetition(
      glimpse.archives.map(({ name }) => name),
      one.again,
    ),
    ...one.leftBehind.map((name): Problem => `I10: ${name} has left the index and is still there`),
    ...judgeHealth(one.health, server),
    ...judgeDoubt(one.doubt),
    ...judgeLog(one.log, crowd, generated),
    ...judgeContents(one.contents, glimpse.now),
    ...one.given.flatMap((given) => judgeGiven(given, server, evidence)),
  ];
}

/** What is wrong with the files of a server, at the end or before. */
export const judgeFiles = (
  country: Country,
  { memory, glimpse }: { readonly memory: Memory; readonly glimpse: Glimpse },
  known: Known,
): readonly Problem[] => [
  ...judgeList(memory, glimpse, { calm: known.calmSince(country), period: known.period }),
  ...judgeKeys(country, glimpse, known),
];
