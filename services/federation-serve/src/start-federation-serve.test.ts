import { aKey } from '@keyserver/stores/testing';
import {
  type FederationServer,
  type Started,
  federationServer,
} from './testing/federation-server.ts';
import { numbersOf } from './testing/fetch-client.ts';

let server: FederationServer;
let started: Started;
beforeEach(async () => {
  server = await federationServer();
});
afterEach(async () => {
  await started.stop();
  server.remove();
});

it('gives a partner the keys of closed windows, page by page', async () => {
  await server.configure();
  await server.storeKeys({ keys: [aKey(3), aKey(1)] }, { keys: [aKey(2)] });
  started = await server.start();
  const token = await server.tokenFor();
  const first = await started.call({ maxExposureKeys: 2 }, { token });
  if (!('answer' in first)) throw new Error(JSON.stringify(first));
  expect(numbersOf(first.answer.keys)).toEqual([1, 2]);
  expect(first.answer.partialResponse).toBe(true);
  const second = await started.call({ state: first.answer.nextFetchState! }, { token });
  if (!('answer' in second)) throw new Error(JSON.stringify(second));
  expect(numbersOf(second.answer.keys)).toEqual([3]);
  expect(second.answer.partialResponse ?? false).toBe(false);
});
it('is healthy over HTTP/1 on the same port', async () => {
  started = await server.start();
  const response = await fetch(`${started.service.url}/health`);
  expect([response.status, await response.text()]).toEqual([200, '{"status": "ok"}']);
});
