import type { DocumentStore, Transaction } from '@keyserver/docstore';
import type { BatchSpan, CutBatches } from '@keyserver/export-file';
import { type UnixMillis, type WindowCalendar, unixMillis, windowStart } from '@keyserver/time';
import { exportConfigOf, exportConfigs } from './configuration.ts';
import { batchId, exportBatches, exportProgress, openBatch } from './export-batch-document.ts';
import { indexIn, keepCut } from './export-index.ts';
import type { KeyStoreSettings } from './key-batch-document.ts';
import { findOldestWindow } from './key-reader.ts';
import type { ReadWindows } from './store-windows.ts';

interface CutOptions {
  readonly keys: Pick<KeyStoreSettings, 'retention'>;
  readonly windows: ReadWindows;
  readonly keepMs: number;
}

/** Cuts exports into batches, each cut in one transaction. */
export const cutBatches =
  (store: DocumentStore, options: CutOptions): CutBatches =>
  async (configId, due) => {
    const nothingBefore = await beginningOfKeys(store, options, configId);
    return await store.transact(async (tx) => {
      const [stored] = await tx.get(exportConfigs, [configId]);
      const [progress] = await tx.get(exportProgress, [configId]);
      const coveredUntil = optionalTime(progress?.coveredUntil);
      if (stored === undefined) return { created: 0, coveredUntil };
      const config = exportConfigOf(configId, stored);
      const windows = await options.windows(tx);
      const spans = due({ config, coveredUntil, nothingBefore, windows, now: tx.now });
      refuseOpenWindows(spans, closedAt(tx.now, store, windows));
      const missing = await absent(tx, configId, spans);
      const index = await indexIn(tx, configId);
      for (const span of missing)
        tx.create(
          exportBatches,
          batchId(configId, span),
          openBatch(config, span, tx.now + options.keepMs),
        );
      const covered = Math.max(coveredUntil ?? 0, ...spans.map((span) => span.end));
      if (covered !== (coveredUntil ?? 0)) {
        tx.set(exportProgress, configId, { coveredUntil: covered });
        const cut = { before: coveredUntil ?? 0, coveredUntil: covered, spans: missing };
        keepCut(tx, configId, { index, ...cut });
      }
      return {
        created: missing.length,
        coveredUntil: covered === 0 ? undefined : unixMillis(covered),
      };
    });
  };

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
  if (progress !== undefined) return retained;
  const closed = closedAt(now, store, await windows(store));
  return (await findOldestWindow(store, { from: retained, until: closed })) ?? closed;
}

/** The start of the oldest window that may still receive keys. */
const closedAt = (
  now: UnixMillis,
  { closingDelay }: DocumentStore,
  windows: WindowCalendar,
): UnixMillis => windowStart(windows, unixMillis(Math.max(0, now - closingDelay)));

/** A key that came into a window after it was covered would be in no file. */
function refuseOpenWindows(spans: readonly BatchSpan[], closed: UnixMillis): void {
  if (spans.some(({ end }) => end > closed))
    throw new Error('a window that may still receive keys cannot be covered');
}

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
