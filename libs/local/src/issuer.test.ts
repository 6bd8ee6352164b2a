import { seededRandom } from '@keyserver/random/testing';
import { SECOND, type SimulatedClock, simulatedClock, unixMillis } from '@keyserver/time';
import { type JWTVerifyResult, createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Issuer, openIssuer } from './issuer.ts';

const URL = 'http://127.0.0.1:8180';
const CALL = { audience: 'http://127.0.0.1:8081', email: 'jobs@keyserver.localhost' };
const NOW = unixMillis(1_600_000_000 * SECOND);

let directory = '';
let clock: SimulatedClock;
let issuer: Issuer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyserver-issuer-'));
  clock = simulatedClock(NOW);
  issuer = await openIssuer(URL, directory, { clock, random: seededRandom('issuer') });
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function verified(token: string, by: Issuer): Promise<JWTVerifyResult> {
  const keys = createLocalJWKSet(by.documents['/jwks.json'] as never);
  const currentDate = new Date(NOW);
  return await jwtVerify(token, keys, { ...CALL, issuer: URL, currentDate, algorithms: ['RS256'] });
}

describe('the issuer of one machine', () => {
  it('says whether its key was just made', async () => {
    const again = await openIssuer(URL, directory, { clock, random: seededRandom('again') });
    expect([issuer.isNew, again.isNew]).toEqual([true, false]);
    expect(again.documents).toEqual(issuer.documents);
  });

  it('mints a token that says who calls whom, for one hour', async () => {
    const { payload } = await verified(await issuer.mint(CALL), issuer);
    expect(payload).toMatchObject({ aud: CALL.audience, email: CALL.email, email_verified: true });
    expect(payload.iat).toBe(1_600_000_000);
    expect(payload.exp).toBe(1_600_003_600);
    expect(payload.sub).toBe(CALL.email);
  });

  it('names the key of its JWKS in the token', async () => {
    const { keys } = issuer.documents['/jwks.json'] as { keys: { kid: string }[] };
    expect(keys).toHaveLength(1);
    const token = await issuer.mint(CALL);
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'RS256', kid: keys[0]?.kid });
  });

  it('publishes the public half of its key only', () => {
    const { keys } = issuer.documents['/jwks.json'] as { keys: object[] };
    expect(Object.keys(keys[0] ?? {}).toSorted()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });

  it('publishes where its keys are', () => {
    const discovery = issuer.documents['/.well-known/openid-configuration'];
    expect(discovery).toMatchObject({ issuer: URL, jwks_uri: `${URL}/jwks.json` });
    expect(issuer.jwksUrl).toBe(`${URL}/jwks.json`);
  });

  it('keeps its key over a restart', async () => {
    const again = await openIssuer(URL, directory, { clock, random: seededRandom('again') });
    const { payload } = await verified(await issuer.mint(CALL), again);
    expect(payload.iss).toBe(URL);
  });

  it('mints nothing that another issuer vouches for', async () => {
    const elsewhere = await mkdtemp(join(directory, 'other-'));
    const other = await openIssuer(URL, elsewhere, { clock, random: seededRandom('other') });
    await expect(verified(await issuer.mint(CALL), other)).rejects.toMatchObject({
      code: 'ERR_JWKS_NO_MATCHING_KEY',
    });
  });
});
