import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { reasonOf, sentenceOf } from './command-fault.ts';
import { keyserver } from './testing/run-cli.ts';

const COMMANDS = [
  [],
  ['export'],
  ['export', 'verify'],
  ['export', 'inspect'],
  ['publish'],
  ['certificate'],
  ['certificate', 'issue'],
  ['config'],
  ['config', 'apply'],
  ['config', 'show'],
  ['jobs'],
  ['jobs', 'list'],
  ['jobs', 'run'],
  ['jobs', 'pause'],
  ['jobs', 'resume'],
  ['jobs', 'check'],
];

describe('keyserver', () => {
  it.each(COMMANDS.map((command) => [command.join(' '), command]))(
    'explains %s with an example',
    async (_, command) => {
      const { code, out, err } = await keyserver([...command, '--help']);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toMatch(/\nExamples?:\n {2}\$ keyserver /);
    },
  );

  it('explains itself on the error stream when it is given nothing to do', async () => {
    const ran = await keyserver([]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(/^Usage: keyserver/);
  });

  it.each([
    [['exprot'], /^keyserver: unknown command 'exprot' \(Did you mean export\?\)\n$/],
    [['--verbose'], /^keyserver: unknown option '--verbose'\n$/],
    [['export', 'inspect', 'a', 'b'], /^keyserver: too many arguments[^\n]*\n$/],
  ])('refuses %j in one sentence', async (argv, sentence) => {
    const ran = await keyserver(argv);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(sentence);
  });
});

describe('sentenceOf', () => {
  it.each([
    [new Error('one\ntwo\n    at three'), 'one'],
    ['text', 'text'],
    [new Error(''), 'something unexpected went wrong'],
    [new Error('a\u001B[2Jb\u0007'), 'a?[2Jb?'],
  ])('makes one line of %p', (error, line) => {
    expect(sentenceOf(error)).toBe(line);
  });
});

describe('reasonOf', () => {
  it.each([
    [new Error('fetch failed', { cause: { code: 'ECONNRESET' } }), 'ECONNRESET'],
    [new Error('fetch failed', { cause: new Error('bad port') }), 'bad port'],
    [new Error('no answer in time'), 'no answer in time'],
    [undefined, 'undefined'],
  ])('finds why %p came about', (error, why) => {
    expect(reasonOf(error)).toBe(why);
  });
});

describe('the program file', () => {
  const program = fileURLToPath(new URL('../bin/keyserver.js', import.meta.url));
  const spawned = promisify(execFile);
  const start = async (...argv: readonly string[]): Promise<{ readonly stdout: unknown }> =>
    await spawned(process.execPath, ['--conditions=source', program, ...argv]);

  it('runs and exits with 0', async () => {
    expect((await start('--help')).stdout).toMatch(/^Usage: keyserver/);
  });

  it('ends in one sentence and no stack trace when something is wrong', async () => {
    await expect(start('export', 'inspect', '/does/not/exist.zip')).rejects.toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'keyserver: cannot read /does/not/exist.zip: no such file\n',
    });
  });
});
