import { type FirestoreStandIn, startFirestoreStandIn } from './start-firestore.ts';
import { type Calls, int, openCalls } from './testing/open-calls.ts';
import { openClient } from './testing/open-client.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const START = Date.parse('2021-05-04T10:17:00Z');
const SECOND = 1000;
const INVALID_ARGUMENT = { code: 3 };
const FAILED_PRECONDITION = { code: 9 };
const ABORTED = { code: 10 };
const EXPIRED = {
  ...INVALID_ARGUMENT,
  details: 'The referenced transaction has expired or is no longer valid.',
};

let now = START;
let standIn: FirestoreStandIn;
let calls: Calls;

beforeEach(async () => {
  now = START;
  standIn = await startFirestoreStandIn({ now: () => now, lockWaitMs: 20 });
  calls = openCalls(standIn.address, 'transactions');
});
afterEach(async () => {
  await calls.close();
  await standIn.close();
});

const put = (id: string, n: number): object => ({
  update: { name: calls.name(id), fields: { n: int(n) } },
});
const from = [{ collectionId: 'c' }];
const micros = ({ seconds, nanos }: { seconds: string; nanos: number }): number =>
  Number(seconds) * 1e6 + nanos / 1000;

describe('the time of the store', () => {
  it('is that of its clock', async () => {
    const [missing] = await calls.read(['a']);
    expect(missing?.readTime).toMatchObject({ seconds: String(START / SECOND), nanos: 0 });
  });

  it('rises with every commit, even if the clock stands or goes back', async () => {
    const times: number[] = [];
    for (const clock of [START, START, START - 5 * SECOND, START + SECOND]) {
      now = clock;
      times.push(micros((await calls.commit([put('a', clock)])).commitTime));
    }
    const [seen] = await calls.read(['a']);
    expect(times.toSorted((a, b) => a - b)).toEqual(times);
    expect(new Set(times).size).toBe(times.length);
    expect(times.at(-1)).toBe((START + SECOND) * 1000);
    expect(micros(seen!.readTime!)).toBe(times.at(-1));
  });

  it('puts a commit after the reads that did not see it', async () => {
    const [before] = await calls.read(['a']);
    const { commitTime } = await calls.commit([put('a', 1)]);
    expect(micros(commitTime)).toBeGreaterThan(micros(before!.readTime!));
    const [past] = await calls.read(['a'], { readTime: before!.readTime });
    const [present] = await calls.read(['a'], { readTime: commitTime });
    expect([past?.missing, present?.found?.name]).toEqual([calls.name('a'), calls.name('a')]);
  });

  it('cannot be looked back further than an hour, nor forward', async () => {
    const [before] = await calls.read(['a']);
    now += 3601 * SECOND;
    await expect(calls.read(['a'], { readTime: before!.readTime })).rejects.toMatchObject(
      FAILED_PRECONDITION,
    );
    const readTime = { seconds: String(now / SECOND + 10), nanos: 0 };
    await expect(calls.query({ from }, { readTime })).rejects.toMatchObject(INVALID_ARGUMENT);
  });
});

describe('a transaction', () => {
  it('is begun by its first read, which tells its name and time', async () => {
    const newTransaction = { readWrite: {} };
    const [begun, missing] = await calls.read(['a'], { newTransaction });
    const [queried] = await calls.query({ from: [{ collectionId: 'd' }] }, { newTransaction });
    expect(missing?.missing).toBe(calls.name('a'));
    expect(micros(missing!.readTime!)).toBe(START * 1000);
    expect(begun?.transaction).toHaveProperty('length');
    expect(queried?.transaction).not.toEqual(begun?.transaction);
    await calls.commit([put('a', 1)], begun!.transaction);
    expect(standIn.documents()).toBe(1);
  });

  it('is over when it has committed or was rolled back', async () => {
    const committed = await calls.begin();
    await calls.commit([], committed);
    const rolledBack = await calls.begin();
    await calls.rollback(rolledBack);
    for (const transaction of [committed, rolledBack]) {
      await expect(calls.read(['a'], { transaction })).rejects.toMatchObject(EXPIRED);
      await expect(calls.commit([put('a', 1)], transaction)).rejects.toMatchObject(EXPIRED);
      await expect(calls.rollback(transaction)).rejects.toMatchObject(EXPIRED);
    }
    expect(standIn.documents()).toBe(0);
  });

  it('is over when its commit was refused', async () => {
    const transaction = await calls.begin();
    const write = { ...put('a', 1), currentDocument: { exists: true } };
    await expect(calls.commit([write], transaction)).rejects.toMatchObject({ code: 5 });
    await expect(calls.commit([put('a', 1)], transaction)).rejects.toMatchObject(EXPIRED);
  });

  it('stays aborted when it has lost to another', async () => {
    const [elder, younger] = [await calls.begin(), await calls.begin()];
    for (const transaction of [elder, younger]) await calls.read(['a'], { transaction });
    await expect(calls.commit([put('a', 1)], younger)).rejects.toMatchObject(ABORTED);
    await expect(calls.read(['a'], { transaction: younger })).rejects.toMatchObject(ABORTED);
    await calls.commit([put('a', 2)], elder);
    expect(standIn.documents()).toBe(1);
  });

  it('is ended after 60 s in which it was not used, and holds nobody up', async () => {
    const transaction = await calls.begin();
    await calls.read(['a'], { transaction });
    now += 60 * SECOND;
    await calls.read(['b'], { transaction });
    now += 60 * SECOND + 1;
    await calls.commit([put('a', 1)]);
    await expect(calls.commit([put('b', 1)], transaction)).rejects.toMatchObject(EXPIRED);
  });

  it('is ended 270 s after it began, however busy', async () => {
    const transaction = await calls.begin();
    for (let age = 0; age < 270; age += 54) {
      now += 54 * SECOND;
      await calls.read(['a'], { transaction });
    }
    now += 1;
    await expect(calls.query({ from }, { transaction })).rejects.toMatchObject(EXPIRED);
    await expect(calls.commit([put('a', 1)], transaction)).rejects.toMatchObject(EXPIRED);
  });

  it('that is read-only sees one moment and writes nothing', async () => {
    await calls.commit([put('a', 1)]);
    const transaction = await calls.begin({ readOnly: {} });
    await calls.commit([put('a', 2), put('b', 2)]);
    const [a, b] = await calls.read(['a', 'b'], { transaction });
    const all = await calls.query({ from }, { transaction });
    expect(a?.found?.fields['n']).toMatchObject(int(1));
    expect(b?.missing).toBe(calls.name('b'));
    expect(all.flatMap(({ document }) => document?.name ?? [])).toEqual([calls.name('a')]);
    await expect(calls.commit([put('a', 3)], transaction)).rejects.toMatchObject(INVALID_ARGUMENT);
  });
});

describe('transactions of the client', () => {
  it('lose no update when many count on one document', async () => {
    const db = openClient(standIn.address, 'counter');
    const doc = db.doc('c/a');
    await doc.set({ n: 0 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, async () => {
        await db.runTransaction(
          async (tx) => {
            const n = (await tx.get(doc)).get('n') as number;
            tx.update(doc, { n: n + 1 });
          },
          { maxAttempts: 1 },
        );
      }),
    );
    const committed = outcomes.filter(({ status }) => status === 'fulfilled').length;
    expect((await doc.get()).get('n')).toBe(committed);
    expect(committed).toBeGreaterThan(0);
    await db.terminate();
  });

  it('leave nothing behind when their function throws', async () => {
    const db = openClient(standIn.address, 'thrown');
    const doc = db.doc('c/a');
    const run = db.runTransaction(async (tx) => {
      await tx.get(doc);
      tx.create(doc, { n: 1 });
      throw new Error('changed my mind');
    });
    await expect(run).rejects.toThrow('changed my mind');
    expect((await doc.get()).exists).toBe(false);
    await doc.create({ n: 2 });
    await db.terminate();
  });
});
