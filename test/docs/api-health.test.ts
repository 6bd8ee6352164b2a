import { StoreFault } from '@keyserver/docstore';
import { HEALTH_PROBLEMS } from '@keyserver/log';
import { aPublishServer, closePublishServers, closePublishStore } from '@keyserver/publish/testing';
import { curlScripts, itWithCurl, runCurl } from './page-curl.ts';
import { examplesOf, sendExample } from './page-examples.ts';
import { rowsOf, sectionOf, textOf } from './pages.ts';

const page = textOf('docs/api/health.md');

afterEach(closePublishServers);
afterAll(closePublishStore);

const away = async () => await Promise.reject(new StoreFault('unavailable', 'away'));

it.each(examplesOf(page))('answers as the page says: $status (block $n)', async (example) => {
  const server = await aPublishServer(example.state === 'away' ? { health: away } : {});
  const response = await sendExample(server.url, example);
  expect(response.status).toBe(example.status);
  expect(await response.json()).toEqual(JSON.parse(example.answer.body));
  for (const [name, value] of Object.entries(example.answer.headers))
    expect(response.headers.get(name)).toBe(value);
});

itWithCurl('answers the line for curl as the first example', async () => {
  const [script = ''] = curlScripts(page);
  const [example] = examplesOf(page);
  const { response } = await runCurl(script, { url: (await aPublishServer()).url });
  expect(response.status).toBe(example?.status);
  expect(await response.json()).toEqual(JSON.parse(example?.answer.body ?? ''));
});

it('names every problem that health knows', () => {
  const named = rowsOf(sectionOf(page, 'Problems')).map(([word]) => word?.replaceAll('`', ''));
  expect(named).toEqual([...HEALTH_PROBLEMS]);
});
