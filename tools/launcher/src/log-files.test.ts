import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { problemLine } from './launch-log.ts';
import { openLogFile } from './log-files.ts';
import { wholeLines } from './start-child.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyserver-logs-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe('a log file', () => {
  it('is appended to when it is opened again', async () => {
    for (const line of ['one\n', 'two\n']) {
      const file = openLogFile(join(directory, 'logs', 'export.log'));
      file.write(line);
      file.close();
    }
    expect(await readFile(join(directory, 'logs', 'export.log'), 'utf8')).toBe('one\ntwo\n');
  });

  it('keeps one full file beside the present one, and no more', async () => {
    const file = openLogFile(join(directory, 'export.log'), 10);
    for (const line of ['1234567\n', 'abcdefg\n', 'ABCDEFG\n', 'xyz\n']) file.write(line);
    file.close();
    expect((await readdir(directory)).toSorted()).toEqual(['export.log', 'export.log.1']);
    expect(await readFile(join(directory, 'export.log'), 'utf8')).toBe('xyz\n');
    expect(await readFile(join(directory, 'export.log.1'), 'utf8')).toBe('ABCDEFG\n');
  });

  it('takes a line that is longer than its bound', async () => {
    const file = openLogFile(join(directory, 'export.log'), 4);
    file.write('a long line\n');
    file.close();
    expect(await readFile(join(directory, 'export.log'), 'utf8')).toBe('a long line\n');
  });
});

describe('a log file without room', () => {
  // A limit on the size of files refuses the rest of a line, as a disk does that becomes full; no test may fill a disk.
  const limited = (script: string): string =>
    execFileSync(
      'sh',
      [
        '-c',
        `trap '' XFSZ; ulimit -f 8; exec "$0" "$@"`,
        process.execPath,
        ...['--conditions=source', '--input-type=module', '--eval', script],
      ],
      { encoding: 'utf8' },
    );

  it('throws and holds whole lines only, also when a line was begun', async () => {
    const path = join(directory, 'export.log');
    const said = limited(`
      import { openLogFile } from ${JSON.stringify(new URL('log-files.ts', import.meta.url).href)};
      const file = openLogFile(${JSON.stringify(path)});
      for (let n = 0; n < 100; n++)
        try { file.write('x'.repeat(99) + '\\n'); }
        catch (fault) { console.log(fault.code); break; }`);
    expect(said).toBe('EFBIG\n');
    const lines = (await readFile(path, 'utf8')).split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) expect(line).toHaveLength(99);
  });

  it('is written again once there is room', async () => {
    await mkdir(join(directory, 'export.log'));
    const file = openLogFile(join(directory, 'export.log'));
    expect(() => {
      file.write('lost\n');
    }).toThrow(/EISDIR/u);
    await rm(join(directory, 'export.log'), { recursive: true });
    file.write('kept\n');
    file.close();
    expect(await readFile(join(directory, 'export.log'), 'utf8')).toBe('kept\n');
  });
});

describe('pieces of text', () => {
  const linesOf = (...pieces: string[]): string[] => {
    const taken: string[] = [];
    const take = wholeLines((lines) => taken.push(lines));
    for (const piece of pieces) take(piece);
    return taken;
  };

  it('are passed on as whole lines', () => {
    expect(linesOf('on', 'e\ntw', 'o\nthree\nfo')).toEqual(['one\n', 'two\nthree\n']);
  });

  it('are passed on unfinished rather than kept without bound', () => {
    expect(linesOf('x'.repeat(300_000))).toHaveLength(1);
  });
});

describe('a log line on the screen', () => {
  const line = (fields: object): string | undefined =>
    problemLine(
      JSON.stringify({
        severity: 'ERROR',
        time: '2026-11-23T14:53:42.752Z',
        service: 'export',
        message: 'export.batch_failed',
        ...fields,
      }),
    );

  it('tells of a problem in one readable line', () => {
    expect(line({ config: 'dev', attempt: 2, requestId: 'x' })).toBe(
      '14:53:42 ERROR export export.batch_failed config=dev attempt=2',
    );
  });

  it('ends with what an operator does about it, where the event says so', () => {
    const advice = 'others than the owner can read its file: run chmod 600 on it';
    expect(line({ key: 'de-1', advice, place: '/data/keys/signing/de-1.pem' })).toBe(
      `14:53:42 ERROR export export.batch_failed key=de-1 place=/data/keys/signing/de-1.pem: ${advice}`,
    );
  });

  it('says why in words, with the code, the part and the file', () => {
    const detail = {
      code: 'SQLITE_CORRUPT',
      number: 11,
      text: 'database disk image is malformed',
      object: 'keyBatches',
      path: '/data/keyserver.sqlite',
    };
    const causes = [
      { class: 'StoreFault', code: 'damaged', detail, at: ['libs/a.ts:1', 'libs/b.ts:2'] },
      { class: 'Error', at: [] },
    ];
    expect(line({ causes })).toBe(
      '14:53:42 ERROR export export.batch_failed causes=[StoreFault damaged SQLITE_CORRUPT 11 ' +
        'database disk image is malformed keyBatches /data/keyserver.sqlite libs/a.ts:1][Error]',
    );
  });

  it.each([['words'], [7], [null], [['words', 7, null]], [[{ class: 7, detail: 'x', at: 'x' }]]])(
    'is one line whatever stands where causes should: %j',
    (causes) => {
      expect(line({ causes })).toMatch(/^14:53:42 ERROR .* causes=.*$/u);
    },
  );

  it.each(['WARNING', 'CRITICAL', 'ALERT'])('is shown with severity %s', (severity) => {
    expect(line({ severity })).toContain(severity);
  });

  it.each(['DEBUG', 'INFO', 'NOTICE', 7])('is left out with severity %s', (severity) => {
    expect(line({ severity })).toBeUndefined();
  });

  it.each(['', 'plain words', 'null', '[]', '{}', '"text"'])(
    'is left out when it is %j',
    (text) => {
      expect(problemLine(text)).toBeUndefined();
    },
  );
});
