import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { auditEntries } from '@keyserver/stores';
import { DAY, simulatedClock, unixMillis } from '@keyserver/time';
import { readAudit } from './read-audit.ts';
import { EARLIER, NOON, aChain, addSteps, tamper } from './testing/a-chain.ts';

afterEach(closeTestStores);

describe('reading', () => {
  it('gives the newest steps first, so many of those that are wanted', async () => {
    const clock = simulatedClock(NOON);
    const store = await aChain(50, clock);
    clock.advance(DAY);
    await addSteps(store, 3);
    const numbers = async (filter: Omit<Parameters<typeof readAudit>[1], 'limit'>, limit = 100) =>
      (await readAudit(store, { ...filter, limit })).map(({ link }) => link?.sequence);
    expect(await numbers({}, 3)).toEqual([54, 53, 52]);
    expect(await numbers({})).toHaveLength(54);
    expect(await numbers({ since: unixMillis(NOON + DAY) })).toEqual([54, 53, 52]);
    expect(await numbers({ operation: 'audit.begin' })).toEqual([1]);
    expect(await numbers({ operation: 'jobs.run' }, 2)).toEqual([53, 51]);
    expect(await numbers({ operation: 'time.reset' })).toEqual([]);
  });

  it('ends with what is from before the chain, the newest of it first', async () => {
    const store = await openTestStore({ clock: simulatedClock(NOON) });
    await tamper(store, (tx) => {
      for (const [n, id] of ['b', 'c', 'a'].entries())
        tx.create(auditEntries, id, { ...EARLIER, at: n });
    });
    await addSteps(store, 1);
    const all = await readAudit(store, { limit: 4 });
    expect(all.map(({ at }) => at)).toEqual([NOON, NOON, 2, 1]);
    expect(all.map(({ link }) => link?.sequence)).toEqual([2, 1, undefined, undefined]);
  });
});
