import { DatabaseSync } from 'node:sqlite';
import { type DocumentStore, collection, ints } from '@keyserver/docstore';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startInProcess } from './testing/engine-in-process.ts';
import { rebuildArrayIndexes } from './rebuild-array-index.ts';
import { openSqliteStore } from './store.ts';

const tagged = collection({ name: 'tagged', fields: { tags: ints() }, arrayIndex: 'tags' });
const DOCUMENTS = 300;
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
  await openSqliteStore({ file, startEngine: startInProcess });

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

describe('an array index that is made anew', () => {
  it('finds every document again, also in a store that is open', async () => {
    const store = await opened();
    await fill(store);
    expect(rebuildArrayIndexes(file)).toBe(DOCUMENTS * TAGS);
    for (const n of [0, 150, 299]) expect(await found(store, n * TAGS)).toEqual([`d${String(n)}`]);
    await store.close();
  }, 60_000);

  it('mends runs whose chunks are gone', async () => {
    const store = await opened();
    await fill(store);
    await store.close();
    rebuildArrayIndexes(file);
    const db = new DatabaseSync(file);
    db.exec('DELETE FROM "tagged#chunks"');
    db.close();
    const broken = await opened();
    await expect(found(broken, 0)).rejects.toThrow('lost a chunk');
    await broken.close();
    rebuildArrayIndexes(file);
    const again = await opened();
    for (const n of [0, 150, 299]) expect(await found(again, n * TAGS)).toEqual([`d${String(n)}`]);
    await again.close();
  }, 60_000);
});
