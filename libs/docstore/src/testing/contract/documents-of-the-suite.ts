import {
  type DocumentStore,
  type Found,
  type Transaction,
  bool,
  bytes,
  collection,
  int,
  ints,
  json,
  optional,
  text,
} from '../../index.ts';

/** Documents with an index of each kind, an array index and an expiry. */
export const people = collection({
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

/** Documents in the order of a text. */
export const places = collection({ name: 'places', fields: { name: text() }, indexes: [['name']] });

/** Documents that a job deletes, by an index on their expiry, and a store by itself only a day later. */
export const passing = collection({
  name: 'passing',
  fields: { expireAt: int() },
  indexes: [['expireAt']],
  expiry: 'expireAt',
  grace: 86_400_000,
});

/** Documents without an index. */
export const counters = collection({ name: 'counters', fields: { n: int(), m: int() } });

/** A document of `people`. */
type Person = ReturnType<typeof people.codec.decode>;

const NEVER = 4_102_444_800_000;

/** A person, of whom a test states only what matters to it. */
export const person = (overrides: Partial<Person> = {}): Person => ({
  city: 'Bern',
  age: 30,
  active: true,
  photo: Uint8Array.of(1, 2, 3),
  tags: [],
  expireAt: NEVER,
  ...overrides,
});

/** All documents of some pages. */
export async function all<D>(pages: AsyncIterable<readonly Found<D>[]>): Promise<Found<D>[]> {
  const found: Found<D>[] = [];
  for await (const page of pages) found.push(...page);
  return found;
}

/** Their ids, in the same order. */
export const idsOf = (found: readonly Found<unknown>[]): string[] => found.map(({ id }) => id);

/** Stores people by their ids, replacing those that exist; some hundred in a transaction. */
export async function fill(
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

/** A transaction that only writes. */
export const write = async (
  store: DocumentStore,
  decide: (tx: Transaction) => void,
): Promise<void> => {
  await store.transact(async (tx) => {
    decide(tx);
    await Promise.resolve();
  });
};
