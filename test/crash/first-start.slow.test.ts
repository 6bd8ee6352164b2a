import { systemRandom } from '@keyserver/random';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROUNDS = process.env['SOAK'] === undefined ? 12 : 200;
const SCRIPT = join(import.meta.dirname, 'make-store.ts');
const FLAGS = ['--conditions=source', '--disable-warning=ExperimentalWarning', SCRIPT];

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyserver-first-start-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Makes a store in a process of its own, which is killed after so many milliseconds from its first sign in the directory. */
async function makeStore(dataDirectory: string, killAfter?: number): Promise<Ended> {
  const child = spawn(process.execPath, [...FLAGS, dataDirectory]);
  const said = { out: '', err: '' };
  child.stdout.on('data', (text) => (said.out += String(text)));
  child.stderr.on('data', (text) => (said.err += String(text)));
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  if (killAfter !== undefined) {
    while (child.exitCode === null && (await present(dataDirectory)) === 0)
      await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, killAfter));
    child.kill('SIGKILL');
  }
  return { status: await ended, ...said };
}

const present = async (path: string): Promise<number> =>
  (await readdir(path).catch(() => [])).length; // not there yet

it('goes on after a first start that was killed at any moment, with one id for all parts', async () => {
  let killed = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const dataDirectory = join(directory, String(round));
    const first = await makeStore(dataDirectory, systemRandom.below(120));
    if (first.status === null) killed += 1;
    const second = await makeStore(dataDirectory);
    expect({ round, err: second.err, status: second.status }).toEqual({
      round,
      err: '',
      status: 0,
    });
    const third = await makeStore(dataDirectory);
    expect([third.status, third.out]).toEqual([0, second.out]);
    if (first.out !== '') expect(second.out).toBe(first.out);
  }
  // A round in which the process was faster than the kill shows nothing.
  expect(killed).toBeGreaterThan(ROUNDS / 4);
});
