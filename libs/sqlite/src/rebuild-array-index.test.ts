import { machine } from '../../../test/support/machine.ts';
import { DatabaseSync } from 'node:sqlite';
import { type DocumentStore, collection, ints } from '@keyserver/docstore';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startInProcess } from './testing/engine-in-process.ts';
import { checkArrayIndexes, rebuildArrayIndexes } from './rebuild-array-index.ts';
import { openSqliteStore } from './store.ts';

const tagged = collection({ name: 'tagged', fields: { tags: ints() }, arrayIndex: 'tags' });
const DOCUMENTS = 30;
const TAGS = 100;

let root = '';
let file = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'keyserver-rebuild-'));
  file = join(root, 'data.sqlite');
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const opened = async (): Promise<DocumentStore> =>
  await openSqliteStore({ ...machine, file, startEngine: startInProcess });

async function found(store: DocumentStore, tag: number): Promise<readonly string[]> {
  const ids: string[] = [];
  const query = { containsAny: { field: 'tags', values: [tag] } } as const;
  for await (const page of store.pages(tagged, query)) ids.push(...page.map(({ id }) => id));
  return ids;
}

async function fill(store: DocumentStore): Promise<void> {
  for (let n = 0; n < DOCUMENTS; n++)
    await store.transact((tx) => {
      const tags = Array.from({ length: TAGS }, (_, tag) => n * TAGS + tag);
      tx.create(tagged, `d${String(n)}`, { tags });
      return Promise.resolve();
    });
}

describe('an array index', () => {
  it('is made anew with every entry, also under a store that is open', async () => {
    const store = await opened();
    await fill(store);
    expect(rebuildArrayIndexes(file, machine)).toBe(DOCUMENTS * TAGS);
    for (const n of [0, 15, 29]) expect(await found(store, n * TAGS)).toEqual([`d${String(n)}`]);
    await store.close();
    expect(checkArrayIndexes(file, machine)).toEqual({ missing: 0, stray: 0 });
  });

  it('is told to lack entries, and to have some that no document has, until it is made anew', async () => {
    const store = await opened();
    await fill(store);
    await store.close();
    const index = readdirSync(root).find((name) => /^array-index\..*sqlite$/.test(name))!;
    const db = new DatabaseSync(join(root, index));
    db.exec(`DELETE FROM tagged WHERE value < 3; INSERT INTO tagged VALUES (-1, 'd0')`);
    db.close();
    expect(checkArrayIndexes(file, machine)).toEqual({ missing: 3, stray: 1 });
    expect(rebuildArrayIndexes(file, machine)).toBe(DOCUMENTS * TAGS);
    expect(checkArrayIndexes(file, machine)).toEqual({ missing: 0, stray: 0 });
  });
});
