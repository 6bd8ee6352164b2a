import fc from 'fast-check';
import {
  type Collection,
  type DocumentStore,
  type Found,
  StoreFault,
  type Transaction,
  bool,
  bytes,
  collection,
  int,
  ints,
  json,
  optional,
  text,
  view,
} from '../index.ts';
import { DAY, HOUR, type UnixMillis, unixMillis } from '@keyserver/time';

/** An engine under test: opens a fresh store, and moves the clock that its store time follows. */
export interface EngineUnderTest {
  open(): Promise<DocumentStore>;
  /** Not given by an engine whose time nobody can move; then nothing that depends on it is tested. */
  advance?(ms: number): void;
  /** What a transaction has read is locked until it ends. Without: it is compared at the commit, and the function runs again. */
  readonly locksReads?: boolean;
}

const people = collection({
  name: 'people',
  fields: {
    city: text(),
    age: int(),
    active: bool(),
    photo: bytes(),
    tags: ints(),
    note: optional(text()),
    extra: optional(json((stored) => stored)),
    expireAt: int(),
  },
  indexes: [['city', 'age'], ['age'], ['active', 'city', 'age']],
  arrayIndex: 'tags',
  expiry: 'expireAt',
});
const places = collection({ name: 'places', fields: { name: text() }, indexes: [['name']] });
const counters = collection({ name: 'counters', fields: { n: int(), m: int() } });

/** The collections of the suite, for an engine that must be told its indexes or starts from a used database. */
export const contractCollections: readonly Collection<unknown>[] = [people, places, counters];

type Person = ReturnType<typeof people.codec.decode>;

/** An engine that locks lets contending writers by one after another. */
const CONTENDED_MS = 120_000;
const NEVER = 4_102_444_800_000;
const person = (overrides: Partial<Person> = {}): Person => ({
  city: 'Bern',
  age: 30,
  active: true,
  photo: Uint8Array.of(1, 2, 3),
  tags: [],
  expireAt: NEVER,
  ...overrides,
});

async function all<D>(pages: AsyncIterable<readonly Found<D>[]>): Promise<Found<D>[]> {
  const found: Found<D>[] = [];
  for await (const page of pages) found.push(...page);
  return found;
}

const idsOf = (found: readonly Found<unknown>[]): string[] => found.map(({ id }) => id);

async function fill(
  store: DocumentStore,
  documents: Readonly<Record<string, Person>>,
): Promise<void> {
  const entries = Object.entries(documents);
  for (let at = 0; at < entries.length; at += 400)
    await store.transact(async (tx) => {
      for (const [id, value] of entries.slice(at, at + 400)) tx.set(people, id, value);
      await Promise.resolve();
    });
}

const write = async (store: DocumentStore, decide: (tx: Transaction) => void): Promise<void> => {
  await store.transact(async (tx) => {
    decide(tx);
    await Promise.resolve();
  });
};

/** The suite that every engine of the document store must pass. */
export function documentStoreContract(name: string, engine: EngineUnderTest): void {
  describe(`document store on ${name}`, () => {
    let store: DocumentStore;
    beforeEach(async () => {
      store = await engine.open();
    });
    afterEach(async () => {
      await store.close();
    });

    describe('documents', () => {
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
        expect(
          await all(store.pages(people, { containsAny: { field: 'tags', values: [7] } })),
        ).toEqual([]);
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
        expect(
          await all(store.pages(people, { containsAny: { field: 'tags', values: [7] } })),
        ).toEqual([]);
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
    });

    describe('queries', () => {
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
          Object.fromEntries(
            stored.map(([id, photo], age) => [id, person({ city: 'X', age, photo })]),
          ),
        );
        const found = await all(
          store.pages(people, { where: { city: 'X' }, order: { by: 'age' } }),
        );
        expect(found.map(({ id, value }) => [id, [...value.photo]])).toEqual(
          stored.map(([id, photo]) => [id, [...photo]]),
        );
      });

      it('gives only the fields of a view', async () => {
        const ages = view(people, ['age', 'photo']);
        const found = await all(store.pages(ages, { order: { by: 'age', until: 31 } }, 2));
        expect(found.map(({ id, value }) => [id, { ...value, photo: [...value.photo] }])).toEqual(
          (['a', 'e', 'b', 'c'] as const).map((id) => [
            id,
            { age: town[id].age, photo: [1, 2, 3] },
          ]),
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
    });

    describe('array index', () => {
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
            fc.array(
              fc.tuple(fc.integer({ min: 0, max: 9 }), fc.uniqueArray(tag, { maxLength: 5 })),
              { maxLength: 15 },
            ),
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
    });

    describe('transactions', () => {
      it('shows nothing of a transaction whose function fails', async () => {
        const failing = store.transact(async (tx) => {
          tx.set(people, 'ada', person());
          return await Promise.reject(new Error('changed my mind'));
        });
        await expect(failing).rejects.toThrow('changed my mind');
        expect(await store.get(people, ['ada'])).toEqual([undefined]);
      });

      if (engine.locksReads === true) lockedReads(() => store);
      else comparedReads(() => store);

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
            Array.from({ length: 60 }, async (_, step) => {
              await transfer(step);
            }),
          );
          const values = (await all(store.pages(counters, {}))).map(({ value }) => value.n);
          expect(values.reduce((sum, n) => sum + n, 0)).toBe(600);
        },
        CONTENDED_MS,
      );
    });

    describe('time', () => {
      const advance = engine.advance?.bind(engine);
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
        [
          'a document with an impossible id',
          async (tx: Transaction) => await tx.get(counters, ['..']),
        ],
        [
          'a query',
          async (tx: Transaction) =>
            await tx.find(people, { where: { city: 'Bern' }, order: { by: 'age' } }),
        ],
        ['an empty query', async (tx: Transaction) => await tx.find(people, { limit: 0 })],
        [
          'many at once',
          async (tx: Transaction) =>
            await Promise.all([
              tx.get(counters, ['w']),
              tx.find(people, {}),
              tx.get(counters, ['v']),
            ]),
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
    });

    describe('deleting by query', () => {
      it('deletes all documents of a query and no others', async () => {
        const many = Object.fromEntries(
          Array.from({ length: 1203 }, (_, n) => [
            `p${String(n)}`,
            person({ city: n % 3 === 0 ? 'Rome' : 'Bern', age: n }),
          ]),
        );
        await fill(store, many);
        expect(
          await store.deleteAll(people, { where: { city: 'Bern' }, order: { by: 'age', from: 0 } }),
        ).toBe(802);
        const left = await all(store.pages(people, {}));
        expect(left).toHaveLength(401);
        expect(left.every(({ value }) => value.city === 'Rome')).toBe(true);
      });

      it('deletes documents that weigh more together than one transaction may change', async () => {
        const tags = (n: number) => Array.from({ length: 500 }, (_, m) => n * 500 + m);
        for (let n = 0; n < 15; n++)
          await fill(store, { [String(n).padStart(1400, 'x')]: person({ tags: tags(n) }) });
        expect(await store.deleteAll(people, {})).toBe(15);
        expect(await all(store.pages(people, {}))).toEqual([]);
      });

      it('deletes at most the limit', async () => {
        await fill(store, { a: person(), b: person(), c: person() });
        expect(await store.deleteAll(people, { limit: 2 })).toBe(2);
        expect(idsOf(await all(store.pages(people, {})))).toEqual(['c']);
      });
    });

    it('answers with a fault after it was closed', async () => {
      const other = await engine.open();
      await other.close();
      await expect(other.get(counters, ['c'])).rejects.toMatchObject({
        name: 'StoreFault',
        code: 'unavailable',
      });
    });
  });
}

/** Transactions of an engine that compares what they read with what is there at the commit. */
function comparedReads(current: () => DocumentStore): void {
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

/** Transactions of an engine that locks what they read. */
function lockedReads(current: () => DocumentStore): void {
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
