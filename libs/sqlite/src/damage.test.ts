import { machine } from '../../../test/support/machine.ts';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type DocumentStore, StoreFault, collection, ints, text } from '@keyserver/docstore';
import { startInProcess } from './testing/engine-in-process.ts';
import { startInThread } from './connection.ts';
import { storeFaultOf } from './fault.ts';
import { checkArrayIndexes, rebuildArrayIndexes } from './rebuild-array-index.ts';
import { openSqliteStore } from './store.ts';

const claims = collection({
  name: 'claims',
  fields: { keys: ints(), by: text() },
  arrayIndex: 'keys',
});
const DOCUMENTS = 40;
const KEYS_EACH = 450; // so many that the array index has pages below its root

let directory: string;
let file: string;
const open: DocumentStore[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'damage-'));
  file = join(directory, 'store.sqlite');
});
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  rmSync(directory, { recursive: true });
});

const opened = async (startEngine = startInProcess): Promise<DocumentStore> => {
  const store = await openSqliteStore({ ...machine, file, startEngine });
  open.push(store);
  return store;
};

const keysOf = (n: number): readonly number[] =>
  Array.from({ length: KEYS_EACH }, (_, k) => n + DOCUMENTS * k);

async function fill(): Promise<void> {
  const store = await opened();
  for (let n = 0; n < DOCUMENTS; n++)
    await store.transact((tx) => {
      tx.create(claims, `claim-${String(n)}`, { keys: keysOf(n), by: 'somebody' });
      return Promise.resolve();
    });
  await open.pop()?.close();
}

/** Does something to the file while no store has it open. */
function damage(statements: string): void {
  const db = new DatabaseSync(file);
  db.exec(statements);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
}

function overwriteRootPageOf(table: string): void {
  const db = new DatabaseSync(file);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const { rootpage } = db.prepare('SELECT rootpage FROM sqlite_master WHERE name = ?').get(table)!;
  const { page_size: size } = db.prepare('PRAGMA page_size').get()!;
  db.close();
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(200, 0xa5), 0, 200, (Number(rootpage) - 1) * Number(size));
  closeSync(handle);
}

/** Leaves nothing of the array indexes but the first pages, in which SQLite finds the others. */
function overwriteArrayFile(): void {
  const name = readdirSync(directory).find((each) => /^array-index\..*sqlite$/.test(each))!;
  const path = join(directory, name);
  const handle = openSync(path, 'r+');
  const kept = 3 * 2048;
  const rest = statSync(path).size - kept;
  writeSync(handle, Buffer.alloc(rest, 0xa5), 0, rest, kept);
  closeSync(handle);
}

const faultOf = async (work: Promise<unknown>): Promise<StoreFault> => {
  try {
    await work;
  } catch (fault) {
    if (fault instanceof StoreFault) return fault;
    throw fault;
  }
  throw new Error('nothing was wrong');
};

describe('a damaged database', () => {
  it('names SQLite’s code, the collection and the file for a broken page', async () => {
    await fill();
    overwriteRootPageOf('claims');
    const store = await opened();
    const fault = await faultOf(store.get(claims, ['claim-1']));
    expect(fault).toMatchObject({ code: 'damaged', problem: 'store_damaged' });
    expect(fault.details).toEqual({
      code: 'SQLITE_CORRUPT',
      number: expect.any(Number) as number,
      text: 'database disk image is malformed',
      object: 'claims',
      path: file,
    });
    expect((fault.details.number ?? 0) % 256).toBe(11);
  });

  it('says that the array index is damaged, until that is made anew', async () => {
    await fill();
    overwriteArrayFile();
    const search = { containsAny: { field: 'keys', values: keysOf(3).slice(-20) } } as const;
    const store = await opened();
    const fault = await faultOf(store.transact(async (tx) => await tx.find(claims, search)));
    expect(fault).toMatchObject({ code: 'damaged', details: { code: 'SQLITE_CORRUPT' } });
    expect(fault.details).toMatchObject({ object: 'array index', path: file });
    expect(checkArrayIndexes(file, machine)).toBe('unreadable');
    rebuildArrayIndexes(file, machine);
    const found = await store.transact(async (tx) => await tx.find(claims, search));
    expect(found.map(({ id }) => id)).toEqual(['claim-3']);
  });

  it('names the collection for a document that cannot be read', async () => {
    await fill();
    damage(`UPDATE claims SET body = x'01ff' WHERE id = 'claim-1'`);
    const store = await opened();
    for (const read of [
      async () => await store.get(claims, ['claim-1']),
      async () => await store.pages(claims, {})[Symbol.asyncIterator]().next(),
      async () => await store.transact(async (tx) => await tx.get(claims, ['claim-1'])),
    ]) {
      const fault = await faultOf(read());
      expect(fault.code).toBe('damaged');
      expect(fault.details).toEqual({ object: 'claims', path: file });
    }
  });

  it('names a table that is gone', async () => {
    await fill();
    const store = await opened();
    await store.get(claims, ['claim-1']);
    damage('DROP TABLE claims');
    const fault = await faultOf(store.get(claims, ['claim-1']));
    expect(fault.code).toBe('damaged');
    expect(fault.details).toMatchObject({ code: 'SQLITE_ERROR', number: 1, object: 'claims' });
  });

  it('is refused at the start, from another thread too, when it is none', async () => {
    writeFileSync(file, 'something else, but long enough to be looked at '.repeat(200));
    const fault = await faultOf(opened(startInThread));
    expect(fault.code).toBe('damaged');
    expect(fault.details).toMatchObject({ code: 'SQLITE_NOTADB', number: 26, path: file });
  });
});

describe('an error as a fault of the store', () => {
  const failing = (setUp: string, statement: string): unknown => {
    const db = new DatabaseSync(':memory:');
    try {
      db.exec(setUp);
      db.exec(statement);
    } catch (error) {
      return error;
    } finally {
      db.close();
    }
    throw new Error('nothing was wrong');
  };

  it('is `full` when the database cannot grow', () => {
    const error = failing(
      'PRAGMA max_page_count = 2; CREATE TABLE t (body BLOB)',
      'INSERT INTO t VALUES (zeroblob(100000))',
    );
    const fault = storeFaultOf(error);
    expect(fault).toMatchObject({ code: 'full', problem: 'disk_full', cause: error });
    expect(fault.details).toEqual({
      code: 'SQLITE_FULL',
      number: 13,
      text: 'database or disk is full',
    });
  });

  it('is `full` when the shared memory of the write-ahead file cannot grow', () => {
    const error = Object.assign(new Error('disk I/O error'), { errcode: 4874 });
    expect(storeFaultOf(error)).toMatchObject({ code: 'full', details: { number: 4874 } });
  });

  it('is `unavailable` for a code that means nothing to us, and for no code at all', () => {
    const unknown = Object.assign(new Error('x'), { errcode: 23 });
    expect(storeFaultOf(unknown)).toMatchObject({
      code: 'unavailable',
      details: { code: 'SQLITE', number: 23 },
    });
    expect(storeFaultOf('thrown')).toMatchObject({ code: 'unavailable', details: {} });
  });
});
