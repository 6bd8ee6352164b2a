import {
  type TestServer,
  aPublishServer,
  closePublishServers,
  closePublishStore,
} from '../testing/publish-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await aPublishServer({ maintenance: true, v1alpha1: true });
});
afterAll(async () => {
  await closePublishServers();
  await closePublishStore();
});

describe('a server in maintenance', () => {
  it.each([
    ['POST', '/v1/publish'],
    ['GET', '/v1/publish'],
    ['POST', '/v1/publish/'],
    ['POST', '/'],
    ['POST', '/v1/stats'],
    ['DELETE', '/nothing'],
    ['GET', '/%zz'],
  ])('answers %s %s with 429, letter for letter, and when to try again', async (method, path) => {
    const response = await fetch(`${server.url}${path}`, { method });
    expect(response.status).toBe(429);
    expect(await response.text()).toBe('{"error": "please try again later"}');
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('retry-after')).toBe('300');
  });

  it('reads no body, however long or wrong', async () => {
    expect((await server.send('{'.repeat(100_000))).status).toBe(429);
    expect(server.log.events('publish.refused')).toEqual([]);
  });

  it('tells the truth about its health', async () => {
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  it('says so in the log when it starts, so that nobody forgets', () => {
    expect(server.log.events('publish.in_maintenance')).toMatchObject([{ severity: 'WARNING' }]);
  });
});
