import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startChild } from './start-child.ts';

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyserver child ')); // with spaces, as some homes have
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function childOf(source: string) {
  const script = pathToFileURL(join(directory, 'child.mjs'));
  await writeFile(script, source);
  const heard: string[] = [];
  const hearing = new EventEmitter();
  const first = once(hearing, 'lines');
  const hear = (lines: string): void => {
    heard.push(lines);
    hearing.emit('lines', lines);
  };
  const env = { PATH: process.env['PATH'], GREETING: 'hello' };
  const child = startChild({
    script,
    env,
    onLog: hear,
    onSay: (lines) => {
      hear(`said ${lines}`);
    },
  });
  return { child, heard, first };
}

const UNTIL_TOLD = `
  process.once('SIGTERM', () => { console.log('finishing'); process.exit(0); });
  process.once('disconnect', () => process.exit(3));
  setInterval(() => {}, 1000);
  console.log('running');`;

describe('a service as a process', () => {
  it('gets its environment, and its log is heard', async () => {
    const { child, heard } = await childOf('console.log(process.env.GREETING)');
    expect(await child.ended).toBe(0);
    expect(heard).toEqual(['hello\n']);
  });

  it('is heard when it says why it cannot start', async () => {
    const { child, heard } = await childOf('console.error("no"); process.exit(1)');
    expect(await child.ended).toBe(1);
    expect(heard).toEqual(['said no\n']);
  });

  it('may finish when it is asked to end', async () => {
    const { child, heard, first } = await childOf(UNTIL_TOLD);
    await first;
    child.ask();
    expect(await child.ended).toBe(0);
    expect(heard.join('')).toBe('running\nfinishing\n');
  });

  it('hears what its launcher tells it, also before it listens', async () => {
    const { child, heard } = await childOf(
      "process.once('message', (told) => { console.log(JSON.stringify(told)); process.exit(0); });",
    );
    child.tell({ logIsKept: false });
    expect(await child.ended).toBe(0);
    expect(heard).toEqual(['{"logIsKept":false}\n']);
  });

  it('may be told something when it has ended', async () => {
    const { child } = await childOf('');
    await child.ended;
    child.tell({ logIsKept: true });
    await new Promise(setImmediate);
    expect(await child.ended).toBe(0);
  });

  it('counts as ended when no process can be made of it', async () => {
    const env = { TOO_LONG: 'x'.repeat(4_000_000) }; // longer than any system takes
    const nothing = (): void => undefined;
    const script = new URL('child.mjs', import.meta.url);
    const child = startChild({ script, env, onLog: nothing, onSay: nothing });
    child.tell({ logIsKept: true });
    child.ask();
    child.kill();
    expect(await child.ended).toBe(127);
  });

  it('ends at once when it is killed', async () => {
    const { child, first } = await childOf(UNTIL_TOLD);
    await first;
    child.kill();
    expect(await child.ended).toBe(137);
  });

  it('notices when its launcher is killed', async () => {
    const script = join(directory, 'child.mjs');
    const told = join(directory, 'told');
    await writeFile(
      script,
      `import { writeFileSync } from 'node:fs';
       process.once('disconnect', () => { writeFileSync(${JSON.stringify(told)}, 'gone'); process.exit(0); });
       setInterval(() => {}, 1000);
       console.log(String(process.pid));`,
    );
    const launcher = `
      import { startChild } from ${JSON.stringify(new URL('start-child.ts', import.meta.url).href)};
      const take = (lines) => process.stdout.write(lines);
      startChild({ script: new URL(${JSON.stringify(pathToFileURL(script).href)}), env: {}, onLog: take, onSay: take });`;
    const args = ['--conditions=source', '--input-type=module', '--eval', launcher];
    const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
    parent.kill('SIGKILL');
    await untilGone(Number(pid.toString()));
    expect(() => process.kill(Number(pid.toString()), 0)).toThrow(/ESRCH/);
  });
});

async function untilGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise(setImmediate);
  }
}
