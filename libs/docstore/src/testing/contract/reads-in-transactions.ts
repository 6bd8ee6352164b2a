import type { DocumentStore, Transaction } from '../../index.ts';
import { counters, write } from './documents-of-the-suite.ts';

/** Transactions of a store that compares what they read with what is there at the commit. */
export function comparedReads(current: () => DocumentStore): void {
  let store: DocumentStore;
  beforeEach(() => {
    store = current();
  });

  it('runs again when a document that it read has changed', async () => {
    await write(store, (tx) => {
      tx.set(counters, 'c', { n: 1, m: 0 });
    });
    let runs = 0;
    await store.transact(async (tx) => {
      const [c] = await tx.get(counters, ['c']);
      if (++runs === 1)
        await write(store, (other) => {
          other.set(counters, 'c', { n: 10, m: 0 });
        });
      tx.set(counters, 'c', { n: (c?.n ?? 0) + 1, m: 0 });
    });
    expect(await store.get(counters, ['c'])).toEqual([{ n: 11, m: 0 }]);
    expect(runs).toBe(2);
  });

  it('runs again when a document that it missed has appeared', async () => {
    let runs = 0;
    const seen = await store.transact(async (tx) => {
      const [c] = await tx.get(counters, ['c']);
      if (++runs === 1)
        await write(store, (other) => {
          other.create(counters, 'c', { n: 10, m: 0 });
        });
      tx.set(counters, 'd', { n: 0, m: 0 });
      return c?.n;
    });
    expect(seen).toBe(10);
  });

  it('keeps its reads consistent even when it writes nothing', async () => {
    await write(store, (tx) => {
      tx.set(counters, 'a', { n: 1, m: 0 });
      tx.set(counters, 'b', { n: -1, m: 0 });
    });
    let runs = 0;
    const sum = await store.transact(async (tx) => {
      const [a] = await tx.get(counters, ['a']);
      if (++runs === 1)
        await write(store, (other) => {
          other.set(counters, 'a', { n: 5, m: 0 });
          other.set(counters, 'b', { n: -5, m: 0 });
        });
      const [b] = await tx.get(counters, ['b']);
      return (a?.n ?? 0) + (b?.n ?? 0);
    });
    expect(sum).toBe(0);
  });

  it('believes a failing function only when what it read still holds', async () => {
    await write(store, (tx) => {
      tx.set(counters, 'c', { n: 0, m: 0 });
    });
    let runs = 0;
    const result = store.transact(async (tx) => {
      const [c] = await tx.get(counters, ['c']);
      if (++runs === 1)
        await write(store, (other) => {
          other.set(counters, 'c', { n: 1, m: 0 });
        });
      if (c?.n === 0) throw new Error('saw an old state');
      return c?.n;
    });
    expect(await result).toBe(1);
  });
}

/** Transactions of a store that locks what they read. */
export function lockedReads(current: () => DocumentStore): void {
  let store: DocumentStore;
  beforeEach(() => {
    store = current();
  });

  /** Starts a writer and gives it time to come as far as it can; awaiting it would be to wait for oneself. */
  const meanwhile = async (
    tx: Transaction,
    decide: (other: Transaction) => void,
  ): Promise<void> => {
    others.push(write(store, decide));
    for (let n = 0; n < 10; n++) await tx.get(counters, ['somewhere else']);
  };
  let others: Promise<void>[] = [];
  beforeEach(() => {
    others = [];
  });

  it('keeps others from changing a document between its read and its commit', async () => {
    await write(store, (tx) => {
      tx.set(counters, 'c', { n: 1, m: 0 });
    });
    await store.transact(async (tx) => {
      const [c] = await tx.get(counters, ['c']);
      await meanwhile(tx, (other) => {
        other.set(counters, 'c', { n: 10, m: 0 });
      });
      tx.set(counters, 'c', { n: (c?.n ?? 0) + 1, m: 0 });
    });
    await Promise.all(others);
    expect(await store.get(counters, ['c'])).toEqual([{ n: 10, m: 0 }]);
  });

  it('keeps others from creating a document that it missed', async () => {
    await store.transact(async (tx) => {
      await tx.get(counters, ['c']);
      await meanwhile(tx, (other) => {
        other.create(counters, 'c', { n: 10, m: 0 });
      });
      const [c] = await tx.get(counters, ['c']);
      expect(c).toBeUndefined();
    });
    await Promise.all(others);
    expect(await store.get(counters, ['c'])).toEqual([{ n: 10, m: 0 }]);
  });

  it('reads one state only, even when it writes nothing', async () => {
    await write(store, (tx) => {
      tx.set(counters, 'a', { n: 1, m: 0 });
      tx.set(counters, 'b', { n: -1, m: 0 });
    });
    const sum = await store.transact(async (tx) => {
      const [a] = await tx.get(counters, ['a']);
      await meanwhile(tx, (other) => {
        other.set(counters, 'a', { n: 5, m: 0 });
        other.set(counters, 'b', { n: -5, m: 0 });
      });
      const [b] = await tx.get(counters, ['b']);
      return (a?.n ?? 0) + (b?.n ?? 0);
    });
    expect(sum).toBe(0);
    await Promise.all(others);
  });

  it('lets others in when its function fails', async () => {
    await write(store, (tx) => {
      tx.set(counters, 'c', { n: 0, m: 0 });
    });
    const failing = store.transact(async (tx) => {
      await tx.get(counters, ['c']);
      await meanwhile(tx, (other) => {
        other.set(counters, 'c', { n: 1, m: 0 });
      });
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    await Promise.all(others);
    expect(await store.get(counters, ['c'])).toEqual([{ n: 1, m: 0 }]);
  });
}
