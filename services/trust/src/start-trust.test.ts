import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestMachine, testAmbient, testMachine } from '@keyserver/platform/testing';
import { readDataKeys } from '@keyserver/stores';
import { DAY, simulatedClock, unixMillis } from '@keyserver/time';
import { startTrust } from './index.ts';

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
});
