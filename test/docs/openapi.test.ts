import { StoreFault } from '@keyserver/docstore';
import {
  type TestServer,
  aPublishServer,
  bypassApp,
  closePublishServers,
  closePublishStore,
  violationsOf,
} from '@keyserver/publish/testing';
import { openApiText, publicOperations } from '../../docs/openapi.ts';
import { expectDescribed } from './described-answers.ts';
import { CLOSED } from './page-examples.ts';
import { textOf } from './pages.ts';

afterAll(async () => {
  await closePublishServers();
  await closePublishStore();
});

it('is described as the code declares it; npm run generate:docs mends it', () => {
  expect(textOf('docs/api/openapi.json')).toBe(openApiText());
});

it.each(publicOperations)('gives examples of $method $path that its schemas take', (operation) => {
  const { request, answers } = operation;
  const pairs = [request, ...Object.values(answers)].filter((one) => one !== undefined);
  for (const { schema, example } of pairs)
    if (example !== undefined) expect(violationsOf(schema, example)).toEqual([]);
});

describe('a running service', () => {
  const served = publicOperations.filter(({ path }) => !path.includes('{'));
  const app = { ...bypassApp, id: 'org.example.test' };
  const configured = {
    v1alpha1: true,
    findApp: async (id: string) => await Promise.resolve(id === app.id ? app : undefined),
  };
  const ask = async ({ url }: TestServer, { path, method, request }: (typeof served)[number]) => {
    const headers = { 'content-type': 'application/json' };
    const body = request === undefined ? {} : { body: JSON.stringify(request.example) };
    return await fetch(`${url}${path}`, { method: method.toUpperCase(), headers, ...body });
  };

  // An authority's token is needed for statistics: the examples of their own page have one.
  const open = served.filter(({ path }) => path !== '/v1/stats');

  it.each(open)('takes the example of $method $path, and answers as described', async (of) => {
    const response = await ask(await aPublishServer(configured), of);
    expect(response.status).toBe(200);
    await expectDescribed(response, of.path);
  });

  it.each(served)('answers $method $path as described while all goes wrong', async (of) => {
    const away = () => Promise.reject(new StoreFault('unavailable', 'away'));
    const nobody = (): Promise<undefined> => Promise.resolve(undefined);
    for (const wrong of [
      ...[{ storeUpload: away, health: away }, { findApp: away }, { findApp: nobody }],
      ...[{ uploadsAtOnce: 0 }, { maintenance: true }],
      ...Object.values(CLOSED).map((closed) => ({ closed })),
    ])
      await expectDescribed(
        await ask(await aPublishServer({ ...configured, ...wrong }), of),
        of.path,
      );
  });
});
