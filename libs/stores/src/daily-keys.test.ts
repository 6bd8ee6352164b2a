import type { DocumentStore } from '@keyserver/docstore';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { DAY, HOUR, type SimulatedClock, simulatedClock, unixMillis } from '@keyserver/time';
import { dailyKeys, drawDailyKeys } from './daily-keys.ts';

/** 2026-01-15T12:00:00Z. */
const NOON = unixMillis(1_768_478_400_000);
const MIDNIGHT = NOON - 12 * HOUR;
let clock: SimulatedClock;
let store: DocumentStore;

beforeEach(async () => {
  clock = simulatedClock(NOON);
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

const draw = async (needed: number, ahead = 0, of: { app?: string; ceiling?: number } = {}) =>
  await drawDailyKeys(store)({ app: 'an.app', ceiling: 100, ...of, needed, ahead });
const drawn = async (needed: number, ahead = 0, of = {}): Promise<number> =>
  (await draw(needed, ahead, of)).keys;

describe('the allowance of a day', () => {
  it('gives what is needed until all is drawn', async () => {
    expect(await drawn(60)).toBe(60);
    expect(await drawn(60)).toBe(40);
    expect(await drawn(1)).toBe(0);
  });

  it('gives a tenth of what is left at most ahead', async () => {
    expect(await drawn(20, 5)).toBe(25);
    expect(await drawn(15, 50)).toBe(21);
    expect(await drawn(54, 50)).toBe(54);
  });

  it('is one for each application', async () => {
    expect(await drawn(100)).toBe(100);
    expect(await drawn(100, 0, { app: 'other app / "1"' })).toBe(100);
  });

  it('never gives more than the ceiling to many that ask at once', async () => {
    const all = await Promise.all(Array.from({ length: 9 }, async () => await drawn(14, 14)));
    expect(all.reduce((sum, keys) => sum + keys, 0)).toBe(100);
  });

  it('says how long the day goes on, and is whole again in the next', async () => {
    expect(await draw(100)).toEqual({ keys: 100, day: MIDNIGHT, restOfDay: 12 * HOUR });
    clock.advance(12 * HOUR - 1);
    expect(await draw(1)).toEqual({ keys: 0, day: MIDNIGHT, restOfDay: 1 });
    clock.advance(1);
    expect(await draw(100)).toEqual({ keys: 100, day: MIDNIGHT + DAY, restOfDay: DAY });
  });

  it('follows a ceiling that is changed during the day', async () => {
    expect(await drawn(100)).toBe(100);
    expect(await drawn(10, 0, { ceiling: 105 })).toBe(5);
    expect(await drawn(10, 0, { ceiling: 50 })).toBe(0);
  });

  it('is kept for no longer than it can matter, and not written when nothing is drawn', async () => {
    await draw(0);
    expect(await store.get(dailyKeys, ['an.app'])).toEqual([undefined]);
    await draw(7);
    expect(await store.get(dailyKeys, ['an.app'])).toEqual([
      { day: MIDNIGHT, drawn: 7, expireAt: MIDNIGHT + 2 * DAY },
    ]);
  });
});
