import type { DocumentStore, Transaction } from '@keyserver/docstore';
import {
  type BatchSpan,
  type Cut,
  type CutBatches,
  type ExportConfig,
} from '@keyserver/export-file';
import { cutStart, nextCut, planStart } from '@keyserver/padding';
import { type UnixMillis, type WindowCalendar, unixMillis, windowStart } from '@keyserver/time';
import { exportConfigOf, exportConfigs } from './configuration.ts';
import { batchId, exportBatches, exportProgress, openBatch } from './export-batch-document.ts';
import { indexIn, keepCut } from './export-index.ts';
import type { KeyStoreSettings } from './key-batch-document.ts';
import { findOldestWindow } from './key-reader.ts';
import { type PlanSettings, planIn, versionsIn } from './plan-store.ts';
import type { ReadWindows } from './store-windows.ts';

interface CutOptions extends PlanSettings {
  readonly keys: Pick<KeyStoreSettings, 'retention'>;
  readonly windows: ReadWindows;
}

/** Cuts exports into batches by the plans of days, one day in one transaction. */
export const cutBatches =
  (store: DocumentStore, options: CutOptions): CutBatches =>
  async (configId, limits) => {
    const nothingBefore = await beginningOfKeys(store, options, configId);
    return await store.transact(async (tx) => {
      const [stored] = await tx.get(exportConfigs, [configId]);
      if (stored === undefined) return NOTHING_CUT;
      const config = exportConfigOf(configId, stored);
      const [progress] = await tx.get(exportProgress, [configId]);
      const covered = optionalTime(progress?.coveredUntil);
      const windows = await options.windows(tx);
      const closed = windowStart(
        windows,
        unixMillis(Math.max(0, tx.now - Math.max(limits.minWindowAge, store.closingDelay))),
      );
      const from = cutStart(config, { covered, nothingBefore, closed, span: options.span });
      if (from >= closed) return NOTHING_CUT;
      const cut = { config, from, closed, windows, limit: limits.limit };
      return await cutDay(tx, options, { ...cut, covered });
    });
  };

const NOTHING_CUT: Cut = { created: 0, more: false };

interface Cutting {
  readonly config: ExportConfig;
  /** Up to where the export was cut before; undefined before its first batch. */
  readonly covered: UnixMillis | undefined;
  /** Where this cut begins. */
  readonly from: UnixMillis;
  /** The start of the oldest window that may not be exported yet. */
  readonly closed: UnixMillis;
  readonly windows: WindowCalendar;
  readonly limit: number;
}

async function cutDay(tx: Transaction, options: CutOptions, cutting: Cutting): Promise<Cut> {
  const { config, from, closed, covered } = cutting;
  const { plan, keep } = await planIn(tx, planStart(from, options.span), options);
  const planned = plan.exports.find(({ id }) => id === config.id);
  const versions = planned === undefined ? await versionsIn(tx, config) : [];
  const due = nextCut(config.id, { ...cutting, plan, versions, span: options.span });
  if (due === undefined) return NOTHING_CUT;
  const { coveredUntil } = due;
  const missing = await absent(tx, config.id, due.spans);
  const index = await indexIn(tx, config.id);
  keep();
  if (planned !== undefined)
    for (const span of missing)
      tx.create(
        exportBatches,
        batchId(config.id, span),
        openBatch(planned, span, tx.now + options.keepMs),
      );
  tx.set(exportProgress, config.id, { coveredUntil });
  keepCut(tx, config.id, { index, before: covered ?? 0, coveredUntil, spans: missing });
  return { created: missing.length, more: coveredUntil < closed };
}

/**
 * No window before this one holds a key that may be exported, nor ever will. For an export that was never cut this is the
 * oldest window with any key, or the first that is still open: only closed windows are searched, after they were closed, so
 * whatever is written later lies behind them. An export that was cut already goes on from there, and only passes over
 * what is past retention.
 */
async function beginningOfKeys(
  store: DocumentStore,
  { keys, windows }: CutOptions,
  configId: string,
): Promise<UnixMillis> {
  const now = await store.now();
  const retained = unixMillis(Math.max(0, now - keys.retention));
  const [progress] = await store.get(exportProgress, [configId]);
  if (progress !== undefined) return retained; // it goes on from there
  const closed = closedAt(now, store, await windows(store));
  return (await findOldestWindow(store, { from: retained, until: closed })) ?? closed;
}

/** The start of the oldest window that may still receive keys. */
const closedAt = (
  now: UnixMillis,
  { closingDelay }: DocumentStore,
  windows: WindowCalendar,
): UnixMillis => windowStart(windows, unixMillis(Math.max(0, now - closingDelay)));

/** What is there already was created by an earlier run, or before the progress was lost. */
async function absent(
  tx: Transaction,
  configId: string,
  spans: readonly BatchSpan[],
): Promise<readonly BatchSpan[]> {
  const stored = await tx.get(
    exportBatches,
    spans.map((span) => batchId(configId, span)),
  );
  return spans.filter((_, n) => stored[n] === undefined);
}

const optionalTime = (t: number | undefined): UnixMillis | undefined =>
  t === undefined ? undefined : unixMillis(t);
