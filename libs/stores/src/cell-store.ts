import {
  type DocumentStore,
  MAX_TRANSACTION_BYTES,
  MAX_WRITES,
  type Transaction,
  writtenBytes,
} from '@keyserver/docstore';
import { type Cell, type CellStore, type KeyDocument, paddingSource } from '@keyserver/padding';
import { type Random, randomId } from '@keyserver/random';
import {
  type KeyBatchDocument,
  type KeyStoreSettings,
  type NewKeyBatch,
  keyBatchDocument,
  keyBatchOf,
  keyBatches,
} from './key-batch-document.ts';
import { padBegun, padCells, padRevised } from './padding-documents.ts';

/** What settled cells are kept with. */
export interface CellStoreOptions {
  readonly keys: KeyStoreSettings;
  readonly random: Random;
  /** How long a settled cell is remembered, ms; longer than any of its documents. */
  readonly keepMs: number;
}

/** Reads which cells are settled. */
export const settledCells = (store: DocumentStore): Pick<CellStore, 'settledWith'> => ({
  settledWith: async (ids) => {
    const found = await store.get(padCells, ids);
    return found.map((one) => one && { attempt: one.attempt, documents: one.documents });
  },
});

/** Settled cells in the document store, and their generated documents among all others. */
export function cellStore(store: DocumentStore, options: CellStoreOptions): CellStore {
  return {
    ...settledCells(store),
    async begin({ id }) {
      let isNew = false; // also when an attempt has said so of which nobody heard
      return await store.transact(async (tx) => {
        const [begun] = await tx.get(padBegun, [id]);
        if (begun === undefined) tx.create(padBegun, id, { expireAt: tx.now + options.keepMs });
        isNew ||= begun === undefined;
        return isNew;
      });
    },
    async write(cell, attempt, documents) {
      const of = { kind: cell.kind, sourceId: paddingSource(cell.id, attempt) };
      const made = documents.map((one) => generated(one, of, options));
      for (const group of groupsOf(made))
        if (!(await writeGroup(store, cell, group))) return undefined;
      return made.map(({ id, document }) => keyBatchOf(id, document));
    },
    async claim(ids) {
      return await store.transact(async (tx) => {
        const found = await tx.get(padRevised, ids);
        const fresh = ids.filter((_, n) => found[n] === undefined);
        for (const id of fresh) tx.create(padRevised, id, { expireAt: tx.now + options.keepMs });
        return new Set(fresh);
      });
    },
    async name({ id }, { attempt, documents }) {
      return await store.transact(async (tx) => {
        const [settled] = await tx.get(padCells, [id]);
        // An attempt of this very transaction may have named it before.
        if (settled !== undefined) return settled.attempt === attempt;
        tx.create(padCells, id, { attempt, documents, expireAt: tx.now + options.keepMs });
        return true;
      });
    },
  };
}

interface Generated {
  readonly id: string;
  readonly document: KeyBatchDocument;
}

/** A generated document is stored like any other, and can be found like any other. */
function generated(
  one: KeyDocument,
  of: Pick<NewKeyBatch, 'kind' | 'sourceId'>,
  { keys, random }: CellStoreOptions,
): Generated {
  const batch = { ...one, ...of, origin: 'padding' } as const;
  return { id: randomId(random), document: keyBatchDocument(batch, keys, random) };
}

/** Documents in groups that one transaction takes, whatever they hold. */
function* groupsOf(all: readonly Generated[]): Generator<readonly Generated[]> {
  let group: Generated[] = [];
  let bytes = 0;
  for (const one of all) {
    const size = writtenBytes(keyBatches, one.id, one.document);
    if (group.length === MAX_WRITES || (group.length > 0 && bytes + size > MAX_TRANSACTION_BYTES)) {
      yield group;
      [group, bytes] = [[], 0];
    }
    group.push(one);
    bytes += size;
  }
  if (group.length > 0) yield group;
}

/** Stores documents while their cell is not settled; whether it was not. */
const writeGroup = async (
  store: DocumentStore,
  { id }: Cell,
  group: readonly Generated[],
): Promise<boolean> =>
  await store.transact(async (tx) => {
    const [settled] = await tx.get(padCells, [id]);
    if (settled !== undefined) return false;
    if (!(await areThere(tx, group)))
      for (const one of group) tx.create(keyBatches, one.id, one.document);
    return true;
  });

/** Whether an earlier attempt of this transaction, of which nobody heard, has stored the documents. */
const areThere = async (tx: Transaction, group: readonly Generated[]): Promise<boolean> => {
  const [first] = group;
  if (first === undefined) return true;
  const [stored] = await tx.get(keyBatches, [first.id]);
  return stored !== undefined;
};
