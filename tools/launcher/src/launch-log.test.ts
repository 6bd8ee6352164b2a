import { manualTimers } from '@keyserver/time/testing';
import { MINUTE, SECOND, simulatedClock, unixMillis } from '@keyserver/time';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { type LaunchLogs, launchLogs } from './launch-log.ts';

let directory = '';
let logs: LaunchLogs;
let shown: string[] = [];
let changed: string[] = [];
let screen: PassThrough;
const timers = manualTimers();

const at = (name: string): string => join(directory, 'logs', name);
const linesOf = async (name: string): Promise<string[]> =>
  (await readFile(at(name), 'utf8')).trimEnd().split('\n');
const messagesOf = async (name: string): Promise<unknown[]> =>
  (await linesOf(name)).map((line) => (JSON.parse(line) as { message: unknown }).message);

const line = (severity: string, message: string): string =>
  `${JSON.stringify({ severity, time: '2026-11-23T14:53:42.752Z', service: 'publish', message })}\n`;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyserver-launch-log-'));
  await mkdir(join(directory, 'logs'));
  [shown, changed] = [[], []];
  screen = new PassThrough();
  screen.on('data', (text) => shown.push(String(text).trimEnd()));
  logs = launchLogs({
    ...{ dataDirectory: directory, screen, clock: simulatedClock(unixMillis(0)) },
    onChange: (service) => changed.push(`${service} ${logs.areKept(service) ? 'kept' : 'lost'}`),
    timers,
  });
});

afterEach(async () => {
  logs.close();
  await rm(directory, { recursive: true, force: true });
});

describe('the logs of a launcher', () => {
  it('keep every line of a service, and problems also in a file of their own and on the screen', async () => {
    const take = logs.lineTaker('publish');
    take(line('INFO', 'publish.accepted') + line('ERROR', 'request.fault'));
    logs.stderrTaker('publish')('publish cannot start\n');
    expect(await linesOf('publish.log')).toHaveLength(3);
    expect(await linesOf('publish.problems.log')).toEqual([
      line('ERROR', 'request.fault').trimEnd(),
      'publish cannot start',
    ]);
    expect(shown).toEqual(['14:53:42 ERROR publish request.fault', 'publish cannot start']);
  });

  it('keep a warning, however many other lines follow it', async () => {
    const take = logs.lineTaker('publish');
    take(line('WARNING', 'caller.refused'));
    const flood = line('INFO', 'publish.accepted').repeat(10_000);
    for (let n = 0; n < 30; n++) take(flood);
    expect(await readFile(at('publish.log.1'), 'utf8')).not.toContain('caller.refused');
    expect(await messagesOf('publish.problems.log')).toEqual(['caller.refused']);
  });
});

describe('a log file that cannot be written', () => {
  beforeEach(async () => {
    await mkdir(at('publish.log')); // as a full disk does, a directory in its place refuses each line
  });

  const lose = (lines: number): void => {
    const take = logs.lineTaker('publish');
    for (let n = 0; n < lines; n++) take(line('INFO', 'publish.accepted'));
  };

  it('is told once in a sentence on the screen, and once in the log of the launcher', async () => {
    lose(100);
    expect(shown).toEqual([
      `The log ${at('publish.log')} cannot be written (it is a directory). Everything else goes on.`,
    ]);
    for (const file of ['launcher.log', 'launcher.problems.log'])
      expect(await messagesOf(file)).toEqual(['log.unwritable']);
    expect(JSON.parse((await linesOf('launcher.log')).join())).toMatchObject({
      ...{ severity: 'ERROR', log: 'publish', output: 'file' },
      causes: [{ code: 'EISDIR' }],
    });
  });

  it('keeps no other log from being written', async () => {
    lose(1);
    logs.lineTaker('publish')(line('ERROR', 'request.fault'));
    logs.lineTaker('export')(line('INFO', 'job.finished'));
    expect(await messagesOf('publish.problems.log')).toEqual(['request.fault']);
    expect(await messagesOf('export.log')).toEqual(['job.finished']);
  });

  it('is written again by itself, beginning with how many lines it lacks', async () => {
    lose(100);
    await rm(at('publish.log'), { recursive: true });
    await timers.advance(5 * SECOND);
    logs.lineTaker('publish')(line('INFO', 'publish.accepted'));
    expect(await messagesOf('publish.log')).toEqual(['log.writable', 'publish.accepted']);
    expect(JSON.parse((await linesOf('publish.log'))[0]!)).toMatchObject({ lost: 100 });
    expect(shown.at(-1)).toBe(`The log ${at('publish.log')} is written again; it lacks 100 lines.`);
  });

  it('is known while it lasts, so that the service can show it in its health', async () => {
    expect(logs.areKept('publish')).toBe(true);
    lose(1);
    expect([logs.areKept('publish'), logs.areKept('export')]).toEqual([false, true]);
    await rm(at('publish.log'), { recursive: true });
    await timers.advance(MINUTE);
    expect(changed).toEqual(['publish lost', 'publish kept']);
  });

  it('may be that of the launcher itself', async () => {
    await mkdir(at('launcher.log'));
    logs.log.event('launcher.child_ended', { child: 'publish', status: 1 });
    expect(shown[0]).toContain('launcher.log cannot be written');
    expect(await messagesOf('launcher.problems.log')).toContain('launcher.child_ended');
  });
});

it('outlives a disk that is full', async () => {
  if (!existsSync('/dev/full')) return; // such a device is Linux's own
  await symlink('/dev/full', at('publish.log'));
  logs.lineTaker('publish')(line('INFO', 'publish.accepted'));
  expect(shown).toEqual([
    `The log ${at('publish.log')} cannot be written (the disk is full). Everything else goes on.`,
  ]);
  expect(await readdir(join(directory, 'logs'))).toContain('launcher.log');
});

describe('a screen that has gone', () => {
  beforeEach(async () => {
    const closed = new Promise((resolve) => screen.once('close', resolve));
    screen.destroy(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }));
    await closed;
  });

  it('is told once in the log of the launcher, and stops nothing', async () => {
    for (let n = 0; n < 10; n++) logs.lineTaker('publish')(line('ERROR', 'request.fault'));
    await new Promise(setImmediate);
    expect(await messagesOf('publish.log')).toHaveLength(10);
    expect(await messagesOf('launcher.log')).toEqual(['log.unwritable']);
    expect(JSON.parse((await linesOf('launcher.log')).join())).toMatchObject({ output: 'screen' });
  });

  it('stops nothing when the files cannot be written either', async () => {
    for (const file of ['publish.log', 'launcher.log', 'launcher.problems.log'])
      await mkdir(at(file));
    logs.lineTaker('publish')(line('ERROR', 'request.fault'));
    await new Promise(setImmediate);
    await timers.advance(MINUTE);
    expect(await messagesOf('publish.problems.log')).toEqual(['request.fault']);
  });
});
