import type { DocumentStore } from '@keyserver/docstore';
import { startInProcess } from './engine-in-process.ts';
import { machine } from '../../../../test/support/machine.ts';
import { type SqliteDocumentStore, type SqliteSettings, openSqliteStore } from '../store.ts';

const open: DocumentStore[] = [];

type OpenElsewhere = (settings: Partial<SqliteSettings>) => Promise<DocumentStore>;
let openElsewhere: OpenElsewhere | undefined;

/** Lets tests that were written over `openTestStore` run over another engine; undefined ends that. */
export function openTestStoresWith(opened: OpenElsewhere | undefined): void {
  openElsewhere = opened;
}

/** A document store in memory for one test; `closeTestStores` ends it. */
export async function openTestStore(
  settings: Partial<SqliteSettings> = {},
): Promise<SqliteDocumentStore> {
  const store = await opened(settings);
  open.push(store);
  return store;
}

/** Closes all stores that tests opened; for afterEach. */
export async function closeTestStores(): Promise<void> {
  await Promise.all(
    open.splice(0).map(async (store) => {
      await store.close();
    }),
  );
}

async function opened(settings: Partial<SqliteSettings>): Promise<SqliteDocumentStore> {
  // What another engine lacks is not asked of it: the tests that are run over one use the common port alone.
  if (openElsewhere !== undefined) return (await openElsewhere(settings)) as SqliteDocumentStore;
  const inMemory = { ...machine, file: ':memory:', startEngine: startInProcess };
  return await openSqliteStore({ ...inMemory, ...settings });
}
