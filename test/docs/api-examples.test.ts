import { createHmac } from 'node:crypto';
import { StoreFault } from '@keyserver/docstore';
import type { UploadFault } from '@keyserver/exposure-keys';
import { type AuthorizedApp, certificateVerifier } from '@keyserver/health-authority';
import { unixMillis } from '@keyserver/time';
import {
  type AppDeps,
  type TestServer,
  aPublishServer,
  closePublishServers,
  closePublishStore,
} from '@keyserver/publish/testing';
import { expectDescribed } from './described-answers.ts';
import { curlScripts, itWithCurl, runCurl } from './page-curl.ts';
import { CLOSED, examplesOf, expectShown, sendExample } from './page-examples.ts';
import { blocksOf, rowsOf, sectionOf, textOf } from './pages.ts';

const page = textOf('docs/api/publish.md');
const blocks = blocksOf(page);

const blockOf = (info: string): string =>
  blocks.find((block) => block.info === info)?.body.trim() ?? fail(`no block ${info}`);

function fail(why: string): never {
  throw new Error(why);
}

const examples = examplesOf(page);

const AUTHORITY = {
  id: 1,
  issuer: 'https://verification.example.org',
  audience: 'keyserver.example.org',
  name: 'Example',
  keys: [
    { version: 'v1', publicKey: blockOf('pem authority'), from: unixMillis(0), thru: undefined },
  ],
  stats: true,
};

const app = (of: Partial<AuthorizedApp>): AuthorizedApp => ({
  id: 'org.example.exposures',
  regions: ['US'],
  authorities: [1],
  bypassCertificate: false,
  bypassRevisionToken: false,
  ...of,
});
const APPS = [
  app({}),
  app({ id: 'org.example.test', bypassCertificate: true }),
  app({ id: 'org.example.other', bypassCertificate: true }),
  app({ id: 'org.example.nowhere', regions: [] }),
];

const configured: Partial<AppDeps> = {
  findApp: async (id) => await Promise.resolve(APPS.find((one) => one.id === id)),
  verifyCertificate: certificateVerifier(
    async (issuer) => await Promise.resolve(issuer === AUTHORITY.issuer ? AUTHORITY : undefined),
  ),
};
const refusal = (code: UploadFault) => ({ kind: 'refused', code }) as const;
const FAULTS: Readonly<Record<string, Partial<AppDeps>>> = {
  ended: { closed: CLOSED.ended },
  hibernating: { closed: CLOSED.hibernating },
  'apps-away': { findApp: async () => await Promise.reject(new Error('away')) },
  revised: {
    storeUpload: async () => await Promise.resolve(refusal('key_already_revised')),
  },
  transition: {
    storeUpload: async () => await Promise.resolve(refusal('invalid_report_type_transition')),
  },
  ceiling: {
    reserveKeys: async () => await Promise.resolve({ kind: 'spent', seconds: 51_017 }),
  },
  'store-away': {
    storeUpload: async () => await Promise.reject(new StoreFault('unavailable', 'away')),
  },
};

const servers = new Map<string, TestServer>();

beforeAll(async () => {
  servers.set('', await aPublishServer(configured));
  for (const [name, fault] of Object.entries(FAULTS))
    servers.set(name, await aPublishServer({ ...configured, ...fault }));
});
afterAll(async () => {
  await closePublishServers();
  await closePublishStore();
});

const bodyOf = (shown: string): string =>
  shown === '64001 BYTES'
    ? ' '.repeat(64_001)
    : shown.replace('CERTIFICATE', blockOf('text certificate'));

// In the order of the page: later examples publish keys of earlier ones again.
it.each(examples)('answers as the page says: $status $code (block $n)', async (example) => {
  const server = servers.get(example.state) ?? fail('no such server');
  await expectShown(await sendExample(server.url, example, bodyOf), example);
});

describe('a line for curl', () => {
  let url = '';
  beforeAll(async () => {
    await closePublishServers(); // and what the examples have published is forgotten
    ({ url } = await aPublishServer(configured));
  });

  itWithCurl('publishes the keys of the first example, and gets its answer', async () => {
    const [script = ''] = curlScripts(page);
    const taken = examples[0] ?? fail('no example');
    const files = { 'upload.json': bodyOf(taken.request.body) };
    const { response } = await runCurl(script, { url, files });
    await expectShown(response, taken);
  });

  itWithCurl('sends cover traffic, and gets nothing but padding', async () => {
    const [script = ''] = curlScripts(textOf('docs/api/cover-traffic.md'));
    const { response } = await runCurl(script, { url });
    await expectDescribed(response, '/v1/publish');
    expect(response.status).toBe(200);
    expect(Object.keys((await response.json()) as object)).toEqual(['padding']);
  });
});

it('shows every status and code of the service, in its table and in an example', () => {
  const source = textOf('services/publish/src/http/publish-response.ts');
  const table = /const STATUS[^{]*\{([^}]*)\}/u.exec(source)?.[1] ?? fail('no table of codes');
  const codes = [...table.matchAll(/(\w+): (\d+),/gu)].map(
    ([, code, status]) => `${status ?? ''} ${code ?? ''}`,
  );
  const listed = rowsOf(sectionOf(page, 'Codes')).map(
    ([status, code]) => `${status ?? ''} ${code?.replaceAll('`', '') ?? ''}`,
  );
  expect(listed).toEqual(expect.arrayContaining(codes));
  expect(examples.map(({ status, code }) => `${status} ${code}`)).toEqual(
    expect.arrayContaining([...codes, '405 bad_request', '413 bad_request', '415 bad_request']),
  );
});

it('shows a MAC that is computed as the page says', () => {
  const { hmacKey } = JSON.parse(examples[0]?.request.body ?? '') as { hmacKey: string };
  const mac = createHmac('sha256', Buffer.from(hmacKey, 'base64')).update(
    blockOf('text mac-input'),
  );
  expect(mac.digest('base64')).toBe(blockOf('text mac'));
  const claims = blockOf('text certificate').split('.')[1] ?? '';
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
    tekmac: blockOf('text mac'),
  });
});

it('shows the answer of a server in maintenance letter for letter', async () => {
  const { url } = await aPublishServer({ maintenance: true });
  const response = await fetch(`${url}/v1/publish`, { method: 'POST' });
  expect([response.status, await response.text()]).toEqual([429, blockOf('text maintenance')]);
});
