import type { FirestoreIndexes } from './index-rules.ts';
import { type FirestoreStandIn, startFirestoreStandIn } from './start-firestore.ts';
import { type Calls, int, openCalls } from './testing/open-calls.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const TOO_BIG = { code: 3, message: expect.stringContaining('Transaction too big') as string };

/** Numbers in "tags" are searched, "n" alone and with "m" is ordered by; everything else is exempt. */
const INDEXES: FirestoreIndexes = {
  indexes: [
    { collection: 'c', fields: ['n', 'm'].map((field) => ({ field, order: 'ASCENDING' })) },
  ],
  fields: [
    { collection: 'c', field: '*', indexes: [] },
    { collection: 'c', field: 'n', indexes: [{ order: 'ASCENDING' }] },
    { collection: 'c', field: 'tags', indexes: [{ arrayConfig: 'CONTAINS' }] },
  ],
};

let standIn: FirestoreStandIn;
let calls: Calls;

beforeEach(async () => {
  standIn = await startFirestoreStandIn({ indexes: INDEXES });
  calls = openCalls(standIn.address, 'sizes');
});
afterEach(async () => {
  await calls.close();
  await standIn.close();
});

/** Ids so long that few index entries, each of which counts them, fill a transaction. */
const ID = 1400;
const named = (id: string): string => calls.name(id.padStart(ID, 'x'));
const put = (id: string, fields: object): object => ({ update: { name: named(id), fields } });
const remove = (id: string): object => ({ delete: named(id) });
const tags = (from: number, count: number): object => ({
  tags: { arrayValue: { values: Array.from({ length: count }, (_, n) => int(from + n)) } },
});
const blob = (bytes: number): object => ({ b: { bytesValue: Buffer.alloc(bytes) } });

// By the page of storage sizes: the name of a document is 2 bytes for "c", those of its id and one more, and 16; that of its
// parent, the root, is 16.
const NAME = 2 + ID + 1 + 16;
const TAGS = 500;
const TAG_ENTRY = NAME + 16 + 'tags '.length + 8 + 32;
const TAGGED = NAME + 32 + 'tags '.length;
const MOST = 10_485_760;

/** Documents whose tags and entries fill a transaction but for less than one more tag. */
function filling(): { readonly writes: object[]; readonly left: number } {
  const each = TAGGED + TAGS * (TAG_ENTRY + 8);
  const count = Math.floor(MOST / each);
  const writes = Array.from({ length: count }, (_, n) => put(String(n + 10), tags(n * TAGS, TAGS)));
  return { writes, left: MOST - count * each };
}

describe('a commit', () => {
  it('takes 10 MiB of documents and index entries, to the byte', async () => {
    const { writes, left } = filling();
    const rest = left - NAME - 32 - 'b '.length;
    await expect(calls.commit([...writes, put('zz', blob(rest + 1))])).rejects.toMatchObject(
      TOO_BIG,
    );
    expect(standIn.documents()).toBe(0);
    await calls.commit([...writes, put('zz', blob(rest))]);
    expect(standIn.documents()).toBe(writes.length + 1);
  });

  it('counts deleted documents with the entries that go with them', async () => {
    const { writes } = filling();
    await calls.commit(writes);
    await calls.commit([put('zz', tags(0, TAGS))]);
    const all = [...writes.keys()].map((n) => remove(String(n + 10)));
    await expect(calls.commit([...all, remove('zz')])).rejects.toMatchObject(TOO_BIG);
    await calls.commit(all);
    await calls.commit([remove('zz')]);
    expect(standIn.documents()).toBe(0);
  });

  it('counts of a document that is replaced the entries that go and those that come', async () => {
    const { writes } = filling();
    await calls.commit(writes);
    const same = writes.slice();
    await calls.commit(same);
    const others = writes.map((_, n) => put(String(n + 10), tags(1_000_000 + n * TAGS, TAGS)));
    await expect(calls.commit(others)).rejects.toMatchObject(TOO_BIG);
    await calls.commit(others.slice(0, Math.floor(others.length / 2)));
  });

  it('counts a composite entry by its values, and one of a single field by its name too', async () => {
    const { writes, left } = filling();
    const numbered = { n: int(1), m: int(2) };
    const entries = 2 * (NAME + 16 + 32) + 'n '.length + 8 + 8 + 8;
    const fields = NAME + 32 + 2 * (2 + 8) + 'b '.length;
    const rest = left - entries - fields;
    const one = (bytes: number): object => put('zz', { ...numbered, ...blob(bytes) });
    await expect(calls.commit([...writes, one(rest + 1)])).rejects.toMatchObject(TOO_BIG);
    await calls.commit([...writes, one(rest)]);
  });
});

describe('a document', () => {
  const short = (fields: object): object => ({ update: { name: calls.name('a'), fields } });
  const tooMany = { code: 3, message: expect.stringContaining('index entries') as string };

  it('has 40,000 index entries at most', async () => {
    await expect(calls.commit([short(tags(0, 40_001))])).rejects.toMatchObject(tooMany);
    await calls.commit([short(tags(0, 40_000))]);
  });

  it('has 8 MiB of index entries at most', async () => {
    const most = Math.floor((8 << 20) / TAG_ENTRY);
    await expect(calls.commit([put('a', tags(0, most + 1))])).rejects.toMatchObject(tooMany);
    await calls.commit([put('a', tags(0, most))]);
  });

  it('has one entry for numbers that are the same', async () => {
    const values = Array.from({ length: 50_000 }, () => int(7));
    await calls.commit([short({ tags: { arrayValue: { values } } })]);
    expect(standIn.documents()).toBe(1);
  });
});
