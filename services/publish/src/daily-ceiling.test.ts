import { type DocumentStore, StoreFault } from '@keyserver/docstore';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { dailyKeys, drawDailyKeys } from '@keyserver/stores';
import { seededRandom } from '@keyserver/random/testing';
import { HOUR, type SimulatedClock, simulatedClock } from '@keyserver/time';
import { type ManualTimers, manualTimers } from '@keyserver/time/testing';
import { dailyCeilings } from './daily-ceiling.ts';
import { NOW, app } from './testing/uploads.ts';

/** NOW is 10:17. */
const REST_OF_DAY = 13 * HOUR + 43 * 60_000;
let clock: SimulatedClock;
let store: DocumentStore;

beforeEach(async () => {
  clock = simulatedClock(NOW);
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

let certificates = 0;
/** One that no other upload has. */
const aCertificate = (): string => String((certificates += 1));

/** One instance of the service over the shared store. */
function anInstance(draw = drawDailyKeys(store)) {
  const timers: ManualTimers = manualTimers();
  const draws: number[] = [];
  const reached: number[] = [];
  const reserve = dailyCeilings({
    ...{ timers, random: seededRandom('ceiling') },
    draw: async (wanted) => {
      draws.push(timers.monotonic());
      return await draw(wanted);
    },
    onReached: (_app, ceiling) => reached.push(ceiling),
  });
  const take = async (keys: number, ceiling = 100) => {
    const taking = reserve({ ...app, maxKeysPerDay: ceiling }, keys, aCertificate());
    const ended: string[] = [];
    const end = () => ended.push('ended');
    taking.then(end, end);
    while (ended.length === 0) await timers.advance(100);
    return await taking;
  };
  const takes = async (keys: number, ceiling = 100): Promise<string> =>
    (await take(keys, ceiling)).kind;
  return { take, takes, timers, draws, reached, reserve };
}

const drawnInAll = async (): Promise<number> => {
  const [stored] = await store.get(dailyKeys, [app.id]);
  return stored?.drawn ?? 0;
};

describe('the ceiling of an application', () => {
  it('is none unless one is configured', async () => {
    const { reserve, draws } = anInstance();
    expect(await reserve(app, 1_000_000, '')).toMatchObject({ kind: 'reserved' });
    expect(draws).toEqual([]);
  });

  it('costs uploads without keys nothing', async () => {
    const { takes, draws } = anInstance();
    expect(await takes(0)).toBe('reserved');
    expect(draws).toEqual([]);
  });

  it('lets so many keys through and no more', async () => {
    const { takes, reached } = anInstance();
    for (const keys of [30, 30, 30]) expect(await takes(keys)).toBe('reserved');
    expect(await takes(30)).toBe('spent');
    expect(await takes(10)).toBe('reserved');
    expect(await takes(1)).toBe('spent');
    expect(reached).toEqual([100]);
    expect(await drawnInAll()).toBe(100);
  });

  it('asks to come again within an hour from the next midnight on, and not all at once', async () => {
    const { reserve } = anInstance();
    const waits: number[] = [];
    for (let n = 0; n < 200; n += 1) {
      const refusal = await reserve({ ...app, maxKeysPerDay: 100 }, 101, aCertificate());
      if (refusal.kind === 'spent') waits.push(refusal.seconds - REST_OF_DAY / 1000);
    }
    expect(waits).toHaveLength(200);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...waits)).toBeLessThan(3600);
    const quarters = [0, 1, 2, 3].map((n) => waits.filter((s) => Math.floor(s / 900) === n).length);
    for (const uploads of quarters) expect(uploads).toBeGreaterThan(200 / 8);
  });

  it('asks the store no more once all is spent', async () => {
    const { takes, draws } = anInstance();
    await takes(101, 100);
    await takes(100, 100);
    await takes(14);
    await takes(14);
    expect(draws).toHaveLength(1);
  });

  it('holds over two instances', async () => {
    const [one, other] = [anInstance(), anInstance()];
    let published = 0;
    for (let n = 0; n < 20; n += 1)
      for (const instance of [one, other])
        if ((await instance.takes(7)) === 'reserved') published += 7;
    expect(published).toBeLessThanOrEqual(100);
    expect(published).toBeGreaterThan(80);
    expect(await drawnInAll()).toBeLessThanOrEqual(100);
  });

  it('is never exceeded when an instance dies, whose share is lost', async () => {
    const first = anInstance();
    for (let n = 0; n < 3; n += 1) await first.takes(10);
    const drawn = await drawnInAll();
    expect(drawn).toBeGreaterThan(30); // it has a share that nobody will use
    const second = anInstance();
    expect(await second.takes(100 - drawn)).toBe('reserved');
    expect(await second.takes(1)).toBe('spent');
  });

  it('draws at most once a second, for all uploads that wait', async () => {
    const { reserve, timers, draws } = anInstance();
    const limited = { ...app, maxKeysPerDay: 100_000 };
    const waiting = Array.from(
      { length: 50 },
      async () => await reserve(limited, 14, aCertificate()),
    );
    await timers.advance(0);
    await Promise.all(waiting.slice(0, 1));
    const more = Array.from({ length: 50 }, async () => await reserve(limited, 14, aCertificate()));
    await timers.advance(999);
    expect(draws).toEqual([0]);
    await timers.advance(1);
    await Promise.all([...waiting, ...more]);
    expect(draws).toEqual([0, 1000]);
  });

  it('draws less and less often while uploads go on as they are', async () => {
    const { reserve, timers, draws } = anInstance();
    const limited = { ...app, maxKeysPerDay: 1_000_000 };
    for (let second = 0; second < 240; second += 1) {
      const upload = reserve(limited, 14, aCertificate());
      await timers.advance(1000);
      await upload;
    }
    const last = draws.slice(-3);
    expect((last[2] ?? 0) - (last[1] ?? 0)).toBeGreaterThanOrEqual(30_000);
    expect(draws.length).toBeLessThan(15);
  });

  it('is whole again on the next day, and keys of yesterday are not used then', async () => {
    const { takes, timers } = anInstance();
    expect(await takes(101)).toBe('spent');
    clock.advance(REST_OF_DAY);
    await timers.advance(REST_OF_DAY);
    expect(await takes(100)).toBe('reserved');
    expect(await takes(1)).toBe('spent');
  });

  it('goes by the days of the store where the timers fall behind', async () => {
    const { takes } = anInstance();
    for (let n = 0; n < 3; n += 1) await takes(10);
    clock.advance(REST_OF_DAY); // and this instance does not know
    expect(await takes(90)).toBe('reserved');
    expect(await drawnInAll()).toBeGreaterThanOrEqual(90);
    expect(await takes(11)).toBe('spent');
  });

  it('is higher as soon as the operator says so', async () => {
    const { takes, reached } = anInstance();
    expect(await takes(101)).toBe('spent');
    expect(await takes(101, 250)).toBe('reserved');
    expect(reached).toEqual([100]);
  });

  it('counts only what was published', async () => {
    const { take, takes } = anInstance();
    const reservation = await take(100);
    if (reservation.kind === 'reserved') reservation.settle(40);
    expect(await takes(60)).toBe('reserved');
    expect(await takes(1)).toBe('spent');
  });

  it('is not used up by one upload that is sent many times at once', async () => {
    const { reserve, timers } = anInstance();
    const limited = { ...app, maxKeysPerDay: 100 };
    const ended: string[] = [];
    const sent = Array.from({ length: 50 }, async () => {
      const reservation = await reserve(limited, 30, 'the same');
      ended.push(reservation.kind);
      if (reservation.kind === 'reserved') reservation.settle(0); // its keys are known already
    });
    while (ended.length < sent.length) await timers.advance(100);
    expect(new Set(ended)).toEqual(new Set(['reserved']));
    expect(await drawnInAll()).toBeLessThan(60);
    expect(await anInstance().takes(30)).toBe('reserved');
  });

  it('keeps no certificate waiting for an upload that was refused or met a fault', async () => {
    let isAway = true;
    const { reserve, timers } = anInstance(async (wanted) => {
      if (isAway) throw new StoreFault('unavailable', 'away');
      return await drawDailyKeys(store)(wanted);
    });
    const limited = { ...app, maxKeysPerDay: 100 };
    await expect(reserve(limited, 101, 'one')).rejects.toBeInstanceOf(StoreFault);
    isAway = false;
    const kinds: string[] = [];
    for (const keys of [101, 101, 30])
      void reserve(limited, keys, 'one').then(({ kind }) => kinds.push(kind));
    while (kinds.length < 3) await timers.advance(100);
    expect(kinds).toEqual(['spent', 'spent', 'reserved']);
  });

  it('fails with the store, and asks it again', async () => {
    let isAway = true;
    const { take, takes } = anInstance(async (wanted) => {
      if (isAway) throw new StoreFault('unavailable', 'away');
      return await drawDailyKeys(store)(wanted);
    });
    await expect(take(1)).rejects.toBeInstanceOf(StoreFault);
    isAway = false;
    expect(await takes(1)).toBe('reserved');
  });
});
