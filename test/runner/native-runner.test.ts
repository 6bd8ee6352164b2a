import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const ROOT = join(import.meta.dirname, '../..');
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyserver-runner-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

/** What jest says of some of the fixtures, each of which is a test file that no other run finds. */
async function resultsOf(...args: readonly string[]): Promise<Results> {
  const output = join(directory, 'results.json');
  const jest = [
    'node_modules/jest/bin/jest.js',
    '--testMatch=**/test/runner/fixtures/*.fixture.ts',
  ];
  const run = [...jest, '--json', `--outputFile=${output}`, ...args];
  const { status } = spawnSync(process.execPath, run, { cwd: ROOT });
  const results = JSON.parse(await readFile(output, 'utf8')) as Results;
  expect(status).toBe(results.success ? 0 : 1);
  return results;
}

/** One run of all that can fail: jest takes a second to start. */
let failing: Results;
beforeAll(async () => {
  failing = await resultsOf('all-outcomes', 'throws-while-loading', 'ends-its-process');
});
const failingFile = (fixture: string) =>
  failing.testResults.find(({ name }) => name.endsWith(`/${fixture}.fixture.ts`))!;

it('tells what passed from what failed, in every way in which a test can fail', () => {
  expect(failing).toMatchObject({ numPassedTests: 1, numFailedTests: 5, numPendingTests: 1 });
  const { assertionResults, message } = failingFile('all-outcomes');
  const outcomes = assertionResults.map(({ fullName, status }) => [fullName, status]);
  expect(outcomes).toEqual([
    ['a group passes', 'passed'],
    ['a group fails', 'failed'],
    ['a group is skipped', 'pending'],
    ['a group fails for an assertion that was not made', 'failed'],
    ['a group fails for a promise that nobody waits for', 'failed'],
    ['a group fails when it takes too long', 'failed'],
    ['a group whose preparation fails fails', 'failed'],
  ]);
  expect(message).toContain('unheard');
});

it.each([
  ['cannot be loaded', 'throws-while-loading', 'no test was described'],
  ['ends its process', 'ends-its-process', 'child process exceptions'],
])('counts a file that %s as a failure', (_, fixture, message) => {
  expect(failing).toMatchObject({ success: false, numRuntimeErrorTestSuites: 2 });
  expect(failingFile(fixture).message).toContain(message);
});

it('gives each file the environment as it was, and runs only the tests whose names match', async () => {
  const some = await resultsOf(
    'of-two',
    'all-outcomes',
    '--maxWorkers=1',
    '-t',
    'the environment|a group passes',
  );
  expect(some).toMatchObject({ success: true, numPassedTests: 3, numPendingTests: 6 });
});

it.each(['--runInBand', '--maxWorkers=2'])(
  'stops at the first failure when asked to, and removes no directory but its own (%s)',
  async (how) => {
    const outer = await mkdtemp(join(directory, 'outer-'));
    await writeFile(join(directory, 'of-somebody-else'), '');
    const jest = ['node_modules/jest/bin/jest.js', 'all-outcomes', 'of-two', '--bail', how];
    const files = '--testMatch=**/test/runner/fixtures/*.fixture.ts';
    const flags = ['--conditions=source', ...jest, files];
    const env = { ...process.env, TMPDIR: outer };
    const { status } = spawnSync(process.execPath, flags, { cwd: ROOT, env });
    expect(status).toBe(1);
    expect(await readdir(directory)).toEqual(expect.arrayContaining(['of-somebody-else']));
    expect(await readdir(outer)).toEqual([]);
  },
);

it('runs in the process of jest when asked to, for a debugger', async () => {
  expect(await resultsOf('of-two', '--runInBand')).toMatchObject({ numPassedTests: 2 });
});
