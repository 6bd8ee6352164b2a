import type { DocumentStore } from '@keyserver/docstore';
import { startInProcess } from './engine-in-process.ts';
import { machine } from '../../../../test/support/machine.ts';
import { type SqliteDocumentStore, type SqliteSettings, openSqliteStore } from '../store.ts';

const open: DocumentStore[] = [];

/** A document store in memory for one test; `closeTestStores` ends it. */
export async function openTestStore(
  settings: Partial<SqliteSettings> = {},
): Promise<SqliteDocumentStore> {
  const store = await openSqliteStore({
    ...machine,
    file: ':memory:',
    startEngine: startInProcess,
    ...settings,
  });
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
