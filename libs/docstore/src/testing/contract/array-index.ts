import fc from 'fast-check';
import type { DocumentStore } from '../../index.ts';
import { all, fill, idsOf, people, person } from './documents-of-the-suite.ts';

/** Searches by the values of an indexed array. */
export function arrayIndexContract(current: () => DocumentStore): void {
  let store: DocumentStore;
  beforeEach(() => {
    store = current();
  });

  const find = async (values: readonly number[]): Promise<string[]> =>
    idsOf(await all(store.pages(people, { containsAny: { field: 'tags', values } })));

  it('finds the documents that hold any of the values, each once, by id', async () => {
    await fill(store, {
      a: person({ tags: [1, 2] }),
      b: person({ tags: [2, 3] }),
      c: person({ tags: [4] }),
      d: person(),
    });
    expect(await find([2])).toEqual(['a', 'b']);
    expect(await find([1, 2, 3])).toEqual(['a', 'b']);
    expect(await find([3, 4, 99])).toEqual(['b', 'c']);
    expect(await find([99])).toEqual([]);
    expect(await find([])).toEqual([]);
  });

  it('holds values up to 48 bits', async () => {
    const largest = 2 ** 48 - 1;
    await fill(store, { a: person({ tags: [0, largest] }) });
    expect(await find([largest])).toEqual(['a']);
    expect(await find([0])).toEqual(['a']);
    expect(await find([largest - 2 ** 32])).toEqual([]);
  });

  it('agrees with a plain search of all documents', async () => {
    const tag = fc.integer({ min: 0, max: 30 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.uniqueArray(tag, { maxLength: 5 })), {
          maxLength: 15,
        }),
        fc.uniqueArray(tag, { minLength: 1, maxLength: 5 }),
        async (writes, wanted) => {
          await store.deleteAll(people, {});
          const kept = new Map<string, number[]>();
          for (const [n, tags] of writes) {
            await fill(store, { [`p${String(n)}`]: person({ tags }) });
            kept.set(`p${String(n)}`, tags);
          }
          const expected = [...kept].filter(([, tags]) =>
            tags.some((value) => wanted.includes(value)),
          );
          expect(await find(wanted)).toEqual(expected.map(([id]) => id).sort());
        },
      ),
      { numRuns: 25 },
    );
  });
}
