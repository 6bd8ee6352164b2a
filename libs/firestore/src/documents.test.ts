import { machine } from '../../../test/support/machine.ts';
import {
  type Collection,
  type DocumentStore,
  MAX_TRANSACTION_BYTES,
  bool,
  bytes,
  collection,
  int,
  ints,
  json,
  optional,
  text,
  texts,
  view,
  writtenBytes,
} from '@keyserver/docstore';
import fc from 'fast-check';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { firestoreIndexes, openFirestoreStore } from './index.ts';

const things = collection({
  name: 'things',
  fields: {
    count: int(),
    name: text(),
    flag: bool(),
    blob: bytes(),
    hashes: ints(),
    tags: texts(),
    note: optional(text()),
    shape: optional(json((stored) => stored)),
    expireAt: int(),
  },
  indexes: [['name'], ['expireAt'], ['flag', 'count']],
  arrayIndex: 'hashes',
  expiry: 'expireAt',
});
type Thing = ReturnType<typeof things.codec.decode>;

const thing = (of: Partial<Thing> = {}): Thing => ({
  ...{ count: 1, name: 'a', flag: true, blob: new Uint8Array(0), hashes: [], tags: [] },
  expireAt: 4_102_444_800_000,
  ...of,
});

let standIn: FirestoreStandIn;
let store: DocumentStore;
beforeAll(async () => {
  standIn = await startFirestoreStandIn({ indexes: firestoreIndexes([things.layout]) });
});
afterAll(async () => {
  await standIn.close();
});
beforeEach(async () => {
  store = await openFirestoreStore({
    ...machine,
    projectId: 'test',
    emulatorHost: standIn.address,
  });
  await store.deleteAll(things, {});
  standIn.faults.clear();
});
afterEach(async () => {
  await store.close();
});

async function put<D>(into: Collection<D>, id: string, value: D): Promise<void> {
  await store.transact(async (tx) => {
    tx.set(into, id, value);
    await Promise.resolve();
  });
}

async function idsOf(
  query: Parameters<typeof store.pages<Thing>>[1],
  size = 500,
): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of store.pages(things, query, size)) ids.push(...page.map(({ id }) => id));
  return ids;
}

describe('a document in Firestore', () => {
  it('comes back as it was written, whatever its fields hold', async () => {
    const documents = fc.record(
      {
        count: fc.maxSafeInteger(),
        name: fc.string({ unit: 'grapheme' }),
        flag: fc.boolean(),
        blob: fc.uint8Array({ maxLength: 3000 }),
        hashes: fc.array(fc.integer({ min: 0, max: 2 ** 48 - 1 })),
        tags: fc.array(fc.string()),
        note: fc.string(),
        shape: fc.jsonValue(),
        expireAt: fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }),
      },
      { requiredKeys: ['count', 'name', 'flag', 'blob', 'hashes', 'tags', 'expireAt'] },
    );
    await fc.assert(
      fc.asyncProperty(documents, async (of) => {
        const shape =
          of.shape === undefined ? {} : { shape: JSON.parse(JSON.stringify(of.shape)) as never };
        const given = { ...of, ...shape } as Thing;
        await put(things, 'one', given);
        const [found] = await store.get(things, ['one']);
        expect(found).toEqual({ ...given, blob: Buffer.from(given.blob) });
      }),
      { numRuns: 20 },
    );
  });

  it('keeps its expiry to the millisecond, and is found by it', async () => {
    await put(things, 'early', thing({ expireAt: 1_620_000_000_123 }));
    await put(things, 'late', thing({ expireAt: 1_620_000_000_124 }));
    expect(await idsOf({ where: { expireAt: 1_620_000_000_123 } })).toEqual(['early']);
    expect(await idsOf({ order: { by: 'expireAt', from: 1_620_000_000_124 } })).toEqual(['late']);
    expect(await idsOf({ order: { by: 'expireAt' } }, 1)).toEqual(['early', 'late']);
  });

  it.each([
    ['a fraction', { count: 1.5 }, 'count is not a valid int'],
    ['a number too large', { count: 2 ** 53 }, 'count is not a valid int'],
    ['a number for text', { name: 1 as never }, 'name is not a valid text'],
    ['text for a bool', { flag: 'yes' as never }, 'flag is not a valid bool'],
    ['text for bytes', { blob: 'AAAA' as never }, 'blob is not a valid bytes'],
    ['an item over 48 bits', { hashes: [2 ** 48] }, 'hashes is not a valid ints'],
    ['text for a list', { tags: 'x' as never }, 'tags is not a valid texts'],
    [
      'a time after the year 9999',
      { expireAt: 253_402_300_800_000 },
      'expireAt is not a valid int',
    ],
    ['a missing field', { count: undefined as never }, 'count is not a valid int'],
  ])('is not written with %s', async (_name, wrong, message) => {
    await expect(put(things, 'one', thing(wrong))).rejects.toThrow(message);
    expect(standIn.faults.calls('Commit')).toBe(0);
  });

  it('is not written from some of its fields', async () => {
    const part = view(things, ['count']);
    await expect(put(part, 'one', { count: 1 })).rejects.toThrow(TypeError);
  });

  it.each([
    ['lacks a field', { other: int() }, { other: 1 }, 'stored document lacks count'],
    ['has another type', { count: text() }, { count: 'XXXX' }, 'count is not a valid int'],
    ['has an array of texts', { count: texts() }, { count: ['XXXX'] }, 'count is not a valid int'],
  ] as const)('that %s is a fault which shows nothing of it', async (_name, fields, value, why) => {
    const written = collection({ name: 'odd', fields: { ...fields } }) as Collection<object>;
    await put(written, 'one', value);
    const read = collection({ name: 'odd', fields: { count: int() } });
    const fault = await store.get(read, ['one']).catch((error: unknown) => error);
    expect(fault).toMatchObject({
      message: `a stored document of odd cannot be read: ${why}`,
    });
    expect(String(fault)).not.toContain('XXXX');
  });

  it('with an array of another type fits no list', async () => {
    const written = collection({ name: 'odd', fields: { list: texts() } });
    await put(written, 'one', { list: ['1'] });
    const read = collection({ name: 'odd', fields: { list: ints() } });
    await expect(store.get(read, ['one'])).rejects.toThrow('list is not a valid ints');
  });

  it('with JSON that its parser refuses is a fault which shows nothing of it', async () => {
    const refusing = (): never => {
      throw new Error('XXXX');
    };
    const written = collection({ name: 'odd', fields: { j: json((stored) => stored) } });
    await put(written, 'one', { j: 'XXXX' });
    const read = collection({ name: 'odd', fields: { j: json(refusing) } });
    const fault = await store.get(read, ['one']).catch((error: unknown) => error);
    expect(fault).toMatchObject({
      message: 'a stored document of odd cannot be read: j is not a valid json',
    });
  });
});

describe('a limit of Firestore', () => {
  const refused = { name: 'StoreFault', code: 'refused' };
  // 16 for the name, 32 for the document, and for each text its bytes and one.
  const largest = (1 << 20) - 16 - 32 - 'things '.length - 'one '.length - restOf();

  function restOf(): number {
    const sizes = { count: 8, name: 2, flag: 1, blob: 0, hashes: 0, tags: 0, expireAt: 8 };
    return Object.entries(sizes).reduce((sum, [name, size]) => sum + name.length + 1 + size, 0);
  }

  it('is 1 MiB for a document, to the byte', async () => {
    await put(things, 'one', thing({ blob: new Uint8Array(largest) }));
    standIn.faults.clear();
    const over = put(things, 'one', thing({ blob: new Uint8Array(largest + 1) }));
    await expect(over).rejects.toMatchObject(refused);
    expect(standIn.faults.calls('Commit')).toBe(0);
  });

  it('is 10 MiB for what a transaction writes, index entries included, to the byte', async () => {
    const tagged = (n: number): Thing =>
      thing({ hashes: Array.from({ length: 500 }, (_, m) => n * 500 + m) });
    // Few entries fill a transaction where each counts a long id.
    const id = (n: number): string => String(n).padStart(1400, 'x');
    const each = writtenBytes(things, id(10), tagged(10));
    const count = Math.floor(MAX_TRANSACTION_BYTES / each);
    const rest = MAX_TRANSACTION_BYTES - count * each - writtenBytes(things, '99', thing());
    const fill = async (blob: number): Promise<void> => {
      await store.transact(async (tx) => {
        for (let n = 10; n < 10 + count; n++) tx.set(things, id(n), tagged(n));
        tx.set(things, '99', thing({ blob: new Uint8Array(blob) }));
        await Promise.resolve();
      });
    };
    await expect(fill(rest + 1)).rejects.toMatchObject(refused);
    expect(standIn.faults.calls('Commit')).toBe(0);
    await fill(rest);
    expect(await idsOf({})).toHaveLength(count + 1);
  });

  it('is 40,000 for the index entries of a document', async () => {
    const many = (count: number): Thing =>
      thing({ hashes: Array.from({ length: count }, (_, n) => n) });
    // Three indexes of other fields list the document once each.
    await put(things, 'one', many(39_997));
    standIn.faults.clear();
    await expect(put(things, 'one', many(39_998))).rejects.toMatchObject(refused);
    expect(standIn.faults.calls('Commit')).toBe(0);
  });

  it('is 1,500 bytes for an indexed text', async () => {
    await put(things, 'one', thing({ name: 'x'.repeat(1499) }));
    const long = put(things, 'one', thing({ name: 'x'.repeat(1501) }));
    await expect(long).rejects.toMatchObject(refused);
    await put(things, 'one', thing({ note: 'x'.repeat(1501) }));
    expect((await store.get(things, ['one']))[0]?.note).toHaveLength(1501);
  });

  it('is 10 MiB for a transaction', async () => {
    const many = store.transact(async (tx) => {
      for (let n = 0; n < 12; n++)
        tx.set(things, String(n), thing({ blob: new Uint8Array(1_000_000) }));
      await Promise.resolve();
    });
    await expect(many).rejects.toMatchObject(refused);
    expect(standIn.faults.calls('Commit')).toBe(0);
  });

  const impossible = ['', '.', '..', 'a/b', '__x__', '__\n__', '\ud800', 'x'.repeat(1501)];

  it.each(impossible)('is no document with the id %j', async (id) => {
    await expect(put(things, id, thing())).rejects.toMatchObject(refused);
    expect(await store.get(things, [id])).toEqual([undefined]);
    await expect(idsOf({ after: { id } })).rejects.toMatchObject(refused);
  });

  it('leaves every other id as it is', async () => {
    const ids = ['a b', 'ü', '__x', '%2F', '#', '😀', '..x'];
    for (const id of ids) await put(things, id, thing({ name: id }));
    const found = await store.get(things, [...ids, 'nobody', 'ü']);
    expect(found.map((one) => one?.name)).toEqual([...ids, undefined, 'ü']);
    expect((await idsOf({})).sort()).toEqual([...ids].sort());
  });
});

describe('a page', () => {
  it('ends early when its documents are large, and nothing is missed', async () => {
    for (let n = 10; n < 30; n++)
      await put(things, String(n), thing({ blob: new Uint8Array(1_000_000) }));
    const sizes: number[] = [];
    const ids: string[] = [];
    for await (const page of store.pages(things, {})) {
      sizes.push(page.length);
      ids.push(...page.map(({ id }) => id));
    }
    expect(ids).toEqual(Array.from({ length: 20 }, (_, n) => String(n + 10)));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(9);
  });

  it('follows another without the ordering field among those that are wanted', async () => {
    for (const count of [3, 1, 2]) await put(things, `c${String(count)}`, thing({ count }));
    const ids: string[] = [];
    const query = { where: { flag: true }, order: { by: 'count' } };
    for await (const page of store.pages(view(things, ['name']), query as never, 1))
      ids.push(...page.map(({ id }) => id));
    expect(ids).toEqual(['c1', 'c2', 'c3']);
  });

  it.each([[{ limit: 0 }], [{ containsAny: { field: 'hashes', values: [] } }]] as const)(
    'of %j is empty without a question',
    async (query) => {
      await put(things, 'one', thing());
      expect(await idsOf(query as never)).toEqual([]);
      expect(standIn.faults.calls('RunQuery')).toBe(0);
    },
  );

  it('refuses a value that its field cannot have', async () => {
    await expect(idsOf({ where: { name: 5 } })).rejects.toThrow('things.name');
  });
});

describe('many documents at once', () => {
  it('are read in several calls and given in the order asked for', async () => {
    for (const id of ['x', 'y']) await put(things, id, thing({ name: id }));
    standIn.faults.clear();
    const ids = ['y', ...Array.from({ length: 650 }, (_, n) => `none${String(n)}`), 'x', 'y'];
    const found = await store.get(things, ids);
    expect(found.map((one) => one?.name ?? '').join('')).toBe('yxy');
    expect(found).toHaveLength(ids.length);
    expect(standIn.faults.calls('BatchGetDocuments')).toBe(3);
  });

  it('may be asked for by more callers than one connection carries', async () => {
    await put(things, 'x', thing({ name: 'x' }));
    const all = await Promise.all(
      Array.from({ length: 250 }, async () => (await store.get(things, ['x']))[0]?.name),
    );
    expect(all.join('')).toBe('x'.repeat(250));
  });
});
