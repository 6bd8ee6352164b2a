import type { DocumentStore, Transaction } from '@keyserver/docstore';
import type { CutBatches, ExportStore } from '@keyserver/export-file';
import type { Random } from '@keyserver/random';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import { exportConfigOf, exportConfigs } from './configuration.ts';
import { batchId, exportBatches, openBatch } from './export-batch-document.ts';
import { batchListing } from './export-batch-listing.ts';
import { batchQueue } from './export-batch-queue.ts';
import { type CreatePadding, batchWork } from './export-batch-work.ts';
import { exportProgress } from './export-progress.ts';
import { type KeyStoreSettings, keyBatchDocument, keyBatches } from './key-batch-document.ts';

/** What the export store takes besides the document store. */
export interface ExportStoreOptions {
  readonly random: Random;
  /** Generated keys are stored like all others. */
  readonly keys: KeyStoreSettings;
  /** How long a batch and the padding sequence of its day are kept, in ms; far longer than the files are listed. */
  readonly keepMs: number;
}

/** Batches and file records kept in the document store. */
export function exportStore(store: DocumentStore, options: ExportStoreOptions): ExportStore {
  return {
    cutBatches: cutBatches(store, options.keepMs),
    queue: batchQueue(store, options.random),
    work: batchWork({ store, keepMs: options.keepMs, createPadding: createPadding(options) }),
    listings: batchListing(store),
  };
}

const PADDING_APP = 'export-generated';

const createPadding =
  ({ keys, random }: ExportStoreOptions): CreatePadding =>
  (tx, { id, ...padding }) => {
    tx.create(keyBatches, id, keyBatchDocument({ ...padding, app: PADDING_APP }, keys, random));
  };

const cutBatches =
  (store: DocumentStore, keepMs: number): CutBatches =>
  async (configId, due) =>
    await store.transact(async (tx) => {
      const [stored] = await tx.get(exportConfigs, [configId]);
      const [progress] = await tx.get(exportProgress, [configId]);
      const coveredUntil = optionalTime(progress?.coveredUntil);
      if (stored === undefined) return { created: 0, coveredUntil };
      const config = exportConfigOf(configId, stored);
      const spans = due({ config, coveredUntil, now: tx.now });
      const ids = spans.map((span) => batchId(configId, span));
      const missing = await absent(tx, ids);
      for (const span of spans) {
        const id = batchId(configId, span);
        if (missing.has(id)) tx.create(exportBatches, id, openBatch(config, span, tx.now + keepMs));
      }
      const covered = Math.max(coveredUntil ?? 0, ...spans.map((span) => span.end));
      if (covered !== (coveredUntil ?? 0))
        tx.set(exportProgress, configId, { coveredUntil: covered });
      return {
        created: missing.size,
        coveredUntil: covered === 0 ? undefined : unixMillis(covered),
      };
    });

/** The ids are read first: what is there was created by an earlier run, or before the progress was lost. */
async function absent(tx: Transaction, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const stored = await tx.get(exportBatches, ids);
  return new Set(ids.filter((_, n) => stored[n] === undefined));
}

const optionalTime = (t: number | undefined): UnixMillis | undefined =>
  t === undefined ? undefined : unixMillis(t);
