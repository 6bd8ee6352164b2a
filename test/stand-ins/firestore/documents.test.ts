import { type FirestoreStandIn, startFirestoreStandIn } from './start-firestore.ts';
import {
  type CollectionReference,
  FieldValue,
  Timestamp,
  openClient,
} from './testing/open-client.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const ALREADY_EXISTS = { code: 6 };
const NOT_FOUND = { code: 5 };
const INVALID_ARGUMENT = { code: 3 };
const FAILED_PRECONDITION = { code: 9 };

let standIn: FirestoreStandIn;
let db: ReturnType<typeof openClient>;
let collections = 0;
const fresh = (): CollectionReference => db.collection(`c${String(++collections)}`);

beforeAll(async () => {
  standIn = await startFirestoreStandIn();
  db = openClient(standIn.address, 'documents');
});
afterAll(async () => {
  await db.terminate();
  await standIn.close();
});

describe('a single document', () => {
  it('is read as it was created', async () => {
    const c = fresh();
    await c.doc('a').create({ x: 1, s: 'hé' });
    const found = await c.doc('a').get();
    expect(found.data()).toEqual({ x: 1, s: 'hé' });
    expect(found.createTime?.isEqual(found.updateTime!)).toBe(true);
  });

  it('is missing before it is created', async () => {
    expect((await fresh().doc('a').get()).exists).toBe(false);
  });

  it('cannot be created twice', async () => {
    const c = fresh();
    await c.doc('a').create({ x: 1 });
    await expect(c.doc('a').create({ x: 2 })).rejects.toMatchObject(ALREADY_EXISTS);
    expect((await c.doc('a').get()).data()).toEqual({ x: 1 });
  });

  it('is replaced by a set, and merged by a set that says so', async () => {
    const c = fresh();
    await c.doc('a').set({ m: { p: 1, q: 2 }, z: 1 });
    await c.doc('a').set({ m: { q: 3 } }, { merge: true });
    expect((await c.doc('a').get()).data()).toEqual({ m: { p: 1, q: 3 }, z: 1 });
    await c.doc('a').set({ y: 1 });
    expect((await c.doc('a').get()).data()).toEqual({ y: 1 });
  });

  it('is updated field by field, to the depth of a path', async () => {
    const c = fresh();
    await c.doc('a').set({ m: { p: 1, q: 2 }, z: 1 });
    await c.doc('a').update({ 'm.p': 7, z: FieldValue.delete() });
    expect((await c.doc('a').get()).data()).toEqual({ m: { p: 7, q: 2 } });
  });

  it('cannot be updated before it is there', async () => {
    await expect(fresh().doc('a').update({ x: 1 })).rejects.toMatchObject(NOT_FOUND);
  });

  it('can be deleted twice, unless it has to be there', async () => {
    const c = fresh();
    await c.doc('a').set({});
    await c.doc('a').delete();
    await c.doc('a').delete();
    expect((await c.doc('a').get()).exists).toBe(false);
    await expect(c.doc('a').delete({ exists: true })).rejects.toMatchObject(NOT_FOUND);
  });

  it('is written only over the version that the writer has seen', async () => {
    const c = fresh();
    const first = await c.doc('a').set({ x: 1 });
    await c.doc('a').update({ x: 2 }, { lastUpdateTime: first.writeTime });
    const stale = { lastUpdateTime: first.writeTime };
    await expect(c.doc('a').update({ x: 3 }, stale)).rejects.toMatchObject(FAILED_PRECONDITION);
    await expect(c.doc('a').delete(stale)).rejects.toMatchObject(FAILED_PRECONDITION);
    await expect(c.doc('b').delete(stale)).rejects.toMatchObject(FAILED_PRECONDITION);
    expect((await c.doc('a').get()).data()).toEqual({ x: 2 });
  });

  it('keeps its update time when a write changes nothing', async () => {
    const c = fresh();
    await c.doc('a').set({ x: 1, m: { y: [1] } });
    const before = await c.doc('a').get();
    await c.doc('a').set({ m: { y: [1] }, x: 1 });
    expect((await c.doc('a').get()).updateTime).toEqual(before.updateTime);
  });

  it('belongs to one database', async () => {
    const c = fresh();
    const other = openClient(standIn.address, 'another');
    await c.doc('a').set({});
    expect((await other.doc(c.doc('a').path).get()).exists).toBe(false);
    await other.terminate();
  });
});

describe('values', () => {
  it('come back as they went, of every type', async () => {
    const c = fresh();
    const bytes = Buffer.from([0, 255, 1]);
    const time = new Timestamp(1_700_000_000, 123_456_000);
    const rest = { n: null, b: true, d: 1.5, f: -0.25, e: [], o: {}, m: { a: [1, { k: 'v' }] } };
    await c.doc('a').set({ ...rest, bytes, time, r: c.doc('z'), nan: NaN });
    const found = (await c.doc('a').get()).data() ?? {};
    expect(found).toMatchObject(rest);
    expect(bytes.equals(found['bytes'] as Buffer)).toBe(true);
    expect(time.isEqual(found['time'] as Timestamp)).toBe(true);
    expect((found['r'] as { path: string }).path).toBe(c.doc('z').path);
    expect(found['nan']).toBeNaN();
  });

  it('keep integers exact to 64 bits', async () => {
    const wide = openClient(standIn.address, 'wide', { useBigInt: true });
    const doc = wide.doc('c/a');
    await doc.set({ most: 2n ** 63n - 1n, least: -(2n ** 63n), odd: 2n ** 53n + 1n });
    expect((await doc.get()).data()).toEqual({
      ...{ most: 2n ** 63n - 1n, least: -(2n ** 63n), odd: 2n ** 53n + 1n },
    });
    await doc.update({ odd: FieldValue.increment(2), most: FieldValue.increment(1) });
    const after = await doc.get();
    expect(after.get('odd')).toBe(2n ** 53n + 3n);
    expect(after.get('most')).toBe(2n ** 63n - 1n);
    await wide.terminate();
  });

  it('keep times to the microsecond', async () => {
    const c = fresh();
    await c.doc('a').set({ m: { t: new Timestamp(1, 123_456_789) }, l: [new Timestamp(1, 1)] });
    const found = await c.doc('a').get();
    expect((found.get('m.t') as Timestamp).nanoseconds).toBe(123_456_000);
    expect((found.get('l') as Timestamp[])[0]?.nanoseconds).toBe(0);
  });

  it('have field names of any kind', async () => {
    const c = fresh();
    await c.doc('a').set({ 'a.b': 1, 'c`d\\': { 'ü x': 2 }, constructor: 3 });
    await c.doc('a').set({ 'c`d\\': { 'ü x': 5 } }, { merge: true });
    expect((await c.doc('a').get()).data()).toEqual({
      ...{ 'a.b': 1, 'c`d\\': { 'ü x': 5 }, constructor: 3 },
    });
  });
});

describe('what the server computes', () => {
  it('sets the time of the commit, the same in all places', async () => {
    const c = fresh();
    const written = await c
      .doc('a')
      .set({ t: FieldValue.serverTimestamp(), n: { u: FieldValue.serverTimestamp() } });
    const found = await c.doc('a').get();
    expect((found.get('t') as Timestamp).toMillis()).toBe(written.writeTime.toMillis());
    expect(found.get('n.u')).toEqual(found.get('t'));
  });

  it('adds to numbers, and starts where there is none', async () => {
    const c = fresh();
    await c.doc('a').set({ n: 1, s: 'text' });
    await c.doc('a').update({
      ...{ n: FieldValue.increment(5), m: FieldValue.increment(2), s: FieldValue.increment(3) },
    });
    await c.doc('a').update({ m: FieldValue.increment(0.5) });
    expect((await c.doc('a').get()).data()).toEqual({ n: 6, m: 2.5, s: 3 });
  });

  it('unites and subtracts arrays by value', async () => {
    const c = fresh();
    await c.doc('a').set({ l: [1, 2, 3] });
    await c.doc('a').update({ l: FieldValue.arrayUnion(3, 4, 4), k: FieldValue.arrayUnion('x') });
    expect((await c.doc('a').get()).data()).toEqual({ l: [1, 2, 3, 4], k: ['x'] });
    await c.doc('a').update({ l: FieldValue.arrayRemove(1, 4) });
    expect((await c.doc('a').get()).get('l')).toEqual([2, 3]);
  });
});

describe('several documents', () => {
  it('are read in one call, the missing ones too', async () => {
    const c = fresh();
    await c.doc('a').set({ x: 1, y: 1 });
    await c.doc('b').set({ x: 2 });
    const found = await db.getAll(c.doc('b'), c.doc('no'), c.doc('a'), { fieldMask: ['x'] });
    expect(found.map((one) => one.data())).toEqual([{ x: 2 }, undefined, { x: 1 }]);
  });

  it('are written all or none', async () => {
    const c = fresh();
    await c.doc('b').set({ x: 0 });
    const batch = db.batch().set(c.doc('a'), { x: 1 }).create(c.doc('b'), { x: 1 });
    await expect(batch.commit()).rejects.toMatchObject(ALREADY_EXISTS);
    expect((await c.doc('a').get()).exists).toBe(false);
  });

  it('may be written twice in one batch, in the order of the batch', async () => {
    const c = fresh();
    await db.batch().set(c.doc('a'), { x: 1 }).update(c.doc('a'), { y: 2 }).commit();
    expect((await c.doc('a').get()).data()).toEqual({ x: 1, y: 2 });
  });

  it('come 500 to a batch, and no more', async () => {
    const c = fresh();
    const batch = db.batch();
    for (let i = 0; i < 500; i++) batch.set(c.doc(String(i)), { i });
    expect(await batch.commit()).toHaveLength(500);
    const tooMany = db.batch();
    for (let i = 0; i < 501; i++) tooMany.delete(c.doc(String(i)));
    await expect(tooMany.commit()).rejects.toMatchObject(INVALID_ARGUMENT);
    expect((await c.count().get()).data().count).toBe(500);
  });

  it('fail one by one when written in bulk', async () => {
    const c = fresh();
    await c.doc('1').set({});
    const writer = db.bulkWriter();
    writer.onWriteError(() => false);
    const outcomes = Promise.allSettled(
      [0, 1, 2].map(async (i) => await writer.create(c.doc(String(i)), { i })),
    );
    await writer.close();
    expect(await outcomes).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: ALREADY_EXISTS },
      { status: 'fulfilled' },
    ]);
  });

  it('are listed with the parents that exist by name only', async () => {
    const c = fresh();
    await c.doc('a').set({});
    await c.doc('m').collection('s').doc('1').set({});
    expect((await c.listDocuments()).map(({ id }) => id)).toEqual(['a', 'm']);
    expect((await c.doc('m').listCollections()).map(({ id }) => id)).toEqual(['s']);
  });
});

describe('what is refused', () => {
  const OVERHEAD = 'c'.length + 1 + 'a'.length + 1 + 16 + 'b'.length + 1 + 32;

  it('is a document over 1 MiB by the rules of storage size, to the byte', async () => {
    const doc = openClient(standIn.address, 'large');
    const rest = 1000;
    const most = 1_048_576 - OVERHEAD - 'd'.length - 1 - rest;
    const d = Buffer.alloc(rest);
    await doc.doc('c/a').set({ b: Buffer.alloc(most), d });
    const tooLarge = doc.doc('c/a').set({ b: Buffer.alloc(most + 1), d });
    await expect(tooLarge).rejects.toMatchObject(INVALID_ARGUMENT);
    await doc.terminate();
  });

  it('is a value over 1,048,487 bytes, though the document would be small enough', async () => {
    const c = fresh();
    await c.doc('a').set({ b: Buffer.alloc(1_048_487) });
    const tooLarge = c.doc('a').set({ b: Buffer.alloc(1_048_488) });
    await expect(tooLarge).rejects.toMatchObject(INVALID_ARGUMENT);
  });

  it('is a request over 11 MiB', async () => {
    const c = fresh();
    const batch = db.batch();
    for (let i = 0; i < 12; i++) batch.set(c.doc(String(i)), { b: Buffer.alloc(1_000_000) });
    await expect(batch.commit()).rejects.toMatchObject(INVALID_ARGUMENT);
  });

  it.each([
    ['kept for the server', '__reserved__'],
    ['over 1500 bytes', 'x'.repeat(1501)],
  ])('is a document id %s', async (_, id) => {
    await expect(fresh().doc(id).set({})).rejects.toMatchObject(INVALID_ARGUMENT);
  });

  it('is a field name that the server keeps for itself', async () => {
    await expect(
      fresh()
        .doc('a')
        .set({ m: { __x__: 1 } }),
    ).rejects.toMatchObject(INVALID_ARGUMENT);
  });

  it('is an increment that makes the document of a failed batch', async () => {
    const c = fresh();
    const batch = db.batch().set(c.doc('a'), { n: FieldValue.increment(1) });
    batch.update(c.doc('b'), { n: FieldValue.increment(1) });
    await expect(batch.commit()).rejects.toMatchObject(NOT_FOUND);
    expect((await c.doc('a').get()).exists).toBe(false);
  });
});
