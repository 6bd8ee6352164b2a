import { type DocumentStore, view } from '../../index.ts';
import { all, fill, idsOf, people, person, places, write } from './documents-of-the-suite.ts';

/** Queries: order, bounds, cursors, pages, and those that no declared index answers. */
export function queriesContract(current: () => DocumentStore): void {
  let store: DocumentStore;
  beforeEach(() => {
    store = current();
  });

  const town = {
    a: person({ city: 'Bern', age: 20 }),
    b: person({ city: 'Bern', age: 30 }),
    c: person({ city: 'Bern', age: 30 }),
    d: person({ city: 'Bern', age: 40, active: false }),
    e: person({ city: 'Rome', age: 25 }),
  };
  beforeEach(async () => {
    await fill(store, town);
  });

  it('orders by the field, then by the id', async () => {
    expect(
      idsOf(await all(store.pages(people, { where: { city: 'Bern' }, order: { by: 'age' } }))),
    ).toEqual(['a', 'b', 'c', 'd']);
    expect(idsOf(await all(store.pages(people, { order: { by: 'age' } })))).toEqual([
      'a',
      'e',
      'b',
      'c',
      'd',
    ]);
  });

  it('takes the lower bound and leaves the upper bound', async () => {
    const middle = {
      where: { city: 'Bern' },
      order: { by: 'age', from: 30, until: 40 },
    } as const;
    expect(idsOf(await all(store.pages(people, middle)))).toEqual(['b', 'c']);
  });

  it('filters by equality on an index without order', async () => {
    const found = await all(
      store.pages(people, { where: { city: 'Bern', age: 30, active: true } }),
    );
    expect(idsOf(found)).toEqual(['b', 'c']);
  });

  it('gives ids and bytes of any kind as they were stored, a whole page at once', async () => {
    const bytesOf = (n: number): Uint8Array =>
      Uint8Array.from({ length: (n * 37) % 300 }, (_, at) => (n % 3 === 0 ? 0 : n * at));
    const ids = ['"', '\\', 'é', '\u{1F600}', "a 'b", '{"c":[]}', 'x', 'y', 'z'];
    const stored = ids.map((id, n) => [id, bytesOf(n)] as const);
    await fill(
      store,
      Object.fromEntries(stored.map(([id, photo], age) => [id, person({ city: 'X', age, photo })])),
    );
    const found = await all(store.pages(people, { where: { city: 'X' }, order: { by: 'age' } }));
    expect(found.map(({ id, value }) => [id, [...value.photo]])).toEqual(
      stored.map(([id, photo]) => [id, [...photo]]),
    );
  });

  it('gives only the fields of a view', async () => {
    const ages = view(people, ['age', 'photo']);
    const found = await all(store.pages(ages, { order: { by: 'age', until: 31 } }, 2));
    expect(found.map(({ id, value }) => [id, { ...value, photo: [...value.photo] }])).toEqual(
      (['a', 'e', 'b', 'c'] as const).map((id) => [id, { age: town[id].age, photo: [1, 2, 3] }]),
    );
  });

  it('walks all documents by id', async () => {
    expect(idsOf(await all(store.pages(people, {})))).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(idsOf(await all(store.pages(people, { after: { id: 'c' } })))).toEqual(['d', 'e']);
  });

  it('goes on strictly after a cursor', async () => {
    const rest = {
      where: { city: 'Bern' },
      order: { by: 'age' },
      after: { id: 'b', value: 30 },
    } as const;
    expect(idsOf(await all(store.pages(people, rest)))).toEqual(['c', 'd']);
  });

  it('stops at the limit', async () => {
    expect(idsOf(await all(store.pages(people, { order: { by: 'age' }, limit: 3 })))).toEqual([
      'a',
      'e',
      'b',
    ]);
  });

  it('gives the same documents in pages of any size', async () => {
    for (const size of [1, 2, 4, 5, 100]) {
      const pages: number[] = [];
      const found: string[] = [];
      for await (const page of store.pages(people, { order: { by: 'age' } }, size)) {
        pages.push(page.length);
        found.push(...idsOf(page));
      }
      expect(found).toEqual(['a', 'e', 'b', 'c', 'd']);
      expect(Math.max(...pages)).toBeLessThanOrEqual(size);
    }
  });

  it('orders text by its bytes', async () => {
    await write(store, (tx) => {
      for (const name of ['Zürich', 'Zug', 'a', 'Z']) tx.set(places, name, { name });
    });
    expect(idsOf(await all(store.pages(places, { order: { by: 'name' } })))).toEqual([
      'Z',
      'Zug',
      'Zürich',
      'a',
    ]);
  });

  it.each([
    ['a field without an index', { where: { note: 'x' } }],
    ['a prefix of an index', { where: { city: 'Bern' } }],
    ['an order that no index ends in', { where: { age: 30 }, order: { by: 'city' } }],
    ['too many equalities', { where: { city: 'Bern', note: 'x' }, order: { by: 'age' } }],
    [
      'an array search with a filter',
      { where: { city: 'Bern' }, containsAny: { field: 'tags', values: [1] } },
    ],
    ['an array search on another field', { containsAny: { field: 'age', values: [1] } }],
    [
      '31 values',
      { containsAny: { field: 'tags', values: Array.from({ length: 31 }, (_, n) => n) } },
    ],
  ] as const)('refuses a query by %s, as Firestore would', async (_name, query) => {
    await expect(all(store.pages(people, query as never))).rejects.toBeInstanceOf(RangeError);
    await expect(store.deleteAll(people, query as never)).rejects.toBeInstanceOf(RangeError);
    await expect(
      store.transact(async (tx) => await tx.find(people, query as never)),
    ).rejects.toBeInstanceOf(RangeError);
  });
}
