import { machine } from '../../../test/support/machine.ts';
import { type DocumentStore, collection, int } from '@keyserver/docstore';
import { copyFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startInProcess } from './testing/engine-in-process.ts';
import { acceptDatabase, missingCommits, witnessFile } from './commit-witness.ts';
import { openSqliteStore } from './store.ts';

const numbers = collection({ name: 'numbers', fields: { n: int() } });

let root = '';
let file = '';
const open: DocumentStore[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'keyserver-witness-'));
  file = join(root, 'data.sqlite');
});

afterEach(async () => {
  await closeAll();
  await rm(root, { recursive: true, force: true });
});

async function aStore(): Promise<DocumentStore> {
  const store = await openSqliteStore({ ...machine, file, startEngine: startInProcess });
  open.push(store);
  return store;
}

async function closeAll(): Promise<void> {
  await Promise.all(
    open.splice(0).map(async (store) => {
      await store.close();
    }),
  );
}

let drawn = 0;
const commit = async (store: DocumentStore): Promise<void> => {
  const id = String((drawn += 1));
  await store.transact((tx) => {
    tx.create(numbers, id, { n: 1 });
    return Promise.resolve();
  });
};

/** The files of a database as a killed process leaves them: copied while it is open. */
async function killedCopy(): Promise<void> {
  for (const part of ['', '-wal']) await copyFile(`${file}${part}`, `${file}${part}.kept`);
  await closeAll();
  for (const part of ['', '-wal']) await rename(`${file}${part}.kept`, `${file}${part}`);
}

describe('the witness of commits', () => {
  it('misses nothing while commits are made, after closing, and without a note', async () => {
    const store = await aStore();
    for (let n = 0; n < 5; n++) await commit(store);
    expect(missingCommits(file)).toBe(0);
    await closeAll();
    expect(missingCommits(file)).toBe(0);
    await rm(witnessFile(file));
    expect(missingCommits(file)).toBe(0);
  });

  it('takes the room of its note when it is made, so that a full disk fails no commit', async () => {
    const store = await aStore();
    expect(await readFile(witnessFile(file), 'latin1')).toBe('0'.repeat(16));
    await commit(store);
    expect(await readFile(witnessFile(file), 'latin1')).toBe('1'.padStart(16, '0'));
  });

  it('misses nothing after a kill, as the write-ahead file has all', async () => {
    const store = await aStore();
    for (let n = 0; n < 5; n++) await commit(store);
    await killedCopy();
    expect(missingCommits(file)).toBe(0);
  });

  it('notices that the write-ahead file alone is gone', async () => {
    await commit(await aStore());
    await closeAll();
    const store = await aStore();
    for (let n = 0; n < 5; n++) await commit(store);
    await killedCopy();
    await rm(`${file}-wal`);
    expect(missingCommits(file)).toBe(5);
    expect(missingCommits(file)).toBe(5); // looking changes nothing
  });

  it('notices an older copy of the database', async () => {
    await commit(await aStore());
    await closeAll();
    await copyFile(file, `${file}.backup`);
    await commit(await aStore());
    await closeAll();
    await rename(`${file}.backup`, file);
    expect(missingCommits(file)).toBe(1);
    await (await aStore()).now(); // whoever opens it nevertheless wipes nothing out
    await closeAll();
    expect(missingCommits(file)).toBe(1);
    acceptDatabase(file);
    expect(missingCommits(file)).toBe(0);
    await commit(await aStore());
    expect(missingCommits(file)).toBe(0);
  });

  it('is not moved by a transaction that was rolled back', async () => {
    const store = await aStore();
    await commit(store);
    drawn -= 1; // creates a document that exists
    await expect(commit(store)).rejects.toThrow('exists');
    await closeAll();
    expect(missingCommits(file)).toBe(0);
  });

  it('believes no damaged note', async () => {
    await commit(await aStore());
    await closeAll();
    await writeFile(witnessFile(file), '99');
    expect(missingCommits(file)).toBe(0);
  });

  it('follows what two stores over one file commit', async () => {
    const [one, two] = [await aStore(), await aStore()];
    for (let n = 0; n < 10; n++) await commit(n % 2 === 0 ? one : two);
    expect(Number(await readFile(witnessFile(file), 'latin1'))).toBe(10);
  });
});

describe('a database that is deleted or exchanged while it is open', () => {
  it.each(['', '-wal'])('takes no more commits without its file %s', async (part) => {
    const store = await aStore();
    await commit(store);
    await rename(`${file}${part}`, `${file}.moved`);
    await expect(commit(store)).rejects.toThrow(
      `data.sqlite${part} was deleted or exchanged while it was open`,
    );
    await rename(`${file}.moved`, `${file}${part}`);
    await commit(store);
  });

  it('takes none when another database lies in its place', async () => {
    const store = await aStore();
    await commit(store);
    await copyFile(file, `${file}.copy`);
    await rename(`${file}.copy`, file);
    await expect(commit(store)).rejects.toThrow('was deleted or exchanged');
  });
});
