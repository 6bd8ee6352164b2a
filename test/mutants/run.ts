import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { shuffle } from '@keyserver/random';
import { seededRandom } from '@keyserver/random/testing';
import { EQUIVALENTS } from './equivalents.ts';
import { type Mutation, mutated, mutationsOf } from './mutations.ts';
import { type Scratch, type Verdict, openScratch } from './scratch.ts';

const ROOT = join(import.meta.dirname, '../..');
const ROOMS = [
  ...['libs/exposure-keys', 'libs/health-authority', 'libs/export-file', 'libs/stores'],
  ...['libs/local/src/sqlite', 'services/publish', 'services/export'],
];
const SKIPPED =
  /\.test\.ts$|\/testing\/|\/generated\/|\/dist\/|\/node_modules\/|\/(index|main)\.ts$/;

interface Mutant {
  readonly room: string;
  readonly file: string;
  readonly source: string;
  readonly mutation: Mutation;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string', default: '10' },
    seed: { type: 'string', default: 'mutants' },
    'at-once': { type: 'string', default: '2' },
  },
});

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** So many mutants of a room, drawn from all of its files. */
async function drawMutants(room: string, count: number, seed: string): Promise<readonly Mutant[]> {
  const files = (await readdir(join(ROOT, room), { recursive: true }))
    .map((name) => `${room}/${name}`)
    .filter((file) => file.endsWith('.ts') && !SKIPPED.test(file))
    .sort();
  const all: Mutant[] = [];
  for (const file of files) {
    const source = await readFile(join(ROOT, file), 'utf8');
    all.push(...mutationsOf(source).map((mutation) => ({ room, file, source, mutation })));
  }
  const random = seededRandom(`${seed} ${room}`);
  const candidates = all.filter((mutant) => !isEquivalent(mutant));
  return shuffle(candidates, random).slice(0, count);
}

const isEquivalent = ({ file, mutation }: Mutant): boolean =>
  EQUIVALENTS.some(
    (known) =>
      known.file === file && known.text === mutation.text && known.change === mutation.change,
  );

/** The tests of the room first, which kill most; then every test that reaches the file. */
async function judge(scratch: Scratch, { room, file, source, mutation }: Mutant): Promise<Verdict> {
  const content = mutated(source, mutation);
  const own = await scratch.test({ file, content, jestArguments: [room] });
  if (own !== 'survived') return own;
  return await scratch.test({ file, content, jestArguments: ['--findRelatedTests', file] });
}

const rooms = positionals.length > 0 ? positionals : ROOMS;
const waiting: Mutant[] = [];
for (const room of rooms)
  waiting.push(...(await drawMutants(room, Number(values.sample), values.seed)));
const survivors = new Map<string, number>();
const counted = new Map<string, number>();

async function work(): Promise<void> {
  const scratch = await openScratch(ROOT);
  try {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const verdict = await judge(scratch, next);
      const { room, file, mutation } = next;
      counted.set(room, (counted.get(room) ?? 0) + 1);
      if (verdict !== 'survived') continue;
      survivors.set(room, (survivors.get(room) ?? 0) + 1);
      say(`survived  ${file}:${mutation.line}  ${mutation.change}\n          ${mutation.text}`);
    }
  } finally {
    await scratch.remove();
  }
}

await Promise.all(Array.from({ length: Number(values['at-once']) }, work));
for (const [room, count] of counted) {
  const killed = count - (survivors.get(room) ?? 0);
  say(`${room.padEnd(28)}${killed} of ${count} killed, ${Math.round((100 * killed) / count)} %`);
}
