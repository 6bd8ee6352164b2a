import { type FirestoreStandIn, startFirestoreStandIn } from './start-firestore.ts';
import {
  type CollectionReference,
  FieldPath,
  type Query,
  Timestamp,
  openClient,
} from './testing/open-client.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const INVALID_ARGUMENT = { code: 3 };
const NAME = FieldPath.documentId();

let standIn: FirestoreStandIn;
let db: ReturnType<typeof openClient>;
let twenty: CollectionReference;
let collections = 0;
const fresh = (): CollectionReference => db.collection(`c${String(++collections)}`);
const ids = async (query: Query): Promise<string> =>
  (await query.get()).docs.map(({ id }) => id).join();

/** A collection with one document for each value, in the field "v", under the given ids. */
async function withValues(values: Readonly<Record<string, unknown>>): Promise<CollectionReference> {
  const c = fresh();
  for (const [id, v] of Object.entries(values)) await c.doc(id).set({ v });
  return c;
}

beforeAll(async () => {
  standIn = await startFirestoreStandIn();
  db = openClient(standIn.address, 'queries');
  twenty = fresh();
  const batch = db.batch();
  for (let i = 0; i < 20; i++)
    batch.set(twenty.doc(`d${String(i).padStart(2, '0')}`), {
      ...{ i, g: i % 4, r: ['AT', 'DE', 'IE', 'US'][i % 4] },
      t: i % 3 === 0 ? ['x', 'y'] : ['z'],
    });
  await batch.commit();
});
afterAll(async () => {
  await db.terminate();
  await standIn.close();
});

describe('filters', () => {
  it('by equality find all that are equal', async () => {
    expect(await ids(twenty.where('g', '==', 1))).toBe('d01,d05,d09,d13,d17');
    expect(await ids(twenty.where('g', '==', 1).where('r', '==', 'DE').where('i', '==', 5))).toBe(
      'd05',
    );
    expect(await ids(twenty.where('g', '==', 1).where('g', '==', 2))).toBe('');
  });

  it('by range keep to their bounds', async () => {
    expect(await ids(twenty.where('i', '<', 2))).toBe('d00,d01');
    expect(await ids(twenty.where('i', '<=', 2))).toBe('d00,d01,d02');
    expect(await ids(twenty.where('i', '>', 17))).toBe('d18,d19');
    expect(await ids(twenty.where('i', '>=', 17))).toBe('d17,d18,d19');
    expect(await ids(twenty.where('i', '>', 3).where('i', '<', 6))).toBe('d04,d05');
    expect(await ids(twenty.where('i', '>', 3).where('i', '<', 6).orderBy('i', 'desc'))).toBe(
      'd05,d04',
    );
    expect(await ids(twenty.where('i', '>=', 3).where('i', '<=', 4).orderBy('i', 'desc'))).toBe(
      'd04,d03',
    );
  });

  it('on two ranges hold both', async () => {
    const bounded = twenty.where('g', '>=', 2).where('i', '>=', 6).where('i', '<=', 10);
    expect(await ids(bounded)).toBe('d06,d10,d07');
    expect(await ids(bounded.where('i', '>', 6).where('i', '<', 10))).toBe('d07');
    expect(await ids(twenty.where('i', '<', 9).where('g', '>', 2))).toBe('d03,d07');
    const mixed = twenty.where('i', '<', 3).where('g', '>=', 1).orderBy('g', 'desc').orderBy('i');
    expect(await ids(mixed)).toBe('d02,d01');
  });

  it('by "in" are one query', async () => {
    expect(await ids(twenty.where('r', 'in', ['US', 'AT']).limit(3))).toBe('d00,d03,d04');
    expect(await ids(twenty.where('r', 'in', ['US', 'AT']).orderBy('i', 'desc').limit(3))).toBe(
      'd19,d16,d15',
    );
  });

  it('search arrays, and find a document once', async () => {
    expect(await ids(twenty.where('t', 'array-contains', 'x').limit(2))).toBe('d00,d03');
    const any = twenty.where('t', 'array-contains-any', ['x', 'y', 'no']);
    expect(await ids(any)).toBe('d00,d03,d06,d09,d12,d15,d18');
    expect(await ids(any.where('g', '==', 0))).toBe('d00,d12');
  });

  it('on the name compare ids', async () => {
    expect(await ids(twenty.where(NAME, '>=', 'd18'))).toBe('d18,d19');
    expect(await ids(twenty.where(NAME, '==', 'd07'))).toBe('d07');
    expect(await ids(twenty.where(NAME, 'in', ['d05', 'd02', 'no']))).toBe('d02,d05');
    expect(await ids(twenty.where('g', '==', 1).where(NAME, '<', 'd06'))).toBe('d01,d05');
    expect(await ids(twenty.orderBy('i').where(NAME, '==', 'd07'))).toBe('d07');
  });

  it('find null and not-a-number by name only', async () => {
    const c = await withValues({ a: null, b: NaN, c: 1 });
    expect(await ids(c.where('v', '==', null))).toBe('a');
    expect(await ids(c.where('v', '==', NaN))).toBe('b');
    expect(await ids(c.where('v', '<', 5))).toBe('c');
  });

  it('compare with values of the same type only', async () => {
    const c = await withValues({ a: 5, b: 'x', c: true, d: 1.5 });
    expect(await ids(c.where('v', '>', 1))).toBe('d,a');
    expect(await ids(c.where('v', '>', 1).orderBy('v', 'desc'))).toBe('a,d');
    expect(await ids(c.where('v', '<=', 'z'))).toBe('b');
    expect(await ids(c.orderBy('i').where('v', '>', 1))).toBe('');
  });

  it('on several values refuse more than 30', async () => {
    const many = Array.from({ length: 31 }, (_, i) => i);
    for (const query of [
      { field: 't', op: 'array-contains-any' as const },
      { field: 'i', op: 'in' as const },
    ])
      await expect(twenty.where(query.field, query.op, many).get()).rejects.toMatchObject(
        INVALID_ARGUMENT,
      );
    const product = twenty.where('i', 'in', many.slice(0, 8)).where('g', 'in', [0, 1, 2, 3]);
    await expect(product.get()).rejects.toMatchObject(INVALID_ARGUMENT);
    const two = twenty.where('t', 'array-contains', 'x').where('t', 'array-contains', 'y');
    await expect(two.get()).rejects.toMatchObject(INVALID_ARGUMENT);
  });
});

describe('orders', () => {
  it('go by fields, then by name in the direction of the last field', async () => {
    expect(await ids(twenty.orderBy('i', 'desc').limit(3))).toBe('d19,d18,d17');
    expect(await ids(twenty.orderBy('g').orderBy('i', 'desc').limit(6))).toBe(
      'd16,d12,d08,d04,d00,d17',
    );
    expect(await ids(twenty.orderBy('g').limit(2))).toBe('d00,d04');
    expect(await ids(twenty.orderBy('g', 'desc').limit(2))).toBe('d19,d15');
    expect(await ids(twenty.orderBy('g', 'desc').orderBy(NAME).limit(2))).toBe('d03,d07');
    expect(await ids(twenty.orderBy(NAME, 'desc').limit(2))).toBe('d19,d18');
  });

  it('leave out documents without the field', async () => {
    const c = await withValues({ a: 1 });
    await c.doc('b').set({});
    expect(await ids(c.orderBy('v'))).toBe('a');
  });

  it('rank the types of values', async () => {
    const c = await withValues({
      ...{ n: null, o: true, p: 3, q: Timestamp.now(), r: 'a', s: Buffer.from('a') },
      ...{ t: fresh().doc('x'), u: [1], v: { k: 1 } },
    });
    expect(await ids(c.orderBy('v'))).toBe('n,o,p,q,r,s,t,u,v');
    expect(await ids(c.orderBy('v', 'desc'))).toBe('v,u,t,s,r,q,p,o,n');
  });

  it('compare text by its UTF-8 bytes, and bytes from the first', async () => {
    const texts = await withValues({ a: '\u{1F600}', b: '\uFFFD', c: 'x\0', d: 'x' });
    expect(await ids(texts.orderBy('v'))).toBe('d,c,b,a');
    const bytes = await withValues({ a: Buffer.from([0, 255, 1]), b: Buffer.from([0, 1]) });
    expect(await ids(bytes.orderBy('v'))).toBe('b,a');
    expect(await ids(bytes.where('v', '==', Buffer.from([0, 255, 1])))).toBe('a');
  });
});

describe('cursors, limits and projections', () => {
  it('start and end at values, with or without them', async () => {
    expect(await ids(twenty.orderBy('i').startAfter(3).limit(2))).toBe('d04,d05');
    expect(await ids(twenty.orderBy('i').startAt(3).endBefore(6))).toBe('d03,d04,d05');
    expect(await ids(twenty.orderBy('i', 'desc').startAfter(3).endAt(1))).toBe('d02,d01');
    expect(await ids(twenty.orderBy('i', 'desc').startAt(3).endBefore(1))).toBe('d03,d02');
    expect(await ids(twenty.orderBy('g').orderBy('i').startAfter(1, 9).limit(3))).toBe(
      'd13,d17,d02',
    );
    expect(await ids(twenty.orderBy('g').orderBy('i', 'desc').startAt(1, 9).limit(3))).toBe(
      'd09,d05,d01',
    );
  });

  it('start at a document', async () => {
    expect(await ids(twenty.orderBy(NAME).startAfter('d03').limit(2))).toBe('d04,d05');
    expect(await ids(twenty.orderBy('g').orderBy(NAME).startAfter(0, 'd08').limit(3))).toBe(
      'd12,d16,d01',
    );
    const at = await twenty.doc('d08').get();
    expect(await ids(twenty.orderBy('g').startAfter(at).limit(3))).toBe('d12,d16,d01');
    expect(await ids(twenty.where('g', '==', 0).startAfter(at))).toBe('d12,d16');
  });

  it('page through a range without a gap or a repeat', async () => {
    const pages: string[] = [];
    let query = twenty.where('g', '==', 2).orderBy('i').limit(2);
    for (let page = await query.get(); !page.empty; page = await query.get()) {
      pages.push(page.docs.map(({ id }) => id).join());
      query = query.startAfter(page.docs.at(-1));
    }
    expect(pages).toEqual(['d02,d06', 'd10,d14', 'd18']);
  });

  it('take a number, from the front or the back, or none', async () => {
    expect(await ids(twenty.orderBy('i').limitToLast(2))).toBe('d18,d19');
    expect(await ids(twenty.orderBy('i').offset(5).limit(2))).toBe('d05,d06');
    expect(await ids(twenty.orderBy('i').offset(19).limit(2))).toBe('d19');
    expect(await ids(twenty.limit(0))).toBe('');
  });

  it('answer with the chosen fields, or with names alone', async () => {
    const [some] = (await twenty.where('i', '==', 3).select('i', 'r').get()).docs;
    expect(some?.data()).toEqual({ i: 3, r: 'US' });
    const [none] = (await twenty.where('i', '==', 3).select().get()).docs;
    expect(none?.id).toBe('d03');
    expect(none?.data()).toEqual({});
  });

  it('bound a count', async () => {
    expect((await twenty.where('g', '==', 1).count().get()).data()).toEqual({ count: 5 });
    expect((await twenty.limit(7).count().get()).data()).toEqual({ count: 7 });
  });
});

describe('collections and times', () => {
  it('are searched without what lies below them', async () => {
    const c = await withValues({ a: 1 });
    await c.doc('a').collection('sub').doc('b').set({ v: 1 });
    expect(await ids(c)).toBe('a');
    expect(await ids(c.doc('a').collection('sub'))).toBe('b');
  });

  it('are seen as they were, by a transaction that looks back', async () => {
    const c = await withValues({ a: 1, b: 1 });
    const written = await c.doc('b').set({ v: 2 });
    await c.doc('a').set({ v: 3 });
    await c.doc('b').delete();
    await c.doc('c').set({ v: 4 });
    const seen = await db.runTransaction(
      async (tx) => {
        const found = await tx.get(c.orderBy('v', 'desc'));
        const [b, later] = await tx.getAll(c.doc('b'), c.doc('c'));
        return [...found.docs, b, later].map((one) => one?.get('v') as unknown);
      },
      { readOnly: true, readTime: written.writeTime },
    );
    expect(seen).toEqual([2, 1, 2, undefined]);
    expect(await ids(c.orderBy('v', 'desc'))).toBe('c,a');
  });
});
