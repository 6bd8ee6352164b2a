import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInOrder } from './run-in-order.ts';

const ROOT = join(import.meta.dirname, '../..');
const fixture = (name: string): string => `test/runner/fixtures/${name}.fixture.ts`;
const [GOOD, BAD] = [fixture('second-of-two'), fixture('all-outcomes')];
let temporary = '';

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'keyserver-order-'));
});
afterAll(async () => {
  await rm(temporary, { recursive: true });
});

const run = async (...tests: readonly string[]) =>
  await runInOrder(tests, { directory: ROOT, temporary });

it.each([
  ['that all passed', [GOOD], 'passed'],
  ['which failed', [GOOD, BAD], { failed: BAD }],
  ['which failed first', [BAD, fixture('throws-while-loading')], { failed: BAD }],
  [
    'which ended the process',
    [fixture('ends-its-process'), GOOD],
    { failed: fixture('ends-its-process') },
  ],
])('says of test files %s', async (_, tests, outcome) => {
  expect(await run(...tests)).toEqual(outcome);
});

it('leaves no process behind that a test has started', async () => {
  // The process has the output of the run, which ends only when nobody has it any more.
  expect(await run(fixture('leaves-a-process'))).toBe('passed');
});
