import { type ChildProcess, spawn } from 'node:child_process';

/** How test files went: all passed, or this one failed, or it had not ended when it was given up. */
export type Outcome = 'passed' | { readonly failed: string } | { readonly hung: string };

/** A run in which no test file ends for so long hangs, in ms. A single test has a third of it. */
const LONGEST_SILENCE = 90_000;

const JEST = [
  ...['--conditions=source', '--conditions=engine-in-process'],
  '--disable-warning=ExperimentalWarning',
  ...['node_modules/jest/bin/jest.js', '--testSequencer=./test/mutants/given-order.ts'],
  `--testTimeout=${LONGEST_SILENCE / 3}`,
  ...['--testMatch=**/*.ts', '--runInBand', '--forceExit', '--runTestsByPath'],
];

/** Runs test files in their order until one fails, and kills whatever processes they leave behind. */
export async function runInOrder(
  tests: readonly string[],
  { directory, temporary }: { readonly directory: string; readonly temporary: string },
): Promise<Outcome> {
  // jest leads a group of processes, to which belongs what its tests start.
  const child = spawn(process.execPath, [...JEST, ...tests], {
    cwd: directory,
    env: { ...process.env, TMPDIR: temporary, NO_COLOR: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const { output, isOverdue } = await heardUntilFailure(child);
  if (child.exitCode === 0) return 'passed';
  const passed = output.match(/^PASS /gm)?.length ?? 0;
  const test = tests[passed] ?? 'a test';
  return isOverdue ? { hung: test } : { failed: test };
}

/** What a run of jest says until it ends, or a test file fails, or it has been silent for too long. */
async function heardUntilFailure(
  child: ChildProcess,
): Promise<{ readonly output: string; readonly isOverdue: boolean }> {
  let output = '';
  let isOverdue = false;
  const silence = setTimeout(() => {
    isOverdue = true;
    killGroup(child);
  }, LONGEST_SILENCE);
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (/^FAIL /m.test(output)) killGroup(child);
    else if (/^PASS /m.test(text)) silence.refresh();
  });
  child.on('exit', () => {
    killGroup(child);
  });
  try {
    await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
    return { output, isOverdue };
  } finally {
    clearTimeout(silence);
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return; // it never started
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of the group is left.
  }
}
