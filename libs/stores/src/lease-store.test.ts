import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { seededRandom } from '@keyserver/random/testing';
import { type SimulatedClock, simulatedClock, unixMillis } from '@keyserver/time';
import type { DocumentStore, Transaction } from '@keyserver/docstore';
import { leaseStore } from './lease-store.ts';

const START = unixMillis(1_768_478_400_000);
let clock: SimulatedClock;
let store: DocumentStore;

beforeEach(async () => {
  clock = simulatedClock(START);
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

const worker = (name: string, over = store) => leaseStore(over, seededRandom(name));

/** A store whose transactions commit, lose the answer, and run again. */
const forgetful = (): DocumentStore => ({
  ...store,
  transact: async <T>(decide: (tx: Transaction) => Promise<T>): Promise<T> => {
    await store.transact(decide);
    return await store.transact(decide);
  },
});

describe('leases', () => {
  it('are given to one worker at a time', async () => {
    const lease = await worker('a').acquire('job', 1000);
    expect(lease).toEqual({ name: 'job', fence: START, expiresAt: START + 1000 });
    expect(await worker('b').acquire('job', 1000)).toBeUndefined();
    expect(await worker('b').acquire('other', 1000)).toMatchObject({ fence: START });
  });

  it('go to exactly one of many that ask at once', async () => {
    const asked = ['a', 'b', 'c', 'd', 'e'].map(
      async (name) => await worker(name).acquire('job', 1000),
    );
    expect((await Promise.all(asked)).filter((lease) => lease !== undefined)).toHaveLength(1);
  });

  it('can be taken over once they have ended, under a larger fence', async () => {
    const first = await worker('a').acquire('job', 1000);
    clock.advance(999);
    expect(await worker('b').acquire('job', 1000)).toBeUndefined();
    clock.advance(1);
    expect(await worker('b').acquire('job', 1000)).toMatchObject({ fence: START + 1 });
    expect(await worker('a').renew(first!, 1000)).toBeUndefined();
  });

  it('last longer when they are renewed', async () => {
    const lease = await worker('a').acquire('job', 1000);
    clock.advance(900);
    expect(await worker('a').renew(lease!, 1000)).toMatchObject({
      fence: START,
      expiresAt: START + 1900,
    });
    clock.advance(900);
    expect(await worker('b').acquire('job', 1000)).toBeUndefined();
  });

  it('are free at once when they are given back', async () => {
    const lease = await worker('a').acquire('job', 1000);
    await worker('a').release(lease!);
    expect(await worker('b').acquire('job', 1000)).toMatchObject({ fence: START + 1 });
  });

  it('are not taken from their new holder by an old one who gives them back', async () => {
    const old = await worker('a').acquire('job', 1000);
    clock.advance(1000);
    await worker('b').acquire('job', 1000);
    await worker('a').release(old!);
    expect(await worker('c').acquire('job', 1000)).toBeUndefined();
  });

  it('cannot be renewed when they never were', async () => {
    const lease = { name: 'job', fence: START, expiresAt: START };
    expect(await worker('a').renew(lease, 1000)).toBeUndefined();
  });

  it('are known to their holder when the answer to a commit was lost', async () => {
    expect(await worker('a', forgetful()).acquire('job', 1000)).toMatchObject({ fence: START });
    expect(await worker('b').acquire('job', 1000)).toBeUndefined();
  });
});
