import { type FirestoreStandIn, startFirestoreStandIn } from './start-firestore.ts';
import { arrived } from './testing/arrived.ts';
import { type Calls, int, openCalls } from './testing/open-calls.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const ABORTED = { code: 10 };
const ALREADY_EXISTS = { code: 6 };

let standIn: FirestoreStandIn;
let calls: Calls;

const put = (id: string, n: number): object => ({
  update: { name: calls.name(id), fields: { n: int(n) } },
});
const create = (id: string, n: number): object => ({
  ...put(id, n),
  currentDocument: { exists: false },
});
const remove = (id: string): object => ({ delete: calls.name(id) });
const from = [{ collectionId: 'c' }];
const where = (op: string, n: number): object => ({
  fieldFilter: { field: { fieldPath: 'n' }, op, value: int(n) },
});
const numberIn = async (id: string): Promise<unknown> =>
  (await calls.read([id]))[0]?.found?.fields['n'];
const reading = async (...ids: readonly string[]): Promise<Uint8Array> => {
  const transaction = await calls.begin();
  await calls.read(ids, { transaction });
  return transaction;
};
const searching = async (query: object): Promise<Uint8Array> => {
  const transaction = await calls.begin();
  await calls.query({ from, ...query }, { transaction });
  return transaction;
};

/** The status that a call ends with; 0 if it does what it should. */
const codeOf = async (call: Promise<unknown>): Promise<unknown> =>
  await call.then(
    () => 0,
    (error: unknown) => (error as { code: number }).code,
  );

const open = (lockWaitMs: number): void => {
  beforeEach(async () => {
    standIn = await startFirestoreStandIn({ lockWaitMs });
    calls = openCalls(standIn.address, 'locks');
    await calls.commit([put('a', 1), put('b', 2), put('c', 3)]);
    standIn.faults.clear();
  });
  afterEach(async () => {
    await calls.close();
    await standIn.close();
  });
};

describe('a writer that may not wait', () => {
  open(20);

  it('is aborted when a transaction has read the document, and the transaction commits', async () => {
    const transaction = await reading('a');
    await expect(calls.commit([put('a', 7)])).rejects.toMatchObject(ABORTED);
    await expect(calls.commit([remove('a')])).rejects.toMatchObject(ABORTED);
    expect(await calls.batchWrite([put('a', 7), put('b', 7)])).toEqual([ABORTED.code, 0]);
    await calls.commit([put('a', 8)], transaction);
    expect(await numberIn('a')).toMatchObject(int(8));
  });

  it('is aborted when a transaction has found the document missing', async () => {
    const transaction = await reading('new');
    await expect(calls.commit([create('new', 7)])).rejects.toMatchObject(ABORTED);
    await calls.commit([create('new', 8)], transaction);
    expect(await numberIn('new')).toMatchObject(int(8));
  });

  it('goes ahead when the document was read outside transactions, or in a read-only one', async () => {
    const transaction = await calls.begin({ readOnly: {} });
    await calls.read(['a'], { transaction });
    await calls.read(['a']);
    await calls.commit([put('a', 7)]);
    expect(await numberIn('a')).toMatchObject(int(7));
    const [seen] = await calls.read(['a'], { transaction });
    expect(seen?.found?.fields['n']).toMatchObject(int(1));
  });

  it('goes ahead when it would change nothing', async () => {
    await reading('a', 'new');
    await calls.commit([put('a', 1), remove('new')]);
    expect(standIn.documents()).toBe(3);
  });

  it.each([
    ['creates a document that a query would find', (): object => put('new', 2)],
    ['changes a document so that a query would find it', (): object => put('a', 2)],
    ['changes a document that a query has found', (): object => put('b', 9)],
    ['deletes a document that a query has found', (): object => remove('b')],
  ])('is aborted when it %s', async (_, write) => {
    await searching({ where: where('EQUAL', 2) });
    await expect(calls.commit([write()])).rejects.toMatchObject(ABORTED);
    await calls.commit([put('other', 3), put('a', 4), remove('c')]);
    expect(await numberIn('b')).toMatchObject(int(2));
  });

  it('is held up by what a limited query has looked at, and by nothing behind it', async () => {
    await searching({ where: where('GREATER_THAN', 0), limit: { value: 2 } });
    await expect(calls.commit([put('0', 2)])).rejects.toMatchObject(ABORTED);
    await calls.commit([put('c', 4), put('d', 2)]);
    expect(await numberIn('d')).toMatchObject(int(2));
    const backwards = [{ field: { fieldPath: 'n' }, direction: 'DESCENDING' }];
    await searching({ orderBy: backwards, limit: { value: 1 } });
    await expect(calls.commit([put('new', 5)])).rejects.toMatchObject(ABORTED);
    await calls.commit([put('new', 3)]);
  });

  it('is aborted when it would give an array one of the searched elements', async () => {
    const list = (id: string, ...values: readonly number[]): object => ({
      update: {
        name: calls.name(id),
        fields: { l: { arrayValue: { values: values.map(int) } } },
      },
    });
    const any = { arrayValue: { values: [int(1), int(2)] }, valueType: 'arrayValue' };
    const filter = { field: { fieldPath: 'l' }, op: 'ARRAY_CONTAINS_ANY', value: any };
    await searching({ where: { fieldFilter: filter } });
    await expect(calls.commit([list('x', 5, 2)])).rejects.toMatchObject(ABORTED);
    await calls.commit([list('y', 5, 6)]);
    expect(standIn.documents()).toBe(4);
  });
});

describe('a writer that waits', () => {
  open(10_000);

  it('goes ahead when the transaction has committed', async () => {
    const transaction = await reading('a');
    const writing = calls.commit([put('a', 7)]);
    await arrived(standIn, 'Commit', 1);
    await calls.commit([put('a', 8)], transaction);
    await writing;
    expect(await numberIn('a')).toMatchObject(int(7));
  });

  it('goes ahead when the transaction was rolled back', async () => {
    const transaction = await reading('a');
    const writing = calls.commit([put('a', 7)]);
    await arrived(standIn, 'Commit', 1);
    await calls.rollback(transaction);
    await writing;
    expect(await numberIn('a')).toMatchObject(int(7));
  });

  it('looks again at what it wants to change', async () => {
    const transaction = await reading('new');
    const writing = calls.commit([create('new', 7)]);
    const outcome = codeOf(writing);
    await arrived(standIn, 'Commit', 1);
    await calls.commit([create('new', 8)], transaction);
    expect(await outcome).toBe(ALREADY_EXISTS.code);
    expect(await numberIn('new')).toMatchObject(int(8));
  });

  it('leaves without a trace when its caller goes away', async () => {
    const transaction = await reading('a');
    await expect(calls.commit([put('a', 7)], undefined, 50)).rejects.toMatchObject({ code: 4 });
    await calls.rollback(transaction);
    expect(await numberIn('a')).toMatchObject(int(1));
  });
});

describe('two transactions', () => {
  open(10_000);

  it('that have read what the other writes: the younger is aborted, the elder commits', async () => {
    const elder = await reading('a', 'b');
    const younger = await reading('a', 'b');
    const first = calls.commit([put('a', 8)], elder);
    await arrived(standIn, 'Commit', 1);
    await expect(calls.commit([put('b', 9)], younger)).rejects.toMatchObject(ABORTED);
    await first;
    expect(await numberIn('a')).toMatchObject(int(8));
    expect(await numberIn('b')).toMatchObject(int(2));
  });

  it('the younger of which waits first: the younger is aborted all the same', async () => {
    const elder = await reading('a');
    const younger = await reading('a');
    const outcome = codeOf(calls.commit([put('a', 9)], younger));
    await arrived(standIn, 'Commit', 1);
    await calls.commit([put('a', 8)], elder);
    expect(await outcome).toBe(ABORTED.code);
    expect(await numberIn('a')).toMatchObject(int(8));
  });

  it('that search the same absent value and both create it: one commits', async () => {
    const query = { where: where('EQUAL', 99) };
    const both = [await searching(query), await searching(query)];
    const outcomes = await Promise.allSettled(
      both.map(async (transaction, i) => await calls.commit([create(`n${i}`, 99)], transaction)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: ABORTED });
    expect(standIn.documents()).toBe(4);
  });

  it('one of which is a retry: it is as old as its first try', async () => {
    const first = await calls.begin();
    await calls.rollback(first);
    const rival = await reading('a');
    const retry = await calls.begin({ readWrite: { retryTransaction: first } });
    await calls.read(['a'], { transaction: retry });
    const outcome = codeOf(calls.commit([put('a', 9)], rival));
    await arrived(standIn, 'Commit', 1);
    await calls.commit([put('a', 8)], retry);
    expect(await outcome).toBe(ABORTED.code);
    expect(await numberIn('a')).toMatchObject(int(8));
  });

  it('that touch nothing of each other both commit', async () => {
    const one = await reading('a');
    const two = await reading('b');
    await calls.commit([put('a', 8)], one);
    await calls.commit([put('b', 9)], two);
    expect(await numberIn('b')).toMatchObject(int(9));
  });

  it('in a ring of three are cut at the youngest', async () => {
    const ring = [await reading('a'), await reading('b'), await reading('c')];
    const wanted = ['b', 'c', 'a'];
    const outcomes = await Promise.allSettled(
      ring.map(
        async (transaction, i) => await calls.commit([put(wanted[i] ?? '', 9)], transaction),
      ),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  });
});

describe('a read behind a waiting writer', () => {
  open(10_000);

  /** Someone reads a document, and a writer waits for that. */
  const waitingFor = async (
    id: string,
  ): Promise<{ readonly holder: Uint8Array; readonly writing: Promise<unknown> }> => {
    const holder = await reading(id);
    const writing = calls.commit([put(id, 7)]);
    await arrived(standIn, 'Commit', 1);
    standIn.faults.clear();
    return { holder, writing };
  };

  const numbers = (messages: Awaited<ReturnType<Calls['read']>>): readonly unknown[] =>
    messages.flatMap(({ found, document }) => (found ?? document)?.fields['n'] ?? []);

  it.each([
    ['of its document', 'BatchGetDocuments', { documents: ['a'] }, [7]],
    ['by a query that would have found it before', 'RunQuery', where('EQUAL', 1), []],
    ['by a query that finds it after', 'RunQuery', where('EQUAL', 7), [7]],
  ] as const)('%s waits too, and sees what was written', async (_, method, filter, seen) => {
    const { holder, writing } = await waitingFor('a');
    const transaction = await calls.begin();
    const reading =
      method === 'RunQuery'
        ? calls.query({ from, where: filter }, { transaction })
        : calls.read(['a'], { transaction });
    await arrived(standIn, method, 1);
    await calls.rollback(holder);
    await writing;
    expect(numbers(await reading)).toMatchObject(seen.map(int));
  });

  it('goes ahead in a transaction that is older than the writer', async () => {
    const elder = await calls.begin();
    const { holder, writing } = await waitingFor('a');
    const [found] = await calls.read(['a'], { transaction: elder });
    expect(found?.found?.fields['n']).toMatchObject(int(1));
    await calls.rollback(holder);
    await calls.rollback(elder);
    await writing;
  });

  it('goes ahead outside transactions, and where it reads something else', async () => {
    const { holder, writing } = await waitingFor('a');
    expect(await numberIn('a')).toMatchObject(int(1));
    const younger = await reading('b');
    await calls.query({ from, where: where('EQUAL', 3) }, { transaction: younger });
    await calls.rollback(holder);
    await writing;
  });

  it('is aborted when the older writer waits for the reader itself', async () => {
    const elder = await reading('b');
    const younger = await reading('a');
    const writing = calls.commit([put('a', 7)], elder);
    await arrived(standIn, 'Commit', 1);
    await expect(calls.read(['a'], { transaction: younger })).rejects.toMatchObject(ABORTED);
    await writing;
    expect(await numberIn('a')).toMatchObject(int(7));
  });
});
