import { ALL_CHECKS } from '@keyserver/doctor';
import { keyserver } from '../testing/run-cli.ts';
import { stopServing } from '../testing/serve.ts';
import { renderExamined } from './render.ts';
import { aSoundServer, answersOf, doctorAt } from './testing/sound-server.ts';

let sound: string;
beforeAll(async () => {
  sound = await aSoundServer();
});
afterEach(stopServing);

it('finds nothing wrong with a sound server', async () => {
  const ran = await doctorAt(['--data-dir', sound], await answersOf(sound));
  expect(ran.out).not.toMatch(/^ {2}(warning|FAILURE|unknown)/m);
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(ran.out).toMatch(/\n\d+ checks: 4\d ok, \d+ not applicable\.\n$/);
  expect(ran.out).not.toContain('\u001B');
});

it('tells machines of every check', async () => {
  const ran = await doctorAt(['--data-dir', sound, '--json'], await answersOf(sound));
  const { checks } = JSON.parse(ran.out) as { checks: Record<string, string>[] };
  expect(checks.map(({ id }) => id)).toEqual(ALL_CHECKS.map(({ id }) => id));
  for (const check of checks)
    expect(Object.keys(check)).toEqual(['id', 'status', 'found', 'why', 'mend']);
});

it('says why and what to do where something is wrong, and ends by how grave it is', async () => {
  const environment = { ...(await answersOf(sound)), MAINTENANCE: 'true' };
  const warned = await doctorAt(['--data-dir', sound, '--only', 'debug_settings'], environment);
  expect(warned).toMatchObject({ code: 1, err: 'keyserver: the doctor found 1 warning\n' });
  expect(warned.out).toBe(
    'Settings and configuration\n' +
      '  warning  debug_settings           MAINTENANCE turns every upload away.\n' +
      '           why   Such a setting weakens protection or service, and is easily forgotten.\n' +
      '           mend  Remove the setting and restart the service.\n\n' +
      '1 check: 1 warning.\n',
  );
  const only = ['--only', 'debug_settings', '--only', 'store_format'];
  const ill = await doctorAt(['--data-dir', sound, ...only], {
    ...environment,
    TRUNCATE_WINDOW_SECONDS: '60',
  });
  expect(ill).toMatchObject({ code: 3, err: 'keyserver: the doctor found 1 failure, 1 warning\n' });
});

it('shows no secret, whatever is wrong', async () => {
  const secret = 'ab'.repeat(32);
  const ran = await doctorAt(['--data-dir', sound, '--json'], {
    ...(await answersOf(sound)),
    ...{ KEY_HASH_SECRET: secret, EXPORT_LATE_SECONDS: 'x-secret-x', PROFILE: 'x-secret-x' },
  });
  expect(ran.code).toBe(3);
  expect(ran.out).toContain('EXPORT_LATE_SECONDS must be');
  for (const word of [secret, 'x-secret-x', 'PRIVATE KEY']) expect(ran.out).not.toContain(word);
});

it('paints only where somebody sees it, and nothing that moves a cursor', () => {
  const [check] = ALL_CHECKS;
  const outcome = { check: check!, status: 'failure' as const, found: 'a\u001B[2Jb' };
  expect(renderExamined([outcome], true)).toContain('\u001B[1;31mFAILURE  \u001B[0m');
  expect(renderExamined([outcome], true)).toContain('a?[2Jb');
  expect(renderExamined([outcome], false)).not.toContain('\u001B');
});

describe('a command line that is wrong ends in one sentence', () => {
  it.each([
    [['--only', 'health'], /must be the name of a check/],
    [['--platform', 'aws'], /local, gcp/],
    [['--platform', 'gcp'], /give --project/],
    [['--platform', 'local', '--project', 'p'], /goes with --platform gcp/],
    [['--project', 'p', '--endpoint', '127.0.0.1:1'], /go together/],
    [['--project', 'p', '--location', 'Europe West'], /must be a region/],
    [['--service-url', 'https://a.example'], /must be SERVICE=URL/],
    [['--service-url', 'admin=https://a.example'], /services are publish, /],
    [['--service-url', 'publish=https://a.example/path'], /without a path/],
    [['--service-url', 'publish=ftp://a.example'], /http or https/],
    [['--files-url', 'files'], /http or https/],
    [['--files-url', 'https://a.example/?x'], /without a query/],
    [['--checks-a-day', '0'], /from 1 to 96/],
    [['--data-dir', 'a', '--project', 'b'], /cannot be used with/],
  ])('%j', async (argv, sentence) => {
    const ran = await keyserver(['doctor', ...argv]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(/^keyserver: [^\n]*\n$/);
    expect(ran.err).toMatch(sentence);
  });
});
