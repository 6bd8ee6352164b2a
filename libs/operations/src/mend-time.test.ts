import { machine } from '../../../test/support/machine.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalPlatform } from '@keyserver/local';
import { seededRandom } from '@keyserver/random/testing';
import {
  exportConfigDocument,
  exportConfigs,
  exportStore,
  auditEntries,
  leases,
} from '@keyserver/stores';
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

const audited = async (): Promise<string[]> => {
  const found: string[] = [];
  for await (const page of platform.store.pages(auditEntries, {}))
    found.push(...page.map(({ value }) => value.operation));
  return found;
};

describe('accepting the time of the machine', () => {
  it('lets the store go on from it, audited', async () => {
    clock.jump(20 * DAY);
    expect(await time.report()).toMatchObject({ remedy: 'accept' });
    await acceptTime(time, by);
    expect(await platform.store.now()).toBe(START + 20 * DAY);
    expect(await audited()).toEqual(['time.accept']);
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
  const cut = async (): Promise<readonly number[]> => {
    const { cutBatches } = exportStore(platform.store, {
      random: by.random,
      windows: () => alwaysWindow(windowLength(HOUR)!),
      keys: {
        retention: 14 * DAY,
        maxKeyAge: 15 * DAY,
        hashKey: () => 0,
      },
      keepMs: 60 * DAY,
    });
    const ends: number[] = [];
    await cutBatches('e', ({ coveredUntil, now }) => {
      const first = coveredUntil ?? unixMillis(START - (START % HOUR));
      const spans = [];
      for (let start: number = first; start + HOUR <= now; start += HOUR)
        spans.push({ start: unixMillis(start), end: unixMillis(start + HOUR) });
      ends.push(...spans.map(({ end }) => end));
      return spans;
    });
    return ends;
  };

  /** A clock that was a day ahead was believed, and an export was cut up to then. */
  const runAhead = async (): Promise<void> => {
    const config = {
      id: 'e',
      bucket: 'b',
      filenameRoot: 'r',
      period: HOUR,
      outputRegion: 'CH',
      inputRegions: ['CH'],
    };
    const rest = {
      excludeRegions: [],
      includeTravelers: false,
      onlyNonTravelers: false,
      from: unixMillis(0),
      thru: undefined,
    };
    const sizes = { signingKeys: [], minRecords: 1, paddingRange: 0, maxRecords: 1000 };
    await platform.store.transact(async (tx) => {
      await Promise.resolve();
      tx.set(exportConfigs, 'e', exportConfigDocument({ ...config, ...rest, ...sizes }));
      tx.set(leases, 'create-batches', { fence: 3, holder: 'x', expiresAt: START + DAY + HOUR });
    });
    clock.jump(4 * DAY);
    await acceptTime(time, by);
    expect((await cut()).length).toBe(96);
    clock.jump(-4 * DAY);
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
    const hour = START - (START % HOUR);
    expect(await cut()).toEqual([hour + HOUR, hour + 2 * HOUR]);
  });

  it('goes on after it died before its last step', async () => {
    await runAhead();
    const dying: MendableTime = {
      ...time,
      mend: async (as, decide) => {
        if (as === 'reset') throw new Error('killed');
        return await time.mend(as, decide);
      },
    };
    await expect(resetTime(dying, by)).rejects.toThrow('killed');
    await expect(platform.store.now()).rejects.toMatchObject({ code: 'clock' });
    await resetTime(time, by);
    expect(await platform.store.now()).toBe(START);
  });

  it.each([0, DAY])('is refused when the clock is %d ms ahead', async (ms) => {
    clock.jump(ms);
    await expect(resetTime(time, by)).rejects.toMatchObject({ code: 'refused' });
    expect(await audited()).toEqual([]);
  });
});
