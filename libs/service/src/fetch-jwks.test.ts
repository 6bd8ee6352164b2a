import { systemTimers } from '@keyserver/time';
import { JwksFault, fetchJwks } from './fetch-jwks.ts';
import { type TestIssuer, testIssuer } from './testing/test-issuer.ts';

let issuer: TestIssuer;
beforeAll(async () => {
  issuer = await testIssuer();
});
afterAll(async () => {
  await issuer.close();
});

describe('fetching the keys of an issuer', () => {
  it('gives the set and how long it lasts', async () => {
    issuer.answer.headers = { 'cache-control': 'public, Max-Age=300' };
    const { jwks, maxAge } = await fetchJwks(new URL(issuer.jwksUrl), systemTimers);
    expect(jwks.keys).toMatchObject([{ kid: 'key-1', kty: 'RSA' }]);
    expect(maxAge).toBe(300_000);
  });

  it('fails when the answer has no body', async () => {
    issuer.answer = { status: 204, body: '', headers: {} };
    const fetched = fetchJwks(new URL(issuer.jwksUrl), systemTimers);
    await expect(fetched).rejects.toBeInstanceOf(JwksFault);
  });

  it('gives up an issuer that does not answer', async () => {
    issuer.hold = new Promise(() => undefined);
    const fetched = fetchJwks(new URL(issuer.jwksUrl), systemTimers, 20);
    await expect(fetched).rejects.toMatchObject({ cause: { name: 'DeadlineFault' } });
  });
});
