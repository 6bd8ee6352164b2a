import { DAY, HOUR } from '@keyserver/time';
import type { Problem } from './invariants.ts';
import type { Glimpse } from './observe.ts';

const RETENTION = 14 * DAY;
/** How long after retention a file may still be listed, beside its period: cleanup comes every four hours. */
const UNTIL_UNLISTED = 6 * HOUR;

/** What phones of a country have seen of its files so far. */
export interface Memory {
  readonly digests: ReadonlyMap<string, string>;
  readonly listed: readonly string[];
  readonly keys: ReadonlySet<string>;
  /** Names that have left the index, and when that was seen. */
  readonly unlisted: ReadonlyMap<string, number>;
}

export const NOTHING_SEEN: Memory = {
  ...{ digests: new Map(), listed: [], keys: new Set(), unlisted: new Map() },
};

/** What phones remember once they have seen all of it. */
export function remember(before: Memory, { archives, now }: Glimpse): Memory {
  const listed = archives.map(({ name }) => name);
  const gone = before.listed.filter((name) => !listed.includes(name));
  return {
    listed,
    keys: new Set(archives.flatMap(({ keys }) => keys)),
    digests: new Map([
      ...archives.map(({ name, digest = '' }) => [name, digest] as const),
      ...before.digests,
    ]),
    unlisted: new Map([...gone.map((name) => [name, now] as const), ...before.unlisted]),
  };
}

interface Judging {
  /** Since when nothing is wrong with the server; undefined while something is. */
  readonly calm: number | undefined;
  /** How long a file takes, ms. */
  readonly period: number;
}

/** What is wrong with the list of files and with their contents as such, whoever has uploaded what. */
export const judgeList = (
  memory: Memory,
  glimpse: Glimpse,
  { calm = Infinity, period }: Judging,
): readonly Problem[] => [
  ...glimpse.faults.map((fault): Problem => `I6: ${fault}`),
  ...contents(memory, glimpse),
  ...lines(memory, glimpse),
  ...glimpse.archives
    .filter(
      ({ name }) =>
        Math.max(startOf(name) + RETENTION, calm) + period + UNTIL_UNLISTED <= glimpse.now,
    )
    .map(({ name }): Problem => `I10: ${name} is past retention and still listed`),
];

/** One name, one content, for ever, which phones can read. */
const contents = ({ digests }: Memory, { archives }: Glimpse): readonly Problem[] =>
  archives.flatMap(({ name, digest, order, faults }): readonly Problem[] => [
    ...faults.map((fault): Problem => `I6: ${name}: ${fault}`),
    ...((digests.get(name) ?? digest) === digest
      ? []
      : [`I6: ${name} has another content` as const]),
    ...(order === 'none' ? [`I3: ${name} has an order of its own` as const] : []),
  ]);

/** Who remembers the last line finds all that is new below it; what left the index was old, and never comes back. */
function lines(memory: Memory, { archives, now }: Glimpse): readonly Problem[] {
  const listed = archives.map(({ name }) => name);
  const stays = memory.listed.filter((name) => listed.includes(name));
  return [
    ...memory.listed
      .filter((name) => !listed.includes(name) && startOf(name) > now - RETENTION)
      .map((name): Problem => `I1: ${name} left the index before its time`),
    ...(stays.every((name, n) => listed[n] === name)
      ? []
      : (['I1: a line was put in above others'] as const)),
    ...listed
      .filter((name) => memory.unlisted.has(name))
      .map((name): Problem => `I7: ${name} came back`),
    ...(new Set(listed).size < listed.length
      ? (['I7: the index lists a file twice'] as const)
      : []),
  ];
}

/** When the first keys of an archive became known, which is in its name in seconds. */
const startOf = (name: string): number =>
  Number(/(\d+)-\d+-\d+\.zip$/.exec(name)?.[1] ?? NaN) * 1000;
