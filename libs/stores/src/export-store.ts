import type { DocumentStore } from '@keyserver/docstore';
import type { ExportStore } from '@keyserver/export-file';
import type { PlanSpan } from '@keyserver/padding';
import type { Random } from '@keyserver/random';
import { batchListing } from './export-batch-listing.ts';
import { batchOf, exportBatches } from './export-batch-document.ts';
import { batchWork } from './export-batch-work.ts';
import { cutBatches } from './export-cut.ts';
import type { KeyStoreSettings } from './key-batch-document.ts';
import type { ReadWindows } from './store-windows.ts';
import { workQueue } from './work-queue.ts';

/** What the export store takes besides the document store. */
export interface ExportStoreOptions {
  readonly random: Random;
  readonly keys: Pick<KeyStoreSettings, 'retention'>;
  /** The windows that batches are cut by. */
  readonly windows: ReadWindows;
  /** How long one plan holds, ms. */
  readonly span: PlanSpan;
  /** How long batches and plans are kept, in ms; far longer than the files are listed. */
  readonly keepMs: number;
}

const BATCHES = {
  documents: exportBatches,
  open: { where: { state: 'open' }, order: { by: 'end' } },
  read: batchOf,
} as const;

/** Batches and file records kept in the document store. */
export function exportStore(store: DocumentStore, options: ExportStoreOptions): ExportStore {
  return {
    cutBatches: cutBatches(store, options),
    queue: workQueue(store, BATCHES, options.random),
    work: batchWork(store),
    listings: batchListing(store),
  };
}
