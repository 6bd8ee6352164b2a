import {
  type DocumentStore,
  MAX_TRANSACTION_BYTES,
  MAX_WRITES,
  type Transaction,
  writtenBytes,
} from '@keyserver/docstore';
import type { BatchWork, ExportBatch, Freeze, FreezeOutcome } from '@keyserver/export-file';
import type { KeyBatch } from '@keyserver/exposure-keys';
import { DAY, floorTo } from '@keyserver/time';
import { type BatchDocument, batchOf, exportBatches, padDays } from './export-batch-document.ts';
import { indexIn, keepFinished } from './export-index.ts';
import { type KeyBatchDocument, keyBatches } from './key-batch-document.ts';

/** The document in which generated keys are stored. */
export type PaddingDocumentOf = (padding: KeyBatch) => KeyBatchDocument;

/** The batch and its day are written with the padding; a batch may be a full document. */
const MOST_DOCUMENTS = MAX_WRITES - 2;
const MOST_BYTES = MAX_TRANSACTION_BYTES - (2 << 20);

interface Deps {
  readonly store: DocumentStore;
  readonly keepMs: number;
  readonly paddingDocument: PaddingDocumentOf;
}

/** The steps of a worker at its batch. */
export function batchWork(deps: Deps): BatchWork {
  const { store } = deps;
  return {
    async paddingSequence(batch) {
      const [day] = await store.get(padDays, [dayOf(batch)]);
      return day?.sequence ?? 0;
    },
    async freeze(batch, step) {
      return await store.transact(async (tx) => await freeze(tx, deps, { batch, step }));
    },
    async finish(batch, end) {
      return await store.transact(async (tx) => {
        const [stored] = await tx.get(exportBatches, [batch.id]);
        if (stored?.fence !== batch.fence) return false;
        // The fence is ours, so an earlier attempt of this very transaction has already ended the batch.
        if (stored.state !== 'open') return true;
        const index = await indexIn(tx, stored.config);
        const files = end.state === 'stored' ? end.files : [];
        const ended = { ...stored, state: end.state, files, leaseExpires: tx.now };
        tx.set(exportBatches, batch.id, ended);
        keepFinished(tx, index, batchOf(batch.id, ended));
        return true;
      });
    },
  };
}

// Batches never cross midnight: their length divides the day and they are aligned to it.
const dayOf = ({ start }: ExportBatch): string =>
  new Date(floorTo(start, DAY)).toISOString().slice(0, 10);

async function freeze(
  tx: Transaction,
  deps: Deps,
  { batch, step }: { batch: ExportBatch; step: Freeze },
): Promise<FreezeOutcome> {
  const day = dayOf(batch);
  const [stored] = await tx.get(exportBatches, [batch.id]);
  if (stored?.state !== 'open' || stored.fence !== batch.fence) return { kind: 'lost' };
  if (alreadyDone(stored, step)) return { kind: 'frozen', batch: batchOf(batch.id, stored) };
  const [pads] = await tx.get(padDays, [day]);
  if ((pads?.sequence ?? 0) !== step.sequence) return { kind: 'overtaken' };
  const documents = firstThatFit(step.padding, deps.paddingDocument);
  for (const [id, document] of documents) tx.create(keyBatches, id, document);
  tx.set(padDays, day, { sequence: step.sequence + 1, expireAt: tx.now + deps.keepMs });
  if (documents.length < step.padding.length) {
    // An attempt after an unknown outcome is answered that it was overtaken, and the worker looks again.
    const padded = { ...stored, padTo: step.padTo };
    tx.set(exportBatches, batch.id, padded);
    const padding = step.padding.slice(0, documents.length);
    return { kind: 'padded', batch: batchOf(batch.id, padded), padding };
  }
  const frozen = { ...stored, attempt: step.attempt, frozen: step.frozen };
  tx.set(exportBatches, batch.id, frozen);
  return { kind: 'frozen', batch: batchOf(batch.id, frozen) };
}

/** The documents of the padding, as far as one transaction takes them. */
function firstThatFit(
  padding: readonly KeyBatch[],
  documentOf: PaddingDocumentOf,
): readonly (readonly [id: string, document: KeyBatchDocument])[] {
  const documents: (readonly [string, KeyBatchDocument])[] = [];
  let bytes = 0;
  for (const one of padding.slice(0, MOST_DOCUMENTS)) {
    const document = documentOf(one);
    bytes += writtenBytes(keyBatches, one.id, document);
    if (bytes > MOST_BYTES) break;
    documents.push([one.id, document]);
  }
  return documents;
}

/** Only the holder of the fence freezes, so what it wants to write can only stem from an earlier attempt of this transaction. */
const alreadyDone = (stored: BatchDocument, step: Freeze): boolean =>
  stored.frozen?.paddingSequence === step.frozen.paddingSequence && stored.attempt === step.attempt;
