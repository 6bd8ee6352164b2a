import type { FirestoreIndexes } from './index-rules.ts';
import { type FirestoreStandIn, startFirestoreStandIn } from './start-firestore.ts';
import { FieldPath, type Query, openClient } from './testing/open-client.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const FAILED_PRECONDITION = { code: 9 };
const INVALID_ARGUMENT = { code: 3 };
const NAME = FieldPath.documentId();

const up = (field: string): { field: string; order: string } => ({ field, order: 'ASCENDING' });
const DECLARED: FirestoreIndexes = {
  indexes: [
    { collection: 'batches', fields: [up('shard'), up('window')] },
    { collection: 'batches', fields: [up('kind'), up('window')] },
    {
      collection: 'batches',
      fields: [{ field: 'tags', arrayConfig: 'CONTAINS' }, up('window')],
    },
    { collection: 'batches', fields: [up('shard'), { field: 'size', order: 'DESCENDING' }] },
  ],
  fields: [
    { collection: 'batches', field: '*', indexes: [] },
    { collection: 'batches', field: 'hashes', indexes: [{ arrayConfig: 'CONTAINS' }] },
    { collection: 'batches', field: 'single', indexes: [{ order: 'ASCENDING' }] },
    { collection: 'free', field: 'records', indexes: [] },
  ],
};

let standIn: FirestoreStandIn;
let db: ReturnType<typeof openClient>;
const batches = (): Query => db.collection('batches');
const free = (): Query => db.collection('free');

beforeAll(async () => {
  standIn = await startFirestoreStandIn({ indexes: DECLARED });
  db = openClient(standIn.address, 'indexes');
  const document = { shard: 1, window: 2, kind: 0, hashes: [7], single: 5, size: 1, tags: ['t'] };
  await db.doc('batches/a').set(document);
  await db.doc('free/a').set(document);
});
afterAll(async () => {
  await db.terminate();
  await standIn.close();
});

const served: readonly (readonly [string, () => Query])[] = [
  ['all documents by name', () => batches()],
  ['a range of names', () => batches().where(NAME, '>', 'A')],
  [
    'the equality and range of an index',
    () => batches().where('shard', '==', 1).where('window', '>', 1),
  ],
  ['the same, read backwards', () => batches().where('shard', '==', 1).orderBy('window', 'desc')],
  ['several values of an equality', () => batches().where('shard', 'in', [1, 2]).orderBy('window')],
  ['an array and a range', () => batches().where('tags', 'array-contains', 't').orderBy('window')],
  [
    'two equalities that two indexes with one order share',
    () => batches().where('shard', '==', 1).where('kind', '==', 0).orderBy('window'),
  ],
  ['equalities on a whole index', () => batches().where('shard', '==', 1).orderBy('size', 'desc')],
  ['an array that is indexed alone', () => batches().where('hashes', 'array-contains-any', [7, 8])],
  ['a field that is indexed alone', () => batches().where('single', '==', 5)],
  [
    'the range of a field that is indexed alone',
    () => batches().where('single', '>', 4).orderBy('single', 'desc'),
  ],
  ['a field that the cloud indexes by itself', () => free().where('size', '>', 0)],
  [
    'equalities that the cloud indexes by itself',
    () => free().where('size', '==', 1).where('kind', '==', 0),
  ],
  ['an order on a field that is held equal', () => free().where('size', '==', 1).orderBy('size')],
];

const refused: readonly (readonly [string, () => Query])[] = [
  ['names from the last to the first', () => batches().orderBy(NAME, 'desc')],
  ['an exempt field', () => batches().where('shard', '==', 1)],
  ['an order by an exempt field', () => batches().orderBy('window')],
  [
    'the two halves of an index the wrong way round',
    () => batches().where('window', '==', 2).where('shard', '>', 0),
  ],
  [
    'mixed directions where the index has one',
    () => batches().where('shard', '==', 1).orderBy('window').orderBy(NAME, 'desc'),
  ],
  ['an order in the wrong direction after another', () => free().orderBy('size').orderBy('kind')],
  [
    'one equality more than an index has',
    () => batches().where('shard', '==', 1).where('single', '==', 5).orderBy('window'),
  ],
  [
    'a search in an array that is indexed as a whole',
    () => batches().where('single', 'array-contains', 5),
  ],
  [
    'a comparison of an array that is indexed by element',
    () => batches().where('hashes', '==', [7]),
  ],
  [
    'an array and an equality that no index has together',
    () => batches().where('hashes', 'array-contains', 7).orderBy('single'),
  ],
  ['a field without its automatic index', () => free().where('records', '==', 1)],
  [
    'an equality with an order that no index has together',
    () => free().where('kind', '==', 0).orderBy('size'),
  ],
];

describe('declared indexes', () => {
  it.each(served)('serve %s', async (_, query) => {
    expect((await query().get()).size).toBe(1);
  });

  it.each(refused)('do not serve %s', async (_, query) => {
    await expect(query().get()).rejects.toMatchObject(FAILED_PRECONDITION);
    await expect(query().count().get()).rejects.toMatchObject(FAILED_PRECONDITION);
  });

  it.each([
    ['a text that is indexed alone', { single: 'x'.repeat(1501) }],
    ['bytes of a composite index', { window: Buffer.alloc(1501) }],
    ['an element of a searched array', { hashes: [1, 'x'.repeat(1501)] }],
  ])('refuse a document with %s over 1500 bytes', async (_, document) => {
    await expect(db.doc('batches/b').set(document)).rejects.toMatchObject(INVALID_ARGUMENT);
  });

  it('refuse a long text within a map that the cloud indexes by itself', async () => {
    const document = { m: { t: 'x'.repeat(1501) } };
    await expect(db.doc('free/b').set(document)).rejects.toMatchObject(INVALID_ARGUMENT);
  });

  it('do not mind long values that are exempt, nor values of just 1500 bytes', async () => {
    const records = { deep: Buffer.alloc(10_000) };
    await db
      .doc('batches/c')
      .set({ records, other: Buffer.alloc(10_000), single: 'x'.repeat(1500) });
    await db.doc('free/c').set({ records });
    expect((await db.doc('batches/c').get()).exists).toBe(true);
  });
});
