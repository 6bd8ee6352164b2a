import type { DocumentStore } from '../../index.ts';
import { all, counters, people, person, write } from './documents-of-the-suite.ts';

/** A store that locks lets contending writers by one after another. */
const CONTENDED_MS = 120_000;

/** Transactions of any store: all or nothing, and serialisable. */
export function transactionsContract(current: () => DocumentStore): void {
  let store: DocumentStore;
  beforeEach(() => {
    store = current();
  });

  it('shows nothing of a transaction whose function fails', async () => {
    const failing = store.transact(async (tx) => {
      tx.set(people, 'ada', person());
      return await Promise.reject(new Error('changed my mind'));
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect(await store.get(people, ['ada'])).toEqual([undefined]);
  });

  it.each([
    ['array search', { containsAny: { field: 'tags', values: [7] } }],
    ['index query', { where: { city: 'Bern' }, order: { by: 'age', from: 10, until: 50 } }],
  ] as const)(
    'lets exactly one first try commit of two that create what neither found by %s',
    async (_name, query) => {
      let runs = 0;
      let arrived = 0;
      let open: () => void = () => undefined;
      const bothHaveRead = new Promise<void>((resolve) => {
        open = resolve;
      });
      const createIfAbsent = async (id: string): Promise<string> =>
        await store.transact(async (tx) => {
          runs++;
          const found = await tx.find(people, query);
          if (++arrived === 2) open();
          await bothHaveRead;
          if (found.length > 0) return 'found';
          tx.create(people, id, person({ tags: [7] }));
          return 'created';
        });
      const outcomes = await Promise.all([createIfAbsent('a'), createIfAbsent('b')]);
      expect(outcomes.sort()).toEqual(['created', 'found']);
      expect(runs).toBe(3);
      expect(await all(store.pages(people, {}))).toHaveLength(1);
    },
  );

  it(
    'stays serialisable under many writers: a sum that all preserve is preserved',
    async () => {
      const accounts = Array.from({ length: 6 }, (_, n) => `a${String(n)}`);
      await write(store, (tx) => {
        for (const id of accounts) tx.set(counters, id, { n: 100, m: 0 });
      });
      const transfer = async (step: number): Promise<void> => {
        const from = accounts[step % 6] ?? '';
        const to = accounts[(step * 5 + 1) % 6] ?? '';
        if (from === to) return;
        await store.transact(async (tx) => {
          const [a, b] = await tx.get(counters, [from, to]);
          tx.set(counters, from, { n: (a?.n ?? 0) - 1, m: 0 });
          tx.set(counters, to, { n: (b?.n ?? 0) + 1, m: 0 });
        });
      };
      await Promise.all(
        Array.from({ length: 30 }, async (_, step) => {
          await transfer(step);
        }),
      );
      const values = (await all(store.pages(counters, {}))).map(({ value }) => value.n);
      expect(values.reduce((sum, n) => sum + n, 0)).toBe(600);
    },
    CONTENDED_MS,
  );
}
