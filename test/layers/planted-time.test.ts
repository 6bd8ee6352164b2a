import { ESLint, Linter } from 'eslint';

/** Lines that take time, chance or the environment from the machine instead of from an argument. */
const PLANTED: readonly (readonly [line: string, complaint: string])[] = [
  ['Date.now();', 'Take a Clock'],
  ['new Date();', 'Take a Clock'],
  ['setTimeout(work, 10);', 'Take Timers'],
  ['setInterval(work, 10);', 'Take Timers'],
  ['globalThis.setTimeout(work, 10);', 'Take Timers'],
  ['performance.now();', 'Take Timers'],
  ['process.hrtime.bigint();', 'Take Timers'],
  ['AbortSignal.timeout(10);', 'Take Timers'],
  ["import { setTimeout } from 'node:timers/promises';", 'Take Timers'],
  ["import { performance } from 'perf_hooks';", 'Take Timers'],
  ["import { systemClock } from '@keyserver/time';", 'Only main.ts'],
  ["import { systemTimers } from '@keyserver/time';", 'Only main.ts'],
  ['Math.random();', 'Take a Random'],
  ['crypto.getRandomValues(bytes);', 'Take a Random'],
  ['crypto.randomUUID();', 'Take a Random'],
  ["import { randomBytes } from 'node:crypto';", 'Take a Random'],
  ["import { randomInt } from 'crypto';", 'Take a Random'],
  ["import { systemRandom } from '@keyserver/random';", 'Only main.ts'],
  ['process.env.HOME;', 'Only main.ts'],
];
const LIBRARY_FILES = ['libs/stores/src/planted.ts', 'libs/sqlite/src/planted.ts'];
const ENTRIES = ['libs/sqlite/src/worker.ts', 'services/publish/src/main.ts'];

const eslint = new ESLint();

/** What the project's own rules say about one line in one file. */
async function complaints(file: string, line: string): Promise<readonly string[]> {
  const config = (await eslint.calculateConfigForFile(file)) as { rules: Linter.RulesRecord };
  const rules = Object.fromEntries(
    ['no-restricted-syntax', 'no-restricted-imports'].flatMap((name) => {
      const rule = config.rules[name];
      return rule === undefined ? [] : [[name, rule]];
    }),
  );
  return new Linter().verify(line, { rules }).map(({ message }) => message);
}

describe.each(LIBRARY_FILES)('%s', (file) => {
  it.each(PLANTED)('may not hold %s', async (line, complaint) => {
    expect(await complaints(file, line)).toEqual([expect.stringContaining(complaint)]);
  });

  it('may compute with a time that it was given', async () => {
    expect(await complaints(file, 'new Date(now).toISOString(); Date.parse(text);')).toEqual([]);
  });
});

it.each(ENTRIES)('%s may hand out the real ones', async (file) => {
  for (const [line] of PLANTED) expect(await complaints(file, line)).toEqual([]);
});
