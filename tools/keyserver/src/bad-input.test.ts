import { openLocalPlatform } from '@keyserver/local';
import { allCollections } from '@keyserver/stores';
import { simulatedClock } from '@keyserver/time';
import { machine } from '../../../test/support/machine.ts';
import { putSigningKey } from './testing/keys.ts';
import { NOW, aFileWith, inScratch, keyserver } from './testing/run-cli.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';

const dataDirectory = inScratch('bad-input');
const file = aFileWith('file.json', '{');
const NO_SERVER = ['--data-dir', inScratch('no-server')];
const CLOUD = ['--project', 'project', '--location', 'europe-west1'];
const FROM = ['--from', '2024-05-01T00:00:00Z'];

/** What both ways to close a server have in common. */
const closing = (name: string): Readonly<Record<string, readonly (readonly string[])[]>> => ({
  [`${name} begin`]: [NO_SERVER, ['--keep-files-days', '1'], ['--yes-really', 'another-store']],
  [`${name} status`]: [NO_SERVER, ['extra']],
  [`${name} abort`]: [NO_SERVER, [], ['extra']],
  [`${name} finish`]: [
    NO_SERVER,
    [],
    ['--signing-key', 'a', '--yes-really', 'another-store'],
    ['extra'],
  ],
});

/** Every command, each with what it must refuse. */
const REFUSED: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'export verify': [[], ['/does/not/exist.zip'], ['ftp://example.org/index.txt'], [file]],
  'export inspect': [[], ['/does/not/exist.zip'], ['a', 'b']],
  doctor: [['--platform', 'mars'], ['--service-url', 'publish'], ['extra']],
  publish: [['--url', 'ftp://127.0.0.1'], ['--keys', '0'], ['--keys', 'many'], ['extra']],
  'certificate issue': [[], ['--keys-file', '/does/not/exist'], ['--keys-file', file]],
  'attestation check': [[], ['/does/not/exist']],
  'authority keys': [NO_SERVER, ['extra']],
  'authority revoke': [[], ['--id', '7', '--kid', 'k']],
  'authority allow': [[], ['--id', '7', '--kid', 'k']],
  'stats show': [[], ['--url', 'nowhere']],
  'config apply': [
    ...[[], ['/does/not/exist.yaml'], [file, '--yes-really', 'everything']],
    [file, '--project', 'project', ...NO_SERVER],
  ],
  'config show': [NO_SERVER, ['extra']],
  'config import-reference': [[], ['/does/not/exist'], [file]],
  cost: [[], ['--uploads', 'many'], ['--uploads', '1', '--downloads', '-1']],
  ...closing('decommission'),
  'decommission verify': [[], ['/does/not/exist'], [file]],
  ...closing('hibernate'),
  wake: [NO_SERVER, [], ['--state-lost']],
  'audit show': [['--since', 'yesterday'], NO_SERVER],
  'audit verify': [NO_SERVER, ['--public-key', '/does/not/exist']],
  'audit checkpoint': [[], ['--signing-key', '../key']],
  'audit trim': [[], ['--before', 'yesterday'], ['--before', '2024-05-01T00:00:00Z']],
  'audit restart': [NO_SERVER, ['extra']],
  'data export': [[], [...NO_SERVER, '--to', inScratch('out')]],
  'data import': [[], ['--from', '/does/not/exist']],
  'data verify': [[], ['--from', '/does/not/exist']],
  'federation test': [[], ['--query', 'No Id'], ['--query', 'nobody']],
  'federation status': [NO_SERVER, ['extra']],
  'federation reset': [[], ['--query', 'nobody'], ['--query', 'nobody', '--from', 'now']],
  'jobs list': [[], ['--project', 'p'], [...CLOUD, '--endpoint', '10.0.0.1:80']],
  'jobs run': [[], CLOUD, [...CLOUD, 'no name']],
  'jobs pause': [[], CLOUD, [...CLOUD, 'no name']],
  'jobs resume': [[], CLOUD, [...CLOUD, 'no name']],
  'jobs check': [[], CLOUD],
  pause: [
    ...[
      ['--region', 'U S'],
      ['--app', 'nobody'],
      ['--query', 'nobody'],
      ['--query', 'N'],
    ],
    ...[
      ['--partner', 'nobody'],
      ['--partner', 'N N'],
      ['--region', 'US', '--app', 'nobody'],
    ],
    ...[NO_SERVER, ['US']],
  ],
  resume: [[], ['--region', 'US'], ['--partner', 'nobody'], ['--partner', 'a', '--query', 'a']],
  'keys revoke': [[], [...FROM], [...FROM, '--all', '--app', 'a'], ['--from', 'now', '--all']],
  'keys delete': [[], [...FROM], [...FROM, '--all', '--partner', 'a'], ['--from', 'now', '--all']],
  'store time show': [NO_SERVER, ['extra']],
  'store time accept': [NO_SERVER, ['extra']],
  'store time reset': [NO_SERVER, ['extra']],
  'store set-window': [[], ['7'], ['long'], ['-1']],
  'store adopt': [NO_SERVER, ['extra']],
  'store rebuild': [[], ['everything'], ['files', ...NO_SERVER]],
};

/** Everything that the store holds. */
async function stored(): Promise<string> {
  const platform = await openLocalPlatform({
    ...{ ...machine, dataDirectory },
    clock: simulatedClock(NOW),
  });
  const all: unknown[] = [];
  for (const collection of allCollections)
    for await (const page of platform.store.pages(collection, {})) all.push(page);
  await platform.close();
  return JSON.stringify(all);
}

/** The commands that help tells of, whole. */
async function commandsBelow(...group: readonly string[]): Promise<readonly string[]> {
  const { out } = await keyserver([...group, '--help']);
  const [, listed = ''] = /\nCommands:\n([^]*?)(?:\n\n|$)/u.exec(out) ?? [];
  const names = [...listed.matchAll(/^ {2}([a-z-]+)/gmu)].map(([, name = '']) => name);
  const found: string[] = [];
  for (const name of names.filter((one) => one !== 'help'))
    found.push(...(await commandsBelow(...group, name)));
  return names.length === 0 ? [group.join(' ')] : found;
}

let before = '';
beforeAll(async () => {
  putSigningKey(dataDirectory);
  const empty = aFileWith(
    'empty.yaml',
    'authorities: []\napps: []\nsigningKeys: []\nexports: []\n',
  );
  const { code, err } = await keyserver(['config', 'apply', empty, '--yes'], { dataDirectory });
  if (code !== 0) throw new Error(err);
  before = await stored();
});

it('is refused by every command that there is', async () => {
  expect((await commandsBelow()).toSorted()).toEqual(Object.keys(REFUSED).toSorted());
});

it.each(Object.entries(REFUSED))(
  'ends %s with code 2 and one sentence, and changes nothing',
  async (command, inputs) => {
    for (const input of inputs) {
      const given = [...command.split(' '), ...input];
      const { code, err } = await keyserver(given, { dataDirectory });
      expect({ given, code }).toEqual({ given, code: 2 });
      expect(err).toMatch(/^keyserver: [^\n]{10,}\n$/u);
      expect(err).not.toMatch(/\bat .*\.ts|undefined|\[object/u);
    }
    expect(await stored()).toBe(before);
  },
);
