import { aPartner } from '@keyserver/federation/testing';
import { HOUR, type UnixMillis, unixMillis } from '@keyserver/time';
import { knownSinceReset } from './since-reset.ts';

/** A call: what store time is then, and how long after the call before it comes, ms. */
type Call = readonly [now: number, after: number];

/** How often everything was forgotten while calls came. */
async function forgotten(...calls: readonly Call[]): Promise<number> {
  let begun = 0;
  let now: UnixMillis = unixMillis(0);
  let monotonic = 7;
  const { findUnit } = knownSinceReset(
    { storeTime: () => Promise.resolve(now), timers: { monotonic: () => monotonic } },
    () => {
      begun++;
      return {
        findUnit: () => Promise.resolve({ kind: 'not yet' }),
        loadUnit: () => Promise.reject(new Error('not asked for')),
      };
    },
  );
  for (const [time, after] of calls) {
    now = unixMillis(time);
    monotonic += after;
    await findUnit(aPartner(), now);
  }
  return begun - 1;
}

const START = 1000 * HOUR;

it('forgets what it knows when store time was set back, once', async () => {
  expect(await forgotten([100_000, 0], [60_000, 50], [60_100, 100], [90_000, 29_900])).toBe(1);
  expect(await forgotten([100_000, 0], [60_000, 0], [30_000, 0])).toBe(2);
});

it('forgets it also when the next call comes after as long as store time was set back', async () => {
  expect(await forgotten([START, 0], [START + HOUR, 2 * HOUR])).toBe(1);
  expect(await forgotten([START, 0], [START + 9 * HOUR, 9 * HOUR + 1001])).toBe(1);
});

it('keeps it while time goes on, and where servers of one store differ a little', async () => {
  const readings: readonly Call[] = [
    ...[[START, 0] as const, [START - 500, 0] as const, [START + 500, 500] as const],
    ...[[START - 400, 0] as const, [START + HOUR, HOUR] as const, [START + HOUR, 499] as const],
  ];
  expect(await forgotten(...readings)).toBe(0);
});

it('keeps it when store time gets on faster than the timers, as after a sleep of the machine', async () => {
  expect(await forgotten([START, 0], [START + 9 * HOUR, 10])).toBe(0);
});
