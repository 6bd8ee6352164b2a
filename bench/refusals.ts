import { DEFAULT_KEY_RULES } from '@keyserver/exposure-keys';
import { certificateVerifier } from '@keyserver/health-authority';
import { simulatedClock } from '@keyserver/time';
import {
  COSTLY_BODIES,
  LONG_WORDS,
  NOW,
  V1,
  type PublishDeps,
  app,
  authority,
  goodBody,
  noPauses,
  publishKeys,
  reserveFreely,
  someTokens,
} from '@keyserver/publish/testing';
import type { Measure } from './figures.ts';

const { maxKeys } = DEFAULT_KEY_RULES;
const ROUNDS = 15;
const CALLS = 40;

const deps: PublishDeps = {
  clock: simulatedClock(NOW),
  findApp: (id) => Promise.resolve(id === app.id ? app : undefined),
  verifyCertificate: certificateVerifier(() => Promise.resolve(authority)),
  storeUpload: ({ keys }) =>
    Promise.resolve({ kind: 'stored', inserted: keys.length, revised: 0, revisable: keys }),
  tokens: someTokens(),
  rules: DEFAULT_KEY_RULES,
  reserveKeys: reserveFreely,
  confirmTime: () => Promise.resolve(),
  defaultRegions: [],
  pauses: noPauses,
};

/** What an upload costs, and what each kind of body costs that cannot be taken. */
export const measureRefusals: Measure = async ({ say }) => {
  const figures: Record<string, number> = {};
  for (const [what, text] of bodies()) {
    say(what);
    const body = Buffer.from(text);
    const name = camelCase(what);
    figures[`${name}ReadMicros`] = await microsOf(() => Promise.resolve(parse(body)));
    figures[`${name}Micros`] = await microsOf(async () => {
      const read = parse(body);
      return read.kind === 'request'
        ? await publishKeys({ ...read.request, platform: 'unknown' }, deps)
        : read;
    });
  }
  return figures;
};

const parse = V1.parser({ maxKeys });

const bodies = (): readonly (readonly [string, string])[] => [
  ['an upload', goodBody(maxKeys)],
  ['one key too many', goodBody(maxKeys + 1)],
  ['twice the keys', goodBody(2 * maxKeys)],
  ...[...COSTLY_BODIES, ...LONG_WORDS].map(([what, body]) => [what, body] as const),
];

/** Microseconds of one call: the median of several rounds, after one that does not count. */
async function microsOf(work: () => Promise<unknown>): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let call = 0; call < CALLS; call++) await work();
    const { user, system } = process.cpuUsage(before);
    if (round > 0) rounds.push((user + system) / CALLS);
  }
  return Math.round(rounds.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? 0);
}

const camelCase = (words: string): string =>
  words.replace(/ (\w)/g, (_, letter: string) => letter.toUpperCase());
