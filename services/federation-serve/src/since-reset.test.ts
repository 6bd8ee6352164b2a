import { aPartner } from '@keyserver/federation/testing';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import { knownSinceReset } from './since-reset.ts';

/** How often everything was forgotten while calls came at these times. */
async function forgotten(...times: readonly number[]): Promise<number> {
  let begun = 0;
  let now: UnixMillis = unixMillis(0);
  const { findUnit } = knownSinceReset(
    () => Promise.resolve(now),
    () => {
      begun++;
      return {
        findUnit: () => Promise.resolve({ kind: 'not yet' }),
        loadUnit: () => Promise.reject(new Error('not asked for')),
      };
    },
  );
  for (const time of times) {
    now = unixMillis(time);
    await findUnit(aPartner(), now);
  }
  return begun - 1;
}

it('forgets what it knows when store time was set back, once', async () => {
  expect(await forgotten(100_000, 60_000, 60_100, 90_000)).toBe(1);
  expect(await forgotten(100_000, 60_000, 30_000)).toBe(2);
});

it('keeps it while time goes on, and where servers of one store differ a little', async () => {
  expect(await forgotten(100_000, 99_500, 100_500, 99_600, 200_000)).toBe(0);
});
