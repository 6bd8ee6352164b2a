import { StoreFault } from '@keyserver/docstore';
import { statsTokenVerifier } from '@keyserver/health-authority';
import { settingNames } from '@keyserver/log';
import {
  type AppDeps,
  type TestServer,
  aPublishServer,
  closePublishServers,
  closePublishStore,
} from '@keyserver/publish/testing';
import { HOUR, DAY, simulatedClock, unixMillis } from '@keyserver/time';
import { curlScripts, itWithCurl, runCurl } from './page-curl.ts';
import { CLOSED, examplesOf, expectShown, sendExample } from './page-examples.ts';
import { blocksOf, rowsOf, sectionOf, textOf } from './pages.ts';

const page = textOf('docs/api/stats.md');
const examples = examplesOf(page);

const blockNamed = (info: string): string =>
  blocksOf(page)
    .find((block) => block.info === info)
    ?.body.trim() ?? '';
const TOKEN = blockNamed('text token');
/** When the token of the page is valid. */
const NOW = unixMillis(Date.UTC(2021, 4, 4, 10, 10, 30));

const AUTHORITY = {
  ...{ id: 1, issuer: 'doh.example.gov', audience: 'other', name: 'Example', stats: true },
  keys: [
    {
      version: 'r1',
      publicKey: blockNamed('pem authority'),
      ...{ from: unixMillis(0), thru: undefined },
    },
  ],
};

const counts = (length: number, ...at: readonly number[]): readonly number[] =>
  Array.from({ length }, (_, n) => (at.includes(n) ? 1 : 0));
/** Three uploads of a day whose embargo is over; one of them revised keys. */
const HOURS = [
  {
    ...{ hour: unixMillis(Date.UTC(2021, 4, 1, 9)), unknown: 0, android: 2, ios: 1 },
    ...{ keys: 39, revisions: 1, onsetMissing: 1 },
    ...{ oldestKeyDays: counts(16, 13, 14), onsetDays: counts(30, 3) },
  },
];

const STATS: AppDeps['stats'] = {
  verifyToken: statsTokenVerifier(
    async (issuer) => await Promise.resolve(issuer === AUTHORITY.issuer ? AUTHORITY : undefined),
    'keyserver',
  ),
  readTotals: async () => await Promise.resolve({ hours: HOURS, foldedUntil: NOW }),
  rules: { kind: 'on', minUploads: 10, embargo: 48 * HOUR, retention: 14 * DAY },
  padding: { min: 2048, range: 1024 },
};
const AWAY: Readonly<Record<string, Partial<AppDeps['stats']>>> = {
  '': {},
  'store-away': {
    readTotals: async () => await Promise.reject(new StoreFault('unavailable', 'away')),
  },
  off: { rules: { kind: 'off', settings: settingNames([{ name: 'STATS_MIN_UPLOADS' }]) } },
};

const servers = new Map<string, TestServer>();
beforeAll(async () => {
  for (const [name, change] of Object.entries(AWAY)) {
    const stats = { ...STATS, ...change };
    servers.set(name, await aPublishServer({ clock: simulatedClock(NOW), stats }));
  }
  for (const [name, closed] of Object.entries(CLOSED))
    servers.set(name, await aPublishServer({ clock: simulatedClock(NOW), stats: STATS, closed }));
});
afterAll(async () => {
  await closePublishServers();
  await closePublishStore();
});

it.each(examples)('answers as the page says: $status $code (block $n)', async (example) => {
  const server = servers.get(example.state);
  if (server === undefined) throw new Error('no such server');
  const { request } = example;
  const headers = Object.entries(request.headers).map(([name, value]) => [
    name,
    value.replace('TOKEN', TOKEN),
  ]);
  const sent = {
    ...example,
    request: { ...request, headers: Object.fromEntries(headers) as Record<string, string> },
  };
  await expectShown(await sendExample(server.url, sent), example);
});

itWithCurl('gives the line for curl the days of the first example', async () => {
  const [script = ''] = curlScripts(page);
  const [example] = examples;
  const server = servers.get('');
  if (server === undefined || example === undefined) throw new Error('no server or example');
  const { response } = await runCurl(script, { url: server.url, env: { TOKEN } });
  await expectShown(response, example);
});

it('shows every status and code in its table and in an example', () => {
  const listed = rowsOf(sectionOf(page, 'Codes')).flatMap(([statuses = '', code = '']) =>
    statuses.split(', ').map((status) => `${status} ${code.replaceAll('`', '') || 'none'}`),
  );
  expect(new Set(examples.map(({ status, code }) => `${status} ${code}`))).toEqual(new Set(listed));
});
