import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, parseDockerfile, parseIgnored, perform } from './index.ts';

const ROOT = join(import.meta.dirname, '../../..');
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'keyserver-dockerfile-'));
  mkdirSync(join(home, 'context/kept'), { recursive: true });
  writeFileSync(join(home, 'context/kept/a.txt'), 'a');
  writeFileSync(join(home, 'context/kept/b.log'), 'b');
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

const build = (text: string, args: Record<string, string> = {}) =>
  perform(parseDockerfile(text), {
    ...{ context: join(home, 'context'), into: join(home, 'stages'), args },
    ignored: parseIgnored('**/*.log'),
    environment: { PATH: process.env['PATH'] ?? '' },
  });

describe('a Dockerfile', () => {
  it('of this project can be performed, and ends as a user without rights', () => {
    const { stages } = parseDockerfile(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'));
    const users = stages.at(-1)?.steps.filter(({ kind }) => kind === 'USER');
    expect(users).toEqual([{ kind: 'USER', user: 'node' }]);
  });

  it('is performed stage by stage, without what is ignored', () => {
    const { folder, environment, user, command } = build(
      [
        ...['FROM x AS one', 'WORKDIR /work', 'COPY kept kept', 'ARG TEXT'],
        ...[
          'RUN cat kept/* > all.txt; echo "$TEXT" >> all.txt',
          'FROM one AS two',
          'RUN cp all.txt more.txt',
        ],
        ...[
          'FROM x',
          'ENV PLACE=/app/place',
          'WORKDIR /app',
          'COPY --from=two --chown=0:0 /work ./',
        ],
        ...['USER node', 'EXPOSE 8080', 'ENTRYPOINT ["node", "main.js"]'],
      ].join('\n'),
      { TEXT: 'said' },
    );
    expect(readFileSync(join(folder, 'more.txt'), 'utf8')).toBe('asaid\n');
    expect({ user, command, place: environment['PLACE'] }).toEqual({
      ...{ user: 'node', command: ['node', 'main.js'], place: join(folder, 'place') },
    });
  });

  it.each([
    ['a path from the root in a step', 'FROM x\nRUN cp a /etc/a'],
    ['one behind a sign', 'FROM x\nRUN node a.js >/tmp/a'],
    ['an unknown instruction', 'FROM x\nADD a b'],
    ['an unknown flag', 'FROM x\nCOPY --link a b'],
    ['a copy to a path from the root', 'FROM x\nCOPY a /b'],
    ['a line that goes on', 'FROM x\nENTRYPOINT ["node", \\'],
    ['a command for a shell', 'FROM x\nENTRYPOINT node main.js'],
    ['a step before the first stage', 'RUN true'],
    ['a user with a group', 'FROM x\nUSER node:node'],
  ])('is refused with %s', (_, text) => {
    expect(() => parseDockerfile(text)).toThrow(/^line \d cannot be performed/);
  });

  it('is not built without an argument, a source or a stage, or when a step fails', () => {
    expect(() => build('FROM x\nARG SERVICE')).toThrow('the argument SERVICE is missing');
    expect(() => build('FROM x AS y\nCOPY away away')).toThrow('ENOENT');
    expect(() => build('FROM x AS z\nRUN exit 3')).toThrow('exit 3');
    expect(() => build('')).toThrow('no stage');
  });
});

describe('what is left out of the context', () => {
  const ignored = parseIgnored('# why\ndocs\n**/dist\n**/*.log\n');

  it.each(['docs', 'docs/a.md', 'libs/time/dist/index.js', 'a.log', 'libs/a.log'])(
    'is %s',
    (path) => {
      expect(ignored(path)).toBe(true);
    },
  );

  it.each(['libs/docs', 'distant', 'libs/time/src/a.ts', 'a.logs'])('is not %s', (path) => {
    expect(ignored(path)).toBe(false);
  });

  it('cannot have exceptions', () => {
    expect(() => parseIgnored('*\n!libs')).toThrow('may have no exception: !libs');
  });
});

it('a digest shows another content, name, mode and second, and no time after the latest', () => {
  const at = (name: string, content: string, mode = 0o644, latest = 2) => {
    const folder = mkdtempSync(join(home, 'digest-'));
    writeFileSync(join(folder, name), content, { mode });
    return digestOf(folder, { latest });
  };
  const digests = [
    ...[at('a', '1'), at('a', '2'), at('b', '1'), at('a', '1', 0o755), at('a', '1', 0o644, 1)],
  ];
  expect(new Set(digests).size).toBe(5);
  expect(at('a', '1')).toBe(digests[0]);
});
