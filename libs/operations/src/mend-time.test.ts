import { machine } from '../../../test/support/machine.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalPlatform } from '@keyserver/local';
import { seededRandom } from '@keyserver/random/testing';
import {
  exportBatches,
  exportConfigDocument,
  exportConfigs,
  exportStore,
  leases,
  readEpoch,
  readPlans,
} from '@keyserver/stores';
import { auditedSteps } from '@keyserver/stores/testing';
import {
  DAY,
  HOUR,
  type SimulatedClock,
  simulatedClock,
  unixMillis,
  alwaysWindow,
  windowLength,
} from '@keyserver/time';
import { type MendableTime, acceptTime, resetTime } from './mend-time.ts';

const START = unixMillis(Date.parse('2021-05-04T10:17:00Z'));
const HOUR_OF_START = START - (START % HOUR);
const by = { actor: 'an operator', random: seededRandom('mend time') };

let directory: string;
let clock: SimulatedClock;
let platform: Awaited<ReturnType<typeof openLocalPlatform>>;
let time: MendableTime;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'keyserver-time-'));
  clock = simulatedClock(START);
  platform = await openLocalPlatform({ ...machine, dataDirectory: directory, clock });
  time = {
    report: async () => await platform.store.timeReport(),
    mend: async (as, decide) => await platform.store.mendTime(as, decide),
  };
});
afterEach(async () => {
  await platform.close();
  rmSync(directory, { recursive: true });
});

const audited = async (): Promise<readonly string[]> =>
  (await auditedSteps(platform.store)).map(({ operation }) => operation);

describe('accepting the time of the machine', () => {
  it('lets the store go on from it, audited', async () => {
    clock.jump(20 * DAY);
    expect(await time.report()).toMatchObject({ remedy: 'accept' });
    await acceptTime(time, by);
    expect(await platform.store.now()).toBe(START + 20 * DAY);
    expect(await audited()).toEqual(['time.accept']);
    expect(await readEpoch(platform.store)).toEqual({ number: 0, resets: [] });
    expect(await time.report()).toMatchObject({ doubt: undefined, remedy: undefined });
  });

  it('is refused while the clock is believed, and changes nothing', async () => {
    await expect(acceptTime(time, by)).rejects.toMatchObject({ code: 'refused' });
    expect(await audited()).toEqual([]);
  });

  it('is refused while the clock is behind store time', async () => {
    clock.jump(-DAY);
    expect(await time.report()).toMatchObject({ remedy: 'reset' });
    await expect(acceptTime(time, by)).rejects.toMatchObject({ code: 'refused' });
  });
});

describe('resetting store time', () => {
  const ends = async (config: string): Promise<readonly number[]> => {
    const found: number[] = [];
    const open = { where: { config, state: 'open' }, order: { by: 'end' } } as const;
    for await (const page of platform.store.pages(exportBatches, open))
      found.push(...page.map(({ value }) => value.end));
    return found;
  };

  /** Cuts an export up to now; the answer is when each new batch ends. */
  const cut = async (id = 'e'): Promise<readonly number[]> => {
    const { cutBatches } = exportStore(platform.store, {
      random: by.random,
      windows: () => alwaysWindow(windowLength(HOUR)!),
      keys: { retention: 14 * DAY },
      span: DAY,
      keepMs: 60 * DAY,
    });
    const before = await ends(id);
    for (let more = true; more;)
      ({ more } = await cutBatches(id, { minWindowAge: 0, limit: 1000 }));
    return (await ends(id)).filter((end) => !before.includes(end));
  };

  const configure = async (id: string, period: number): Promise<void> => {
    const config = {
      ...{ id, bucket: 'b', filenameRoot: 'r', period },
      ...{ outputRegion: 'CH', inputRegions: ['CH'] },
    };
    const rest = {
      excludeRegions: [],
      includeTravelers: false,
      onlyNonTravelers: false,
      from: unixMillis(0),
      thru: undefined,
    };
    const sizes = {
      signingKeys: [],
      ...{ minRecords: 1, paddingRange: 0, maxRecords: 1000, padEmpty: false },
    };
    await platform.store.transact(async (tx) => {
      await Promise.resolve();
      tx.set(exportConfigs, id, exportConfigDocument({ ...config, ...rest, ...sizes }));
    });
  };

  /** A clock that was four days ahead was believed, and exports that had one batch were cut up to then. */
  const runAhead = async (exports: readonly string[] = ['e'], period = HOUR): Promise<void> => {
    for (const id of exports) await configure(id, period);
    await platform.store.transact(async (tx) => {
      await Promise.resolve();
      tx.set(leases, 'create-batches', { fence: 3, holder: 'x', expiresAt: START + DAY + HOUR });
    });
    for (const id of exports) expect(await cut(id)).toEqual([START - (START % period)]);
    clock.jump(4 * DAY);
    await acceptTime(time, by);
    for (const id of exports) expect((await cut(id)).length).toBe((4 * DAY) / period);
    clock.jump(-4 * DAY);
  };

  it('makes the plan of a day that had not begun anew, also for a process that had read the old one', async () => {
    const read = readPlans(platform.store, DAY);
    const tomorrow = unixMillis(START + DAY);
    const periods = async () => (await read(tomorrow)).exports.map(({ period }) => period);
    await configure('e', HOUR);
    clock.jump(DAY);
    await acceptTime(time, by);
    await cut();
    expect(await periods()).toEqual([HOUR]);
    clock.jump(-DAY);
    await resetTime(time, by);
    await configure('e', 2 * HOUR);
    clock.advance(DAY);
    await cut();
    expect(await periods()).toEqual([2 * HOUR]);
  });

  const batches = async (): Promise<number> => {
    let count = 0;
    for await (const page of platform.store.pages(exportBatches, {})) count += page.length;
    return count;
  };

  /** An operator's command that is killed after so many steps. */
  const dyingAfter = (steps: number): MendableTime => {
    let left = steps;
    return {
      ...time,
      mend: async (as, decide) => {
        if (left-- === 0) throw new Error('killed');
        return await time.mend(as, decide);
      },
    };
  };

  it('brings back the exports too, so that no window is passed over, and ends leases', async () => {
    await runAhead();
    expect(await time.report()).toMatchObject({ remedy: 'reset' });
    const removed = await resetTime(time, by);
    expect(removed).toBe(96);
    expect(await platform.store.now()).toBe(START);
    expect(await audited()).toEqual(expect.arrayContaining(['time.accept', 'time.reset']));
    const [lease] = await platform.store.get(leases, ['create-batches']);
    expect(lease).toMatchObject({ fence: 3, expiresAt: START });
    clock.advance(2 * HOUR);
    expect(await cut()).toEqual([HOUR_OF_START + HOUR, HOUR_OF_START + 2 * HOUR]);
  });

  it('brings back more exports than one step takes', async () => {
    const exports = ['e1', 'e2', 'e3']; // a step takes one
    await runAhead(exports, DAY);
    expect(await resetTime(time, by)).toBe(3 * 4);
    clock.advance(DAY);
    const midnight = START - (START % DAY);
    for (const id of exports) expect(await cut(id)).toEqual([midnight + DAY]);
  });

  it('is still ahead after it was killed between two steps, and ends right when it is run again', async () => {
    await runAhead();
    let steps = 0;
    const running = async () =>
      await resetTime(dyingAfter(steps), by).then(
        () => true,
        () => false,
      );
    while (!(await running())) {
      await expect(platform.store.now()).rejects.toMatchObject({ code: 'clock' });
      expect(await readEpoch(platform.store)).toEqual({ number: 0, resets: [] });
      steps += 1;
    }
    expect(steps).toBeGreaterThan(2);
    expect(await platform.store.now()).toBe(START);
    const reset = { epoch: 1, from: expect.any(Number) as number, to: START };
    expect(await readEpoch(platform.store)).toEqual({ number: 1, resets: [reset] });
    clock.advance(2 * HOUR);
    expect(await cut()).toEqual([HOUR_OF_START + HOUR, HOUR_OF_START + 2 * HOUR]);
  });

  it('passes over no window when it was killed and the time that was ahead has come', async () => {
    await runAhead();
    await expect(resetTime(dyingAfter(1), by)).rejects.toThrow('killed');
    expect(await batches()).toBe(1);
    clock.advance(4 * DAY);
    await cut();
    expect(await batches()).toBe(97);
  });

  it('undoes what somebody does ahead of the present meanwhile', async () => {
    await runAhead();
    let mended = 0;
    const disturbed: MendableTime = {
      ...time,
      mend: async (as, decide) => {
        if (as === 'reset' && (mended += 1) === 1) {
          clock.jump(4 * DAY + HOUR);
          await acceptTime(time, by);
          expect((await cut()).length).toBeGreaterThan(0);
          clock.jump(-4 * DAY - HOUR);
        }
        return await time.mend(as, decide);
      },
    };
    await resetTime(disturbed, by);
    expect(mended).toBe(2);
    expect(await platform.store.now()).toBe(START);
    clock.advance(2 * HOUR);
    expect(await cut()).toEqual([HOUR_OF_START + HOUR, HOUR_OF_START + 2 * HOUR]);
  });

  it.each([0, DAY])('is refused when the clock is %d ms ahead', async (ms) => {
    clock.jump(ms);
    await expect(resetTime(time, by)).rejects.toMatchObject({ code: 'refused' });
    expect(await audited()).toEqual([]);
  });
});
