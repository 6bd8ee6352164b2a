import { type DocumentStore, StoreFault, type Transaction } from '@keyserver/docstore';
import { seededRandom } from '@keyserver/random/testing';
import { openTestStore } from '@keyserver/sqlite/testing';
import { simulatedClock, unixMillis } from '@keyserver/time';
import { type ExportOutcome, exportData } from '../export.ts';
import type { ImportOutcome } from '../import.ts';
import type { Manifest } from '../manifest.ts';
import { NOON, type Placed, aNewDirectory, put } from './stored-documents.ts';

// Every export brings a dozen files safely to the disk.
export const random = seededRandom('move');

/** A store in memory with these documents. */
export const aStore = async (
  documents: readonly Placed[] = [],
  at = NOON,
): Promise<DocumentStore> => {
  const store = await openTestStore({ clock: simulatedClock(unixMillis(at)) });
  await put(store, documents);
  return store;
};

/** Exports a store into a directory. */
export const exported = async (store: DocumentStore, directory: string): Promise<ExportOutcome> =>
  await exportData(store, { directory, source: 'here', random });

/** A store with these documents, and a directory that it was exported into. */
export async function anExport(documents: readonly Placed[]): Promise<{
  readonly directory: string;
  readonly manifest: Manifest;
  readonly source: DocumentStore;
}> {
  const source = await aStore(documents);
  const directory = await aNewDirectory();
  const outcome = await exported(source, directory);
  if (outcome.kind !== 'exported') throw new Error(`not exported: ${outcome.kind}`);
  return { directory, manifest: outcome.manifest, source };
}

/** Why something was refused, or else how it ended. */
export const reasonOf = (
  outcome: ExportOutcome | ImportOutcome | { readonly kind: string },
): string => ('reason' in outcome ? outcome.reason : outcome.kind);

/** A store that is away when a collection is read, or at the n-th transaction, before it or just after it. */
export function faulty(
  store: DocumentStore,
  at: { readonly pages?: string; readonly transaction?: number; readonly committed?: boolean },
): DocumentStore {
  let transactions = 0;
  const away = (): never => {
    throw new StoreFault('unavailable', 'away');
  };
  const pages: DocumentStore['pages'] = (from, query, size) =>
    from.layout.name === at.pages ? away() : store.pages(from, query, size);
  return Object.assign(Object.create(store) as DocumentStore, {
    pages,
    transact: async (decide: (tx: Transaction) => Promise<unknown>) => {
      const hit = ++transactions === at.transaction;
      if (hit && at.committed !== true) away();
      const result = await store.transact(decide);
      if (hit) away();
      return result;
    },
  });
}
