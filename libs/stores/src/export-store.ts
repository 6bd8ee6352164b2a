import type { DocumentStore } from '@keyserver/docstore';
import type { ExportStore } from '@keyserver/export-file';
import type { Random } from '@keyserver/random';
import { batchListing } from './export-batch-listing.ts';
import { batchQueue } from './export-batch-queue.ts';
import { type PaddingDocumentOf, batchWork } from './export-batch-work.ts';
import { cutBatches } from './export-cut.ts';
import { type KeyStoreSettings, keyBatchDocument } from './key-batch-document.ts';
import type { ReadWindows } from './store-windows.ts';

/** What the export store takes besides the document store. */
export interface ExportStoreOptions {
  readonly random: Random;
  /** Generated keys are stored like all others. */
  readonly keys: KeyStoreSettings;
  /** The windows that batches are cut by. */
  readonly windows: ReadWindows;
  /** How long a batch and the padding sequence of its day are kept, in ms; far longer than the files are listed. */
  readonly keepMs: number;
}

/** Batches and file records kept in the document store. */
export function exportStore(store: DocumentStore, options: ExportStoreOptions): ExportStore {
  return {
    cutBatches: cutBatches(store, options),
    queue: batchQueue(store, options.random),
    work: batchWork({ store, keepMs: options.keepMs, paddingDocument: paddingDocument(options) }),
    listings: batchListing(store),
  };
}

const PADDING_APP = 'export-generated';

// Its keys can be found like all others: whoever could upload a generated key anew would know it from a real one.
const paddingDocument =
  ({ keys, random }: ExportStoreOptions): PaddingDocumentOf =>
  ({ id: _, ...padding }) =>
    keyBatchDocument({ ...padding, app: PADDING_APP }, keys, random);
