import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestMachine, testAmbient, testMachine } from '@keyserver/platform/testing';
import {
  authorityDocument,
  findAuthority,
  healthAuthorities,
  readDataKeys,
} from '@keyserver/stores';
import { DAY, HOUR, simulatedClock, unixMillis } from '@keyserver/time';
import { startTrust } from './index.ts';
import { aJwk, startKeyServer } from './testing/index.ts';

const NOON = unixMillis(Date.UTC(2026, 0, 15, 12));
const clock = simulatedClock(NOON);
const ambient = testAmbient('trust', { clock });
let machine: TestMachine;

const dataKeys = async () =>
  await machine.onPlatform(async ({ store }) => await readDataKeys(store)());

beforeEach(async () => {
  clock.set(NOON);
  machine = await testMachine('trust', clock);
});
afterEach(async () => {
  await machine.remove();
});

describe('the trust service', () => {
  it('makes a data key when the scheduler asks, and no second one before its time', async () => {
    const service = await startTrust(machine.env, ambient);
    const rotate = async () =>
      await fetch(`${service.url}/rotate-keys`, {
        method: 'POST',
        headers: await machine.caller(),
      });
    const first = await rotate();
    expect([first.status, await first.json()]).toEqual([200, { ok: true }]);
    expect((await rotate()).status).toBe(200);
    expect((await fetch(`${service.url}/health`)).status).toBe(200);
    await service.close();
    expect((await dataKeys()).map(({ id }) => id)).toEqual([1]);
    clock.advance(7 * DAY);
    const later = await startTrust(machine.env, ambient);
    await fetch(`${later.url}/rotate-keys`, {
      method: 'POST',
      headers: await machine.caller(),
    });
    await later.close();
    expect((await dataKeys()).map(({ id }) => id)).toEqual([2, 1]);
  });

  it('lets nobody else start a job', async () => {
    const service = await startTrust(machine.env, ambient);
    const rotate = async (headers: Record<string, string>) =>
      (await fetch(`${service.url}/rotate-keys`, { method: 'POST', headers })).status;
    expect(await rotate({})).toBe(401);
    expect(await rotate(await machine.caller('other@example.org'))).toBe(403);
    await service.close();
    expect(await dataKeys()).toEqual([]);
  });

  it('does not start with another wrapping key than the one before', async () => {
    await (await startTrust(machine.env, ambient)).close();
    writeFileSync(
      join(machine.directory, 'keys', 'wrapping', 'revision-token.key'),
      Buffer.alloc(32, 1),
    );
    await expect(startTrust(machine.env, ambient)).rejects.toThrow(
      'the wrapping key is not the one',
    );
  });

  describe('of an authority that serves its keys', () => {
    const ISSUER = 'authority.example';
    const configure = async (jwks: string) => {
      await machine.onPlatform(async ({ store }) => {
        const names = { id: 1, issuer: ISSUER, audience: 'us', name: 'Health' };
        const authority = { ...names, keys: [], stats: false, jwks };
        await store.transact((tx) => {
          tx.set(healthAuthorities, '1', authorityDocument(authority));
          return Promise.resolve();
        });
      });
    };
    const refreshed = async (env: Readonly<Record<string, string>>) => {
      const server = await startKeyServer();
      server.serve(aJwk('k1'));
      await configure(server.url);
      const service = await startTrust({ ...machine.env, ...env }, ambient);
      const job = { method: 'POST', headers: await machine.caller() };
      const response = await fetch(`${service.url}/refresh-authority-keys`, job);
      const answer = [response.status, await response.json(), server.asked];
      clock.advance(2 * HOUR);
      const health = (await (await fetch(`${service.url}/health`)).json()) as object;
      await Promise.all([service.close(), server.close()]);
      const found = await machine.onPlatform(
        async ({ store }) => await findAuthority(store)(ISSUER),
      );
      return { answer, health, versions: found?.keys.map(({ version }) => version) };
    };

    it('learns them when the scheduler asks, and health tells when it does not any more', async () => {
      const { answer, health, versions } = await refreshed({
        ...{ PROFILE: 'development', TRUNCATE_WINDOW_SECONDS: '10' },
      });
      expect(answer).toEqual([200, { ok: true }, 1]);
      expect(versions).toEqual(['k1']);
      expect(health).toEqual({ status: 'unhealthy', problems: ['authority_keys_stale'] });
    });

    it('does not ask this very machine in production, and says so', async () => {
      const { answer, versions } = await refreshed({});
      const errors = ['the keys of authority 1 could not be learned: address'];
      expect(answer).toEqual([500, { errors }, 0]);
      expect(versions).toEqual([]);
    });

    it('lets nobody else start it', async () => {
      const service = await startTrust(machine.env, ambient);
      const { status } = await fetch(`${service.url}/refresh-authority-keys`, { method: 'POST' });
      expect(status).toBe(401);
      await service.close();
    });
  });
});
