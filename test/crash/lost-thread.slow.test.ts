import { machine } from '../support/machine.ts';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLocalPlatform } from '@keyserver/local';
import { startLauncher } from './launcher-process.ts';

const PRELOAD = ['--import', join(import.meta.dirname, 'lose-thread.ts')];
const programOf = (name: string): string => fileURLToPath(import.meta.resolve(name));

let directory: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'keyserver-thread-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a script whose database thread can be broken; `onOut` sees all of its output so far. */
async function runBreakable(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  onOut: (out: string, child: ChildProcess) => void = () => undefined,
): Promise<Ended> {
  const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning', ...PRELOAD];
  const child = spawn(process.execPath, [...flags, ...args], { env, stdio: 'pipe' });
  children.push(child);
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    onOut(out, child);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  return await new Promise((resolve) => {
    child.once('close', (code) => {
      resolve({ code, out, err });
    });
  });
}

const eventsIn = (out: string): readonly { message: string; severity: string }[] =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { message: string; severity: string });

describe('a database thread that is gone', () => {
  it.each(['publish', 'export'])('ends %s with 1 and an event', async (service) => {
    let isBroken = false;
    const ended = await runBreakable(
      [programOf(`@keyserver/${service}/main`)],
      {
        ...{ PLATFORM: 'local', DATA_DIR: directory, PORT: '0' },
        ...{ OIDC_ISSUER: 'http://127.0.0.1:1', OIDC_JWKS_URL: 'http://127.0.0.1:1/jwks.json' },
        ...{ OIDC_AUDIENCE: 'export', CALLER_EMAILS: 'jobs@example.org' },
      },
      (out, child) => {
        if (isBroken || !out.includes('service.started')) return;
        isBroken = true;
        child.kill('SIGUSR2');
      },
    );
    expect(ended.code).toBe(1);
    expect(eventsIn(ended.out).map(({ message }) => message)).toEqual(
      expect.arrayContaining(['service.started', 'service.crashed']),
    );
  });

  it('ends the launcher and its services with 1 and a sentence', async () => {
    const launcher = await startLauncher(directory, PRELOAD);
    expect(await launcher.signal('SIGUSR2')).toBe(1);
    expect(launcher.said()).toBe(
      'The suite stops, because its launcher has lost the database: the database worker failed. Start it again.\n',
    );
    expect(await launcher.status(`${launcher.urls.publish}/health`)).toBe(0);
    expect(await launcher.status(`${launcher.urls.export}/health`)).toBe(0);
  });

  it('ends a command of the tool with 2 and a sentence', async () => {
    await (await openLocalPlatform({ ...machine, dataDirectory: directory })).close();
    const command = ['store', 'time', 'show', '--data-dir', directory];
    const ended = await runBreakable([programOf('@keyserver/cli/main'), ...command], {
      LOSE_THREAD: 'first',
    });
    expect(ended).toEqual({ code: 2, out: '', err: 'keyserver: the database worker failed\n' });
  });
});
