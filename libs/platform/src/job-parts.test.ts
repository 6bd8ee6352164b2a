import { callerVariables, loadSettings, settings } from '@keyserver/config';
import { StoreFault } from '@keyserver/docstore';
import { simulatedClock, unixMillis } from '@keyserver/time';
import { type JobParts, type Platform, jobParts, openPlatform, storeAlone } from './index.ts';
import { type TestMachine, testAmbient, testMachine } from './testing/index.ts';
import { testSettings } from './testing/test-settings.ts';

const clock = simulatedClock(unixMillis(Date.UTC(2026, 0, 15, 12)));
const ambient = testAmbient('cleanup', { clock });
let machine: TestMachine;
let platform: Platform;
let parts: JobParts;

const failing = (message: string) => async () => await Promise.reject(new Error(message));

beforeEach(async () => {
  machine = await testMachine('cleanup', clock);
  platform = await openPlatform(testSettings(machine.env), ambient, storeAlone);
  parts = partsWith();
});
afterEach(async () => {
  await parts.runner.stop();
  await platform.close();
  await machine.remove();
});

function partsWith(own: readonly (() => Promise<void>)[] = []): JobParts {
  const callers = loadSettings(settings(callerVariables), machine.env);
  return jobParts(platform, { config: { ...callers, LOG_LEVEL: 'info' }, ambient }, own);
}

describe('the parts of a service with jobs', () => {
  it('let the scheduler in and nobody else', async () => {
    const verify = async (email?: string) => {
      const { authorization = '' } = await machine.caller(email);
      return await parts.verifyCaller([authorization]);
    };
    expect(await verify()).toMatchObject({ kind: 'caller' });
    expect(await verify('other@example.org')).toMatchObject({ kind: 'forbidden' });
    expect(await parts.verifyCaller([])).toMatchObject({ kind: 'unauthenticated' });
  });

  it('are well over a store that is, and unhealthy once a job has met damage', async () => {
    await parts.health();
    await parts.runner.run(
      'cleanup-totals',
      1000,
      async () => await Promise.reject(new StoreFault('damaged', 'a page cannot be read')),
    );
    await expect(parts.health()).rejects.toMatchObject({ problem: 'store_damaged' });
  });

  it('are unhealthy while a probe of the service itself fails', async () => {
    await expect(partsWith([failing('behind')]).health()).rejects.toThrow('behind');
  });

  it('are unhealthy when the store is closed under them', async () => {
    await platform.close();
    await expect(parts.health()).rejects.toThrow();
    platform = await openPlatform(testSettings(machine.env), ambient, storeAlone);
  });
});
