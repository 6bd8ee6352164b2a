import type { DocumentStore } from '@keyserver/docstore';
import type { CutBatches, ExportConfig } from '@keyserver/export-file';
import { exportConfigOf, exportConfigs } from './configuration.ts';
import { type CutOptions, type CutTarget, cutDays } from './cut-days.ts';
import {
  type BatchDocument,
  batchId,
  exportBatches,
  exportProgress,
  openBatch,
} from './export-batch-document.ts';
import { indexIn, keepCut } from './export-index.ts';
import { versionsIn } from './plan-store.ts';

/** Cuts exports into batches by the plans of days, one day in one transaction. */
export const cutBatches = (store: DocumentStore, options: CutOptions): CutBatches =>
  cutDays(store, options, BATCHES);

const BATCHES: CutTarget<ExportConfig, BatchDocument> = {
  progress: exportProgress,
  configured: async (tx, id) => {
    const [stored] = await tx.get(exportConfigs, [id]);
    return stored && exportConfigOf(id, stored);
  },
  planned: ({ exports }, id) => {
    const of = exports.find((config) => config.id === id);
    return of && { period: of.period, of };
  },
  versions: async (tx, id) => {
    const [stored] = await tx.get(exportConfigs, [id]);
    return stored === undefined ? [] : await versionsIn(tx, exportConfigOf(id, stored));
  },
  documents: exportBatches,
  documentId: batchId,
  open: openBatch,
  besides: async (tx, id) => {
    const index = await indexIn(tx, id);
    return ({ before, coveredUntil, spans }) => {
      keepCut(tx, id, { index, before, coveredUntil, spans });
    };
  },
};
