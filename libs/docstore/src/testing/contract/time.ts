import { DAY, HOUR, type UnixMillis, unixMillis } from '@keyserver/time';
import type { DocumentStore, Transaction } from '../../index.ts';
import { counters, people } from './documents-of-the-suite.ts';

/** Store time: when a transaction knows it, and what it promises. Without `advance` nothing is tested that needs it moved. */
export function timeContract(current: () => DocumentStore, advance?: (ms: number) => void): void {
  let store: DocumentStore;
  beforeEach(() => {
    store = current();
  });

  const after = async (decide: (tx: Transaction) => UnixMillis): Promise<UnixMillis> =>
    await store.transact(async (tx) => {
      await tx.get(counters, ['w']);
      return decide(tx);
    });

  it.each([
    ['now', (tx: Transaction) => tx.now],
    ['floor', (tx: Transaction) => tx.floor(DAY)],
  ])('does not know %s before a first read has answered', async (_, ask) => {
    const asking = store.transact(async (tx) => {
      const reading = tx.get(counters, ['w']);
      try {
        return ask(tx);
      } finally {
        await reading;
      }
    });
    await expect(asking).rejects.toThrow('after its first read');
  });

  it.each([
    ['a document', async (tx: Transaction) => await tx.get(counters, ['w'])],
    ['no document at all', async (tx: Transaction) => await tx.get(counters, [])],
    ['a document with an impossible id', async (tx: Transaction) => await tx.get(counters, ['..'])],
    [
      'a query',
      async (tx: Transaction) =>
        await tx.find(people, { where: { city: 'Bern' }, order: { by: 'age' } }),
    ],
    ['an empty query', async (tx: Transaction) => await tx.find(people, { limit: 0 })],
    [
      'many at once',
      async (tx: Transaction) =>
        await Promise.all([tx.get(counters, ['w']), tx.find(people, {}), tx.get(counters, ['v'])]),
    ],
  ])('knows it after reading %s', async (_, read) => {
    const before = await store.now();
    const told = await store.transact(async (tx) => {
      await read(tx);
      tx.set(counters, 'w', { n: 0, m: 0 });
      return tx.now;
    });
    expect(told).toBeGreaterThanOrEqual(before);
    expect(await store.now()).toBeGreaterThanOrEqual(told);
  });

  it('gives a transaction the time rounded down', async () => {
    const day = await after((tx) => tx.floor(DAY));
    expect(day % DAY).toBe(0);
    expect((await store.now()) - day).toBeLessThan(DAY);
  });

  it('orders every later commit at or after the time that a committed transaction was told', async () => {
    const told = await store.transact(async (tx) => {
      await tx.get(counters, ['w']);
      tx.set(counters, 'w', { n: 0, m: 0 });
      advance?.(-5000);
      return tx.now;
    });
    expect(await store.now()).toBeGreaterThanOrEqual(told);
    expect(await after((tx) => tx.now)).toBeGreaterThanOrEqual(told);
  });

  if (advance === undefined) return;

  it('never goes back, and moves with the clock', async () => {
    const first = await store.now();
    advance(HOUR);
    const second = await store.now();
    expect(second - first).toBeGreaterThanOrEqual(HOUR);
    advance(-1000);
    expect(await store.now()).toBeGreaterThanOrEqual(second);
  });

  it('is certain once the clock has been plausible for a while, and then never later than it is', async () => {
    for (let n = 0; n < 2; n++) await store.certainTime();
    advance(HOUR);
    const certain = await store.certainTime();
    const now = await store.now();
    expect(certain).toBeLessThanOrEqual(now);
    expect(certain).toBeGreaterThanOrEqual(now - 4 * DAY);
  });

  it('orders a window by the commit, not by when the transaction began', async () => {
    if (store.closingDelay > 0) return;
    const floors: UnixMillis[] = [];
    await store.transact(async (tx) => {
      await tx.get(counters, ['v']);
      floors.push(tx.floor(HOUR));
      if (floors.length === 1) {
        advance(HOUR);
        await store.now();
      }
      tx.set(counters, 'w', { n: 0, m: 0 });
    });
    expect(floors).toHaveLength(2);
    expect((floors[1] ?? unixMillis(0)) - (floors[0] ?? unixMillis(0))).toBe(HOUR);
  });
}
