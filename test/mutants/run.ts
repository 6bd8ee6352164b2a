import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Mutant, drawMutants } from './draw.ts';
import { mutated } from './mutations.ts';
import { type ProjectCopy, copyProject } from './project-copy.ts';
import { EVERYWHERE, importersIn, testsIn, testsOf } from './tests-of.ts';

const ROOT = join(import.meta.dirname, '../..');
const ROOMS = [
  ...['libs/exposure-keys', 'libs/health-authority', 'libs/export-file', 'libs/stores'],
  ...['libs/sqlite', 'services/publish', 'services/export'],
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string', default: '10' },
    seed: { type: 'string', default: 'mutants' },
    'at-once': { type: 'string', default: '2' },
    near: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const importers = await importersIn(ROOT, EVERYWHERE);
/** Tests that were seen to pass without any fault. */
const sound = new Set<string>();

/** Whether a test notices a mutant. One that never ends is noticed too. */
async function isNoticed(
  copy: ProjectCopy,
  { file, source, mutation }: Mutant,
  ofRoom: readonly string[],
): Promise<boolean> {
  const all = testsOf(file, ofRoom, importers);
  const tests = values.near ? all.filter((test) => ofRoom.includes(test)) : all;
  const outcome = await copy.withFile(file, mutated(source, mutation), () => copy.run(tests));
  if (outcome === 'passed') return false;
  const test = 'failed' in outcome ? outcome.failed : outcome.hung;
  if (!sound.has(test) && (await copy.run([test])) !== 'passed')
    throw new Error(`${test} fails without any fault`);
  sound.add(test);
  return true;
}

/** Tries mutants of a folder, so many at once as there are copies, and says how many were noticed. */
async function tryFolder(folder: string, copies: readonly ProjectCopy[]): Promise<void> {
  const ofRoom = testsIn(ROOT, folder);
  const count = Number(values.sample);
  const mutants = await drawMutants(folder, { root: ROOT, count, seed: values.seed });
  const waiting = [...mutants];
  let noticed = 0;
  const work = async (copy: ProjectCopy): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { file, mutation } = next;
      if (await isNoticed(copy, next, ofRoom)) noticed += 1;
      else
        say(`survived  ${file}:${mutation.line}  ${mutation.change}\n          ${mutation.text}`);
    }
  };
  await Promise.all(copies.map(work));
  const share = Math.round((100 * noticed) / mutants.length);
  say(`${folder.padEnd(28)}${noticed} of ${mutants.length} noticed, ${share} %`);
}

const copies: ProjectCopy[] = [];
try {
  for (let n = 0; n < Number(values['at-once']); n += 1) copies.push(await copyProject(ROOT));
  for (const folder of positionals.length > 0 ? positionals : ROOMS)
    await tryFolder(folder, copies);
} finally {
  for (const copy of copies) await copy.remove();
}
