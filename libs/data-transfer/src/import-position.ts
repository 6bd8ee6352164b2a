import type { DocumentStore, Transaction } from '@keyserver/docstore';
import { type DataImport, dataImports, movedCollections } from '@keyserver/stores';
import type { Manifest } from './data-manifest.ts';
import { takeFormat } from './moved-format.ts';
import { UnusableExport } from './unusable-export.ts';

/** How far an import has come: so many documents of this collection, and all of those before it. */
export type Position = Pick<DataImport, 'collection' | 'documents'>;

/**
 * Takes an empty store for an import and gives it the format of the data, or finds how far the same import came earlier.
 * Throws UnusableExport otherwise.
 */
export const claim = async (
  store: DocumentStore,
  { exportId, storeFormat }: Pick<Manifest, 'exportId' | 'storeFormat'>,
  keyHashSecret: Uint8Array | undefined,
): Promise<DataImport> =>
  await store.transact(async (tx) => {
    const [begun] = await tx.get(dataImports, [exportId]);
    if (begun?.finishedAt !== undefined) return begun;
    const held = begun === undefined ? await firstHeld(tx) : undefined;
    if (held !== undefined)
      throw new UnusableExport(
        `the target already holds documents (${held}) that do not come from this export; import into an empty one`,
      );
    // Also for one that goes on: a service may have been started on what was there, and gone by that.
    await takeFormat(tx, storeFormat, keyHashSecret);
    if (begun !== undefined) return begun;
    const start = { collection: '', documents: 0, startedAt: tx.now };
    tx.create(dataImports, exportId, start);
    return start;
  });

async function firstHeld(tx: Transaction): Promise<string | undefined> {
  for (const of of [...movedCollections, dataImports]) {
    const found = await tx.find(of, { limit: 1 });
    if (found.length > 0) return of.layout.name;
  }
  return undefined;
}

/** Remembers that everything is in, and was found to be so. */
export const finishImport = async (store: DocumentStore, exportId: string): Promise<void> => {
  await store.transact(async (tx) => {
    const [begun] = await tx.get(dataImports, [exportId]);
    if (begun?.finishedAt === undefined)
      tx.set(dataImports, exportId, { ...startOf(begun), finishedAt: tx.now });
  });
};

/** Moves the position on in the transaction that writes the documents between; false when that was done before. */
export async function advance(
  tx: Transaction,
  exportId: string,
  { from, to }: { readonly from: Position; readonly to: Position },
): Promise<boolean> {
  const [begun] = await tx.get(dataImports, [exportId]);
  const import_ = startOf(begun);
  if (isAt(import_, to)) return false;
  if (!isAt(import_, from))
    throw new UnusableExport('the same import is at work elsewhere; wait for it, then run again');
  tx.set(dataImports, exportId, { ...import_, ...to });
  return true;
}

function startOf(begun: DataImport | undefined): DataImport {
  if (begun !== undefined) return begun;
  throw new UnusableExport('the target was emptied during the import; run it again');
}

const isAt = (one: Position, other: Position): boolean =>
  one.collection === other.collection && one.documents === other.documents;
