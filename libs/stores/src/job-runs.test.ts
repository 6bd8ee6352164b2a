import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { MINUTE, simulatedClock, unixMillis } from '@keyserver/time';
import { noteCompleted, readCompleted } from './job-runs.ts';

const NOON = unixMillis(Date.UTC(2026, 0, 15, 12));

afterAll(closeTestStores);

it('knows when each job last did all that was due, and says 0 of one that never did', async () => {
  const clock = simulatedClock(NOON);
  const store = await openTestStore({ clock });
  const jobs = ['cleanup-keys', 'rotate-keys'];
  expect(await readCompleted(store, jobs)).toEqual([0, 0]);
  await noteCompleted(store, 'rotate-keys');
  const [never, noted = 0] = await readCompleted(store, jobs);
  expect(never).toBe(0);
  expect(noted).toBeGreaterThanOrEqual(NOON);
  clock.advance(MINUTE);
  await noteCompleted(store, 'rotate-keys');
  const [, again = 0] = await readCompleted(store, jobs);
  expect(again - noted).toBeGreaterThanOrEqual(MINUTE - 1000);
});
