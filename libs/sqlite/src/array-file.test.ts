import { machine } from '../../../test/support/machine.ts';
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type DocumentStore, collection, int, ints } from '@keyserver/docstore';
import { type SimulatedClock, simulatedClock, unixMillis } from '@keyserver/time';
import { databaseSettings } from './testing/database-settings.ts';
import { startInProcess } from './testing/engine-in-process.ts';
import { Database } from './database.ts';
import { checkArrayIndexes } from './rebuild-array-index.ts';
import { openSqliteStore } from './store.ts';

const tagged = collection({
  name: 'tagged',
  fields: { tags: ints(), expireAt: int() },
  arrayIndex: 'tags',
  expiry: 'expireAt',
});

let directory: string;
let file: string;
let clock: SimulatedClock;
let made: number[];
const open: DocumentStore[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'arrays-'));
  file = join(directory, 'store.sqlite');
  clock = simulatedClock(unixMillis(Date.parse('2021-05-04T10:17:00Z')));
  made = [];
});
afterEach(async () => {
  await closeAll();
  rmSync(directory, { recursive: true });
});

const opened = async (): Promise<DocumentStore> => {
  const onArraysMade = (entries: number): void => {
    made.push(entries);
  };
  const store = await openSqliteStore({
    ...machine,
    file,
    clock,
    startEngine: startInProcess,
    onArraysMade,
  });
  open.push(store);
  return store;
};

async function closeAll(): Promise<void> {
  for (const store of open.splice(0)) await store.close();
}

const put = async (store: DocumentStore, id: string, ...tags: number[]): Promise<void> => {
  await store.transact(async (tx) => {
    tx.set(tagged, id, { tags, expireAt: 1 });
    await Promise.resolve();
  });
};

const find = async (store: DocumentStore, ...values: number[]): Promise<readonly string[]> =>
  await store.transact(async (tx) => {
    const found = await tx.find(tagged, { containsAny: { field: 'tags', values } });
    return found.map(({ id }) => id);
  });

const filesThere = (): readonly string[] =>
  readdirSync(directory).filter((name) => /^array-index\.[0-9]+\.store\.sqlite$/.test(name));

const theFile = (): string => join(directory, filesThere()[0]!);

describe('the file of the array indexes', () => {
  it('lies beside the database, for its owner alone', async () => {
    const store = await opened();
    await put(store, 'a', 1, 2);
    expect(filesThere()).toHaveLength(1);
    expect(statSync(theFile()).mode & 0o777).toBe(0o600);
    expect(made).toEqual([]);
  });

  it('has what documents hold now, and nothing of what they held before', async () => {
    const store = await opened();
    await put(store, 'a', 1, 2, 2);
    await put(store, 'a', 2, 3);
    await put(store, 'b', 3);
    expect(await find(store, 1)).toEqual([]);
    expect(await find(store, 2, 3)).toEqual(['a', 'b']);
    await store.deleteAll(tagged, { containsAny: { field: 'tags', values: [2] } });
    expect(await find(store, 2, 3)).toEqual(['b']);
    await closeAll();
    expect(checkArrayIndexes(file, { ...machine, clock })).toEqual({ missing: 0, stray: 0 });
  });

  it('keeps no byte of the id of a deleted document', async () => {
    const store = await opened();
    await put(store, 'a', 1);
    await put(store, 'nobody-may-find-this', 2);
    await store.transact(async (tx) => {
      tx.delete(tagged, 'nobody-may-find-this');
      await Promise.resolve();
    });
    await closeAll();
    expect(readFileSync(theFile(), 'latin1')).not.toContain('nobody-may-find-this');
  });

  it('is used again by the next process', async () => {
    await put(await opened(), 'a', 1);
    await closeAll();
    const [before] = filesThere();
    expect(await find(await opened(), 1)).toEqual(['a']);
    expect(filesThere()).toEqual([before]);
    expect(made).toEqual([]);
  });

  it('stays as it is when a collection without an array is new', async () => {
    const plain = collection({ name: 'plain', fields: { expireAt: int() }, expiry: 'expireAt' });
    await put(await opened(), 'a', 1);
    await closeAll();
    const store = await opened();
    await store.transact(async (tx) => {
      tx.set(plain, 'p', { expireAt: 1 });
      await Promise.resolve();
    });
    expect(await find(store, 1)).toEqual(['a']);
    expect(made).toEqual([]);
  });

  it('is made anew, and that is told, after a restart of the machine', async () => {
    await put(await opened(), 'a', 1, 2);
    await closeAll();
    const [before] = filesThere();
    clock.reboot(1000);
    expect(await find(await opened(), 2)).toEqual(['a']);
    expect(made).toEqual([2]);
    expect(filesThere()).toHaveLength(1);
    expect(filesThere()).not.toEqual([before]);
  });

  it('is made anew, and that is told, when it is gone', async () => {
    await put(await opened(), 'a', 1, 2);
    await closeAll();
    rmSync(theFile());
    expect(await find(await opened(), 2)).toEqual(['a']);
    expect(made).toEqual([2]);
  });

  it('is made anew when it is no database', async () => {
    await put(await opened(), 'a', 1, 2);
    await closeAll();
    writeFileSync(theFile(), 'something else, but long enough to be looked at '.repeat(200));
    expect(await find(await opened(), 2)).toEqual(['a']);
    expect(made).toEqual([2]);
  });

  it('is made anew when a process was killed between the database and it', async () => {
    await put(await opened(), 'a', 1);
    await closeAll();
    const before = readFileSync(theFile());
    await put(await opened(), 'b', 2);
    await closeAll();
    writeFileSync(theFile(), before);
    const store = await opened();
    expect(await find(store, 2)).toEqual(['b']);
    expect(made).toEqual([2]);
  });

  it('is made anew when an older copy of the database has taken the place of the one that it belongs to', async () => {
    await put(await opened(), 'a', 1);
    await closeAll();
    copyFileSync(file, join(directory, 'copy'));
    const store = await opened();
    await put(store, 'a', 2);
    await put(store, 'b', 1);
    await closeAll();
    copyFileSync(join(directory, 'copy'), file);
    const older = await opened();
    expect(await find(older, 1)).toEqual(['a']);
    expect(await find(older, 2)).toEqual([]);
    expect(made).toEqual([1]);
  });

  it('can be opened again by a process that failed to open it once', async () => {
    await put(await opened(), 'a', 1);
    await closeAll();
    const index = new DatabaseSync(theFile());
    index.exec('ALTER TABLE "#stamp" RENAME TO kept; CREATE INDEX "#stamp" ON kept (stamp)');
    const store = await opened();
    await expect(find(store, 1)).rejects.toMatchObject({ code: 'damaged' });
    index.exec('DROP INDEX "#stamp"; ALTER TABLE kept RENAME TO "#stamp"');
    index.close();
    expect(await find(store, 1)).toEqual(['a']);
    expect(made).toEqual([]);
  });

  it('leaves those of another database alone whose name ends in the same way', async () => {
    const others = join(directory, 'array-index.7.other.store.sqlite');
    writeFileSync(others, 'of another database');
    await put(await opened(), 'a', 1);
    await closeAll();
    clock.reboot(1000);
    expect(await find(await opened(), 1)).toEqual(['a']);
    expect(readFileSync(others, 'utf8')).toBe('of another database');
  });

  it('is left by a process that has it open as soon as another one has begun a new one', async () => {
    const one = await opened();
    await put(one, 'a', 1);
    rmSync(theFile());
    const other = await opened();
    await put(other, 'b', 1);
    expect(made).toEqual([1]);
    expect(await find(one, 1)).toEqual(['a', 'b']);
    await put(one, 'c', 1);
    expect(await find(other, 1)).toEqual(['a', 'b', 'c']);
    expect(made).toEqual([1]);
    expect(filesThere()).toHaveLength(1);
  });
});

it('refuses a database of a later version', async () => {
  new Database(file, databaseSettings).close();
  const db = new DatabaseSync(file);
  db.exec('PRAGMA user_version = 99');
  db.close();
  await expect(opened()).rejects.toThrow('later version');
});
