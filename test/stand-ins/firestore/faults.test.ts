import { type FirestoreStandIn, startFirestoreStandIn } from './start-firestore.ts';
import { arrived } from './testing/arrived.ts';
import { type Calls, int, openCalls } from './testing/open-calls.ts';
import { openClient } from './testing/open-client.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const DEADLINE_EXCEEDED = { code: 4 };
const UNAVAILABLE = { code: 14 };

let standIn: FirestoreStandIn;
let calls: Calls;

beforeEach(async () => {
  standIn = await startFirestoreStandIn();
  calls = openCalls(standIn.address, 'faults');
});
afterEach(async () => {
  await calls.close();
  await standIn.close();
});

const put = (id: string): object => ({
  update: { name: calls.name(id), fields: { n: int(1) } },
});

describe('a stand-in with much to answer', () => {
  const DOCUMENTS = 60;

  beforeEach(async () => {
    const fields = { b: { bytesValue: Buffer.alloc(100_000) } };
    const names = Array.from({ length: DOCUMENTS }, (_, i) => calls.name(String(i)));
    await calls.commit(names.map((name) => ({ update: { name, fields } })));
  });

  it('answers no faster than the caller takes it, and all of it', async () => {
    const messages = await calls.query({ from: [{ collectionId: 'c' }] });
    expect(messages.filter(({ document }) => (document ?? undefined) !== undefined)).toHaveLength(
      DOCUMENTS,
    );
  });

  it('goes on when the caller leaves in the middle', async () => {
    const db = openClient(standIn.address, 'faults');
    for await (const document of db.collection('c').stream()) {
      expect(document).toHaveProperty('id', '0');
      break;
    }
    await db.terminate();
    await calls.commit([put('after')]);
    expect(standIn.documents()).toBe(DOCUMENTS + 1);
  });
});

describe('a stand-in that is told to fail', () => {
  it('refuses as many calls of one method, after as many have passed', async () => {
    standIn.faults.fail({ method: 'Commit', code: 'RESOURCE_EXHAUSTED', times: 2, after: 1 });
    await calls.commit([put('a')]);
    await expect(calls.commit([put('b')])).rejects.toMatchObject({ code: 8 });
    await expect(calls.commit([put('c')])).rejects.toMatchObject({ code: 8 });
    await calls.commit([put('d')]);
    expect(standIn.documents()).toBe(2);
    expect(standIn.faults.calls('Commit')).toBe(4);
  });

  it('refuses reads too', async () => {
    standIn.faults.fail({ method: 'BatchGetDocuments', code: 'UNAVAILABLE', times: 1 });
    await expect(calls.read(['a'])).rejects.toMatchObject(UNAVAILABLE);
    expect(await calls.read(['a'])).toHaveLength(1);
  });

  it('forgets it again', async () => {
    standIn.faults.fail({ method: 'Commit', code: 'INTERNAL', times: 5 });
    await expect(calls.commit([])).rejects.toMatchObject({ code: 13 });
    standIn.faults.clear();
    await calls.commit([]);
    expect(standIn.faults.calls('Commit')).toBe(1);
  });
});

describe('a stand-in that is told to cut the connection', () => {
  it('breaks every call on it, before the work', async () => {
    standIn.faults.hang({ method: 'BatchGetDocuments', times: 1 });
    const waiting = calls.read(['a']).catch((error: unknown) => error);
    await arrived(standIn, 'BatchGetDocuments', 1);
    standIn.faults.cut({ method: 'Commit', when: 'before', times: 1 });
    await expect(calls.commit([put('a')])).rejects.toMatchObject(UNAVAILABLE);
    expect(await waiting).toMatchObject(UNAVAILABLE);
    expect(standIn.documents()).toBe(0);
  });

  it('loses the answer after the work', async () => {
    standIn.faults.cut({ method: 'Commit', when: 'after', times: 1 });
    await expect(calls.commit([put('a')])).rejects.toMatchObject(UNAVAILABLE);
    expect(standIn.documents()).toBe(1);
    await calls.commit([put('b')]);
    expect(standIn.documents()).toBe(2);
  });

  it('loses the answer of a query', async () => {
    standIn.faults.cut({ method: 'RunQuery', when: 'after', times: 1 });
    const query = { from: [{ collectionId: 'c' }] };
    await expect(calls.query(query)).rejects.toMatchObject(UNAVAILABLE);
    expect(await calls.query(query)).toHaveLength(1);
  });

  it('leaves other connections alone', async () => {
    const other = openCalls(standIn.address, 'other');
    standIn.faults.slow({ method: 'BatchGetDocuments', ms: 100, times: 1 });
    const waiting = other.read(['a']);
    await arrived(standIn, 'BatchGetDocuments', 1);
    standIn.faults.cut({ method: 'Commit', when: 'before', times: 1 });
    await expect(calls.commit([put('a')])).rejects.toMatchObject(UNAVAILABLE);
    expect(await waiting).toHaveLength(1);
    await other.close();
  });

  it('makes the client repeat a create that was applied', async () => {
    const db = openClient(standIn.address, 'repeated');
    standIn.faults.cut({ method: 'Commit', when: 'after', times: 1 });
    await expect(db.doc('c/a').create({ n: 1 })).rejects.toMatchObject({ code: 6 });
    expect(standIn.faults.calls('Commit')).toBe(2);
    expect(standIn.documents()).toBe(1);
    await db.terminate();
  });
});

describe('a stand-in that is told to be slow or to hang', () => {
  it('does the work, but later than the caller waits', async () => {
    standIn.faults.slow({ method: 'Commit', ms: 10, times: 1 });
    await calls.commit([put('a')]);
    standIn.faults.slow({ method: 'Commit', ms: 200, times: 1 });
    await expect(calls.commit([put('b')], undefined, 50)).rejects.toMatchObject(DEADLINE_EXCEEDED);
    expect((await calls.read(['a']))[0]?.found?.name).toBe(calls.name('a'));
  });

  it('never answers, and does nothing', async () => {
    standIn.faults.hang({ method: 'Commit', times: 1 });
    await expect(calls.commit([put('a')], undefined, 50)).rejects.toMatchObject(DEADLINE_EXCEEDED);
    expect(standIn.documents()).toBe(0);
  });

  it('can be closed while calls hang, and another started in its place', async () => {
    standIn.faults.hang({ method: 'Commit', times: 1 });
    const waiting = calls.commit([put('a')]).catch((error: unknown) => error);
    await arrived(standIn, 'Commit', 1);
    const port = Number(standIn.address.split(':')[1]);
    await standIn.close();
    expect(await waiting).toMatchObject(UNAVAILABLE);
    standIn = await startFirestoreStandIn({ port });
    expect(standIn.address).toBe(`127.0.0.1:${port}`);
  });
});
