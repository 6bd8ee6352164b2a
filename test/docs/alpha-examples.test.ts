import { StoreFault } from '@keyserver/docstore';
import {
  type TestServer,
  aPublishServer,
  alphaForm,
  bypassApp,
  closePublishServers,
  closePublishStore,
} from '@keyserver/publish/testing';
import { curlScripts, itWithCurl, runCurl } from './page-curl.ts';
import { CLOSED, examplesOf, expectShown, sendExample } from './page-examples.ts';
import { rowsOf, sectionOf, textOf } from './pages.ts';

const page = textOf('docs/api/publish-v1alpha1.md');
const examples = examplesOf(page);
const APP = { ...bypassApp, id: 'org.example.test', regions: ['US', 'US-WA'] };

const servers = new Map<string, TestServer>();
const configured = {
  v1alpha1: true,
  findApp: async (id: string) => await Promise.resolve(id === APP.id ? APP : undefined),
};

beforeAll(async () => {
  servers.set('', await aPublishServer(configured));
  const storeUpload = () => Promise.reject(new StoreFault('unavailable', 'away'));
  servers.set('store-away', await aPublishServer({ ...configured, storeUpload }));
  for (const [name, closed] of Object.entries(CLOSED))
    servers.set(name, await aPublishServer({ ...configured, closed }));
});
afterAll(async () => {
  await closePublishServers();
  await closePublishStore();
});

it.each(examples)('answers as the page says: $status (block $n)', async (example) => {
  const server = servers.get(example.state);
  if (server === undefined) throw new Error('no such server');
  await expectShown(await sendExample(server.url, example), example);
});

itWithCurl('takes the first example from the line for curl, and answers it so', async () => {
  await closePublishServers(); // and what the examples have published is forgotten
  const [script = ''] = curlScripts(page);
  const [example] = examples;
  if (example === undefined) throw new Error('no example');
  const { url } = await aPublishServer(configured);
  const files = { 'upload.json': example.request.body };
  const { response } = await runCurl(script, { url, files });
  await expectShown(response, example);
});

it('lists every field of a body', () => {
  const listed = rowsOf(sectionOf(page, 'The request')).map(([name = '']) =>
    name.replaceAll('`', ''),
  );
  expect(listed.sort()).toEqual(Object.keys(alphaForm.fields).sort());
});
