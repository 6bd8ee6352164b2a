import { ConfigFault } from '@keyserver/config';
import { type TestMachine, testAmbient, testMachine } from '@keyserver/platform/testing';
import { systemRandom } from '@keyserver/random';
import {
  type Lifecycle,
  keepFindings,
  leaseStore,
  lifecycles,
  readTotals,
  totalDeltas,
} from '@keyserver/stores';
import { DAY, HOUR, MINUTE, simulatedClock, unixMillis } from '@keyserver/time';
import { freePorts } from '../../../test/support/free-ports.ts';
import { startCleanup } from './index.ts';

const NOON = unixMillis(Date.UTC(2026, 0, 15, 12));
const clock = simulatedClock(NOON);
const ambient = testAmbient('cleanup', { clock });
const { lines } = ambient;
let machine: TestMachine;

const count = async (id: string): Promise<void> => {
  await machine.onPlatform(async ({ store }) => {
    await store.transact((tx) => {
      tx.create(totalDeltas, id, {
        ...{ hour: NOON, authority: 7, platform: 'ios', keys: 3, onsetMissing: 1 },
        expireAt: NOON + 30 * DAY,
      });
      return Promise.resolve();
    });
  });
};
const uploads = async () =>
  await machine.onPlatform(async ({ store }) => {
    const { hours } = await readTotals(store, { retention: 14 * DAY })(7, clock.now());
    return hours.map(({ ios }) => ios);
  });

const live = async (state: Lifecycle['state']): Promise<void> => {
  await machine.onPlatform(async ({ store }) => {
    await store.transact(async (tx) => {
      await tx.get(lifecycles, ['server']);
      const times = { since: NOON, closesAt: NOON, keepFilesMs: 0 };
      tx.set(lifecycles, 'server', { state, goal: 'hibernate', ...times });
    });
  });
};

beforeEach(async () => {
  clock.set(NOON);
  lines.length = 0;
  machine = await testMachine('cleanup', clock);
});
afterEach(async () => {
  await machine.remove();
});

describe('the cleanup service', () => {
  it('folds counts when the scheduler asks, once their hour is over, and tells of late ones', async () => {
    const service = await startCleanup(machine.env, ambient);
    const run = async () => {
      const headers = await machine.caller();
      const response = await fetch(`${service.url}/totals`, { method: 'POST', headers });
      return [response.status, await response.json()];
    };
    await count('a');
    expect(await run()).toEqual([200, { ok: true }]);
    expect(await uploads()).toEqual([]);
    clock.advance(HOUR);
    expect(await run()).toEqual([200, { ok: true }]);
    expect(await uploads()).toEqual([1]);
    await count('late');
    clock.advance(HOUR);
    expect(await run()).toEqual([200, { ok: true }]);
    expect(await uploads()).toEqual([2]);
    expect((await fetch(`${service.url}/health`)).status).toBe(200);
    await service.close();
    expect(lines.filter((line) => line.includes('cleanup.late_counts'))).toHaveLength(1);
  });

  it('tells when its jobs last did all that was due, also when it was started anew', async () => {
    const [port = 0] = await freePorts(1);
    const env = { ...machine.env, TELEMETRY_EXPORTER: 'prometheus', METRICS_PORT: String(port) };
    const completed = async (job: string): Promise<number> => {
      const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      const line = `keyserver_job_completed_timestamp_seconds\\{job_name="${job}"\\} (\\S+)`;
      return Number(new RegExp(line).exec(page)?.[1]);
    };
    const service = await startCleanup(env, ambient);
    expect(await completed('cleanup-totals')).toBe(0);
    const run = { method: 'POST', headers: await machine.caller() };
    await fetch(`${service.url}/totals`, run);
    await fetch(`${service.url}/keys`, run); // deletes nothing before store time has settled: not all that was due
    await service.close();
    clock.advance(HOUR);
    const later = await startCleanup(env, ambient);
    const at = await completed('cleanup-totals');
    expect(Math.abs(at - NOON / 1000)).toBeLessThan(60);
    expect(await completed('cleanup-keys')).toBe(0);
    await later.close();
  });

  it('tells of counts that no run has folded until they were past retention', async () => {
    await count('a');
    clock.advance(16 * DAY);
    const service = await startCleanup(machine.env, ambient);
    const headers = await machine.caller();
    await fetch(`${service.url}/totals`, { method: 'POST', headers });
    await service.close();
    expect(lines.filter((line) => line.includes('cleanup.counts_expired'))).toHaveLength(1);
    expect(await uploads()).toEqual([]);
  });

  it.each([
    ['/totals', 'cleanup-totals'],
    ['/keys', 'cleanup-keys'],
    ['/exports', 'cleanup-exports'],
  ])('does nothing at %s while another run holds its lease', async (route, lease) => {
    await count('a');
    await machine.onPlatform(async ({ store }) => {
      await leaseStore(store, systemRandom).acquire(lease, MINUTE);
    });
    clock.advance(MINUTE - 1);
    const service = await startCleanup(machine.env, ambient);
    const run = async () => {
      const headers = await machine.caller();
      const response = await fetch(`${service.url}${route}`, { method: 'POST', headers });
      return [response.status, await response.json()];
    };
    expect(await run()).toEqual([200, { error: 'too early' }]);
    clock.advance(1);
    expect(await run()).toMatchObject([200, { ok: true }]);
    await service.close();
  });

  it('does nothing on a server that sleeps, and says so to the scheduler as of any run', async () => {
    await count('a');
    await live('hibernating');
    clock.advance(HOUR);
    const service = await startCleanup(machine.env, ambient);
    const headers = await machine.caller();
    const response = await fetch(`${service.url}/totals`, { method: 'POST', headers });
    expect([response.status, await response.json()]).toEqual([200, { ok: true }]);
    expect((await fetch(`${service.url}/health`)).status).toBe(200);
    await service.close();
    expect(await uploads()).toEqual([]);
  });

  it.each([
    ['emptying', 200],
    ['closing', 500],
  ] as const)(
    'answers health of findings, on a server that is %s, with %s',
    async (state, status) => {
      await machine.onPlatform(async ({ store }) => {
        await keepFindings(store, { archive_missing: 'an archive of us is gone' });
      });
      await live(state);
      const service = await startCleanup(machine.env, ambient);
      expect((await fetch(`${service.url}/health`)).status).toBe(status);
      await service.close();
    },
  );

  it('lets nobody else start a job', async () => {
    await count('a');
    clock.advance(HOUR);
    const service = await startCleanup(machine.env, ambient);
    const run = async (headers: Record<string, string>) =>
      (await fetch(`${service.url}/totals`, { method: 'POST', headers })).status;
    expect(await run({})).toBe(401);
    expect(await run(await machine.caller('other@example.org'))).toBe(403);
    await service.close();
    expect(await uploads()).toEqual([]);
  });

  it.each([
    ['TOTALS_RETENTION_DAYS', '9'],
    ['KEY_RETENTION_HOURS', '239'],
    ['EXPORT_RETENTION_HOURS', '239'],
  ])('does not start with a retention of fewer than ten days: %s', async (name, value) => {
    const short = { ...machine.env, [name]: value };
    await expect(startCleanup(short, ambient)).rejects.toThrow(ConfigFault);
    await expect(startCleanup(short, ambient)).rejects.toThrow(name);
  });
});
