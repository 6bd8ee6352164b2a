import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@keyserver/random/testing';
import {
  type Clock,
  SECOND,
  type Timers,
  simulatedClock,
  systemTimers,
  unixMillis,
} from '@keyserver/time';
import { run } from '../program.ts';

/** The time that commands under test see. */
export const NOW = unixMillis(Date.parse('2024-05-20T12:00:00Z'));

const directory = mkdtempSync(join(tmpdir(), 'keyserver-cli-'));
process.once('exit', () => {
  rmSync(directory, { recursive: true, force: true });
});

/** A path in a directory that vanishes with the process. */
export const inScratch = (name: string): string => join(directory, name);

/** Writes a file there and gives its path. */
export function aFileWith(name: string, content: string | Uint8Array): string {
  writeFileSync(inScratch(name), content);
  return inScratch(name);
}

/** What a command line came to. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly questions: readonly string[];
}

// One source for all runs: two commands never draw the same.
const random = seededRandom('keyserver');

/** Runs a command line in this process; without an answer nobody is there to be asked. */
export async function keyserver(
  argv: readonly string[],
  context: {
    readonly answer?: boolean | (() => Promise<boolean>);
    readonly dataDirectory?: string;
    /** Shows NOW unless given; a cloud that keeps real time needs the real one. */
    readonly clock?: Clock;
    /** Those of the machine unless given. */
    readonly timers?: Timers;
    readonly environment?: Readonly<Record<string, string>>;
  } = {},
): Promise<Ran> {
  const said = { out: '', err: '' };
  const questions: string[] = [];
  const code = await run(argv, {
    terminal: {
      out: (text) => {
        said.out += text;
      },
      err: (text) => {
        said.err += text;
      },
      interactive: context.answer !== undefined,
      ask: async (question) => {
        questions.push(question);
        return typeof context.answer === 'function'
          ? await context.answer()
          : context.answer === true;
      },
    },
    clock: context.clock ?? simulatedClock(NOW),
    timers: context.timers ?? systemTimers,
    random,
    user: 'alex',
    dataDirectory: context.dataDirectory ?? inScratch('data'),
    ...(context.environment === undefined ? {} : { environment: context.environment }),
  });
  return { code, ...said, questions };
}

/** Timers that show ten seconds more each time that they are read, so that every step of a command is long work. */
export function slowTimers(): Timers {
  let readings = 0;
  return { ...systemTimers, monotonic: () => (readings += 1) * 10 * SECOND };
}
