import { type FirestoreStandIn, startFirestoreStandIn } from './start-firestore.ts';
import { type Calls, int, openCalls } from './testing/open-calls.ts';
import { AggregateField, openClient } from './testing/open-client.ts';
import { NULL, type Value } from './value.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const INVALID_ARGUMENT = { code: 3 };
const UNIMPLEMENTED = { code: 12 };

let standIn: FirestoreStandIn;
let calls: Calls;

beforeAll(async () => {
  standIn = await startFirestoreStandIn();
  calls = openCalls(standIn.address, 'refusals');
});
afterAll(async () => {
  await calls.close();
  await standIn.close();
});

const DATABASE = 'projects/test/databases/refusals';
const NAME = `${DATABASE}/documents/c/a`;
const put = (v: object, name = NAME): object => ({ update: { name, fields: { v } } });
const array = (...values: readonly object[]): object => ({ arrayValue: { values } });
const map = (fields: object): object => ({ mapValue: { fields } });
const deep = (depth: number): object => (depth === 0 ? NULL : map({ k: deep(depth - 1) }));
const from = [{ collectionId: 'c' }];
const filter = (fieldPath: string, op: string, value: object): object => ({
  from,
  where: { fieldFilter: { field: { fieldPath }, op, value } },
});
const reference = (id: string): Value => ({
  valueType: 'referenceValue',
  referenceValue: `${DATABASE}/documents/${id}`,
});

describe('a write is refused', () => {
  it.each([
    ['an array in an array', put(array(int(1), array(int(2))))],
    ['maps nested more than 20 deep', put(deep(21))],
    ['a value without a type', put({})],
    ['a field reference, which only pipelines know', put({ fieldReferenceValue: 'x' })],
    ['a document of another database', put(NULL, NAME.replace('refusals', 'other'))],
    ['a name without a collection', put(NULL, `${DATABASE}/documents/c`)],
    ['a name with an empty part', put(NULL, `${DATABASE}/documents/c//a/b`)],
    ['the name ..', put(NULL, `${DATABASE}/documents/c/..`)],
    ['something that is no name', put(NULL, 'a')],
    ['a name over 6 KiB', put(NULL, NAME + `/c/${'x'.repeat(1400)}`.repeat(5))],
    ['a mask with a bad path', { ...put(NULL), updateMask: { fieldPaths: ['a..b'] } }],
    [
      'an increment by text',
      {
        ...put(NULL),
        updateTransforms: [{ fieldPath: 'n', increment: { stringValue: '1' } }],
      },
    ],
  ])('with %s', async (_, write) => {
    await expect(calls.commit([write])).rejects.toMatchObject(INVALID_ARGUMENT);
    expect(standIn.documents()).toBe(0);
  });

  it.each([
    ['a transform of its own', { transform: { document: NAME, fieldTransforms: [] } }],
    ['a maximum', { ...put(NULL), updateTransforms: [{ fieldPath: 'n', maximum: int(1) }] }],
  ])('with %s, which the stand-in does not know', async (_, write) => {
    await expect(calls.commit([write])).rejects.toMatchObject(UNIMPLEMENTED);
  });

  it('in a batch that writes a document twice, or more than 500', async () => {
    await expect(calls.batchWrite([put(NULL), put(int(1))])).rejects.toMatchObject(
      INVALID_ARGUMENT,
    );
    const many = Array.from({ length: 501 }, (_, i) => put(NULL, NAME + String(i)));
    await expect(calls.batchWrite(many)).rejects.toMatchObject(INVALID_ARGUMENT);
    expect(standIn.documents()).toBe(0);
  });
});

describe('a read is refused', () => {
  it.each([
    ['of a document of another database', ['x/../../other']],
    ['of a name without an id', ['a/b']],
  ])('%s', async (_, ids) => {
    await expect(calls.read(ids)).rejects.toMatchObject(INVALID_ARGUMENT);
  });

  it('in a transaction that never was', async () => {
    const transaction = Buffer.from('never');
    await expect(calls.read(['a'], { transaction })).rejects.toMatchObject(INVALID_ARGUMENT);
    await expect(calls.query({ from }, { transaction })).rejects.toMatchObject(INVALID_ARGUMENT);
  });
});

describe('a query is refused', () => {
  const orderBy = [{ field: { fieldPath: 'v' }, direction: 'ASCENDING' }];
  const byName = [{ field: { fieldPath: '__name__' }, direction: 'ASCENDING' }];

  it.each([
    ['without a collection', {}],
    ['of two collections', { from: [...from, { collectionId: 'd' }] }],
    ['of a collection with a bad id', { from: [{ collectionId: '__c__' }] }],
    ['for none of no values', filter('v', 'IN', array())],
    ['for any of what is no list', filter('v', 'ARRAY_CONTAINS_ANY', int(1))],
    ['by a name that is no document', filter('__name__', 'EQUAL', int(1))],
    ['by the name of a document elsewhere', filter('__name__', 'LESS_THAN', reference('d/a'))],
    ['by a bad field path', filter('a..b', 'EQUAL', int(1))],
    [
      'with a cursor longer than its order',
      {
        ...{ from, orderBy },
        startAt: { values: [int(1), reference('c/a'), int(2)] },
      },
    ],
    ['with a cursor that is no name', { from, orderBy: byName, endAt: { values: [int(1)] } }],
    ['with a negative limit', { from, limit: { value: -1 } }],
    ['with a negative offset', { from, offset: -1 }],
  ])('%s', async (_, query) => {
    await expect(calls.query(query)).rejects.toMatchObject(INVALID_ARGUMENT);
  });

  it.each([
    ['for what differs', filter('v', 'NOT_EQUAL', int(1))],
    [
      'for what is not null',
      {
        from,
        where: { unaryFilter: { field: { fieldPath: 'v' }, op: 'IS_NOT_NULL' } },
      },
    ],
    [
      'for either of two conditions',
      {
        from,
        where: { compositeFilter: { op: 'OR', filters: [] } },
      },
    ],
    ['of all collections with an id', { from: [{ collectionId: 'c', allDescendants: true }] }],
  ])('%s, which the stand-in does not know', async (_, query) => {
    await expect(calls.query(query)).rejects.toMatchObject(UNIMPLEMENTED);
  });

  it('for a sum or an explanation, which the stand-in does not know', async () => {
    const explainOptions = { analyze: true };
    await expect(calls.query({ from }, { explainOptions })).rejects.toMatchObject(UNIMPLEMENTED);
    const db = openClient(standIn.address, 'refusals');
    const sum = db
      .collection('c')
      .aggregate({ sum: AggregateField.sum('v') })
      .get();
    await expect(sum).rejects.toMatchObject(UNIMPLEMENTED);
    await db.terminate();
  });
});
