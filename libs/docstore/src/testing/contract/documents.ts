import { type DocumentStore, StoreFault } from '../../index.ts';
import { all, counters, fill, idsOf, people, person, write } from './documents-of-the-suite.ts';

/** Documents by their ids: written, replaced, moved in every index, deleted; and what is too large. */
export function documentsContract(current: () => DocumentStore): void {
  let store: DocumentStore;
  beforeEach(() => {
    store = current();
  });

  it('gives back what was written, in the order of the ids asked for', async () => {
    const ada = person({ note: 'first', extra: { a: [1, null, 'x'] } });
    await fill(store, { ada, bob: person({ age: 40 }) });
    const [bob, nobody, found] = await store.get(people, ['bob', 'nobody', 'ada']);
    expect(bob?.age).toBe(40);
    expect(nobody).toBeUndefined();
    expect(found).toEqual({ ...ada, photo: expect.anything() as Uint8Array });
    expect([...(found?.photo ?? [])]).toEqual([1, 2, 3]);
  });

  it('replaces a document as a whole', async () => {
    await fill(store, { ada: person({ note: 'old' }) });
    await fill(store, { ada: person({ age: 31 }) });
    const [ada] = await store.get(people, ['ada']);
    expect(ada?.note).toBeUndefined();
    expect(ada?.age).toBe(31);
  });

  it('moves a document in every index when it is replaced', async () => {
    await fill(store, { ada: person({ city: 'Bern', age: 30, tags: [7] }) });
    await fill(store, { ada: person({ city: 'Rome', age: 31, tags: [8] }) });
    expect(
      await all(store.pages(people, { where: { city: 'Bern' }, order: { by: 'age' } })),
    ).toEqual([]);
    expect(idsOf(await all(store.pages(people, { order: { by: 'age', from: 31 } })))).toEqual([
      'ada',
    ]);
    expect(await all(store.pages(people, { containsAny: { field: 'tags', values: [7] } }))).toEqual(
      [],
    );
    expect(
      idsOf(await all(store.pages(people, { containsAny: { field: 'tags', values: [8] } }))),
    ).toEqual(['ada']);
  });

  it('forgets a deleted document everywhere', async () => {
    await fill(store, { ada: person({ tags: [7] }) });
    await write(store, (tx) => {
      tx.delete(people, 'ada');
      tx.delete(people, 'nobody');
    });
    expect(await store.get(people, ['ada'])).toEqual([undefined]);
    expect(await all(store.pages(people, {}))).toEqual([]);
    expect(await all(store.pages(people, { containsAny: { field: 'tags', values: [7] } }))).toEqual(
      [],
    );
  });

  it('refuses to create a document that exists, and writes nothing of that transaction', async () => {
    await fill(store, { ada: person({ age: 1 }) });
    const twice = write(store, (tx) => {
      tx.set(people, 'bob', person());
      tx.create(people, 'ada', person({ age: 2 }));
    });
    await expect(twice).rejects.toMatchObject({ name: 'StoreFault', code: 'refused' });
    const [ada, bob] = await store.get(people, ['ada', 'bob']);
    expect(ada?.age).toBe(1);
    expect(bob).toBeUndefined();
  });

  it('refuses a document over 1 MiB', async () => {
    const large = write(store, (tx) => {
      tx.set(people, 'large', person({ photo: new Uint8Array(1 << 20) }));
    });
    await expect(large).rejects.toBeInstanceOf(StoreFault);
  });

  // An entry of an array index counts the id of its document: with a long one, few entries weigh much.
  const long = (n: number): string => String(n).padStart(1400, 'x');
  const tagged = (from: number, count: number) =>
    person({ tags: Array.from({ length: count }, (_, n) => from + n) });

  it('refuses a transaction of over 10 MiB, index entries included, and writes nothing of it', async () => {
    const heavy = write(store, (tx) => {
      for (let n = 0; n < 15; n++) tx.create(people, long(n), tagged(n * 500, 500));
    });
    await expect(heavy).rejects.toMatchObject({ code: 'refused' });
    expect(await all(store.pages(people, {}))).toEqual([]);
  });

  it('refuses a document of over 40,000 index entries', async () => {
    const heavy = write(store, (tx) => {
      tx.set(people, 'p', tagged(0, 40_001));
    });
    await expect(heavy).rejects.toMatchObject({ code: 'refused' });
  });

  it('refuses a transaction of 501 writes and takes one of 500', async () => {
    const writes = async (count: number): Promise<void> => {
      await write(store, (tx) => {
        for (let n = 0; n < count; n++) tx.set(counters, String(n), { n, m: 0 });
      });
    };
    await expect(writes(501)).rejects.toMatchObject({ code: 'refused' });
    expect(await all(store.pages(counters, {}))).toEqual([]);
    await writes(500);
    expect(await all(store.pages(counters, {}))).toHaveLength(500);
  });

  it('refuses a read after a write', async () => {
    const late = store.transact(async (tx) => {
      tx.set(counters, 'c', { n: 0, m: 0 });
      return await tx.get(counters, ['c']);
    });
    await expect(late).rejects.toMatchObject({ code: 'refused' });
  });
}
