import type { DocumentStore } from '../../index.ts';
import { all, fill, idsOf, passing, people, person } from './documents-of-the-suite.ts';

/** Deleting all documents of a query. */
export function deletingContract(current: () => DocumentStore): void {
  let store: DocumentStore;
  beforeEach(() => {
    store = current();
  });

  it('deletes all documents of a query and no others', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 903 }, (_, n) => [
        `p${String(n)}`,
        person({ city: n % 3 === 0 ? 'Rome' : 'Bern', age: n }),
      ]),
    );
    await fill(store, many);
    expect(
      await store.deleteAll(people, { where: { city: 'Bern' }, order: { by: 'age', from: 0 } }),
    ).toBe(602);
    const left = await all(store.pages(people, {}));
    expect(left).toHaveLength(301);
    expect(left.every(({ value }) => value.city === 'Rome')).toBe(true);
  });

  it('deletes documents that weigh more together than one transaction may change', async () => {
    const tags = (n: number) => Array.from({ length: 500 }, (_, m) => n * 500 + m);
    for (let n = 0; n < 15; n++)
      await fill(store, { [String(n).padStart(1400, 'x')]: person({ tags: tags(n) }) });
    expect(await store.deleteAll(people, {})).toBe(15);
    expect(await all(store.pages(people, {}))).toEqual([]);
  });

  it('deletes by an expiry as it was given, whatever the grace', async () => {
    await store.transact(async (tx) => {
      await Promise.resolve();
      for (const expireAt of [1000, 2000, 3000]) tx.set(passing, `at ${expireAt}`, { expireAt });
    });
    const order = { by: 'expireAt', from: 1000, until: 2000 } as const;
    expect(await store.deleteAll(passing, { order })).toBe(1);
    const rest = { order: { by: 'expireAt' }, after: { id: 'at 2000', value: 2000 } } as const;
    expect(await all(store.pages(passing, rest))).toEqual([
      { id: 'at 3000', value: { expireAt: 3000 } },
    ]);
    expect(await store.get(passing, ['at 2000'])).toEqual([{ expireAt: 2000 }]);
  });

  it('deletes at most the limit', async () => {
    await fill(store, { a: person(), b: person(), c: person() });
    expect(await store.deleteAll(people, { limit: 2 })).toBe(2);
    expect(idsOf(await all(store.pages(people, {})))).toEqual(['c']);
  });
}
