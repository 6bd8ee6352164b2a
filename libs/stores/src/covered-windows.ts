import { Fault } from '@keyserver/fault';
import type { DocumentStore } from '@keyserver/docstore';
import { type ExportConfig, type SelectionRules, takerOf } from '@keyserver/export-file';
import type { KeyBatch } from '@keyserver/exposure-keys';
import { readerOf } from '@keyserver/padding';
import {
  type Clock,
  SECOND,
  type UnixMillis,
  type WindowCalendar,
  unixMillis,
  windowStart,
} from '@keyserver/time';
import { listExports } from './configuration-lookup.ts';
import { exportProgress } from './export-batch-document.ts';
import { partnerProgress } from './partner-unit-document.ts';
import { listPartners } from './partners.ts';

const REMEMBERED = 10 * SECOND;

/** How far each export has been cut into batches, and each padded partner into units. */
export type Coverage = readonly Covered[];

interface Covered {
  readonly config: Pick<ExportConfig, 'id' | 'thru'>;
  readonly coveredUntil: UnixMillis;
  readonly takes: ReturnType<typeof takerOf>;
}

/** Keys were to be written into a window that an export or a partner which takes them has left behind: it would never have them. */
export class CoverageFault extends Fault<'window_covered'> {
  /** The id of the export; that of a partner has `partner:` before it. */
  readonly exportId: string;
  constructor(exportId: string) {
    super('window_covered', `the window of these keys is covered already for ${exportId}`);
    this.exportId = exportId;
  }
}

/**
 * Throws CoverageFault when an export that takes these keys is covered past their window. It is the net below everything
 * that keeps windows and cuts in step, so whoever writes keys calls it in the transaction that writes them. Two do not:
 * padding belongs into windows that are being exported, and a store that moves takes its progress along.
 */
export function refuseCovered(
  coverage: Coverage,
  keys: Pick<KeyBatch, 'window' | 'regions' | 'traveler'>,
): void {
  const late = coverage.find(
    ({ config, coveredUntil, takes }) =>
      keys.window < coveredUntil && keys.window < (config.thru ?? Infinity) && takes(keys),
  );
  if (late !== undefined) throw new CoverageFault(late.config.id);
}

/**
 * Recalls how far exports are covered; what it says is ten seconds old at most.
 *
 * It may be old, and need not be read in the transaction that writes keys, where it would lock what the cut writes and
 * starve the cut under many uploads. For the window of a key comes from the store time of the transaction that writes it,
 * and a cut covers only windows that were closed by the store time of its own, which no later transaction writes into.
 * While both hold nothing is refused here, and a cut of the last ten seconds is no exception. They fail when processes
 * have different window lengths, or when store time goes back. A process that begins so remembers nothing yet. If it is the
 * one that cuts, it still leaves out what is younger than MIN_WINDOW_AGE_SECONDS; and whatever it has wrongly covered
 * stays so for far longer than ten seconds, so that uploads are refused and health says it.
 */
export function rememberedCoverage(store: DocumentStore, clock: Clock): () => Promise<Coverage> {
  let remembered: { readonly at: UnixMillis; readonly coverage: Promise<Coverage> } | undefined;
  return async () => {
    const now = clock.now();
    const age = now - (remembered?.at ?? 0);
    // A negative age means that the clock was set back: the answer may be old.
    if (remembered === undefined || age < 0 || age >= REMEMBERED) {
      const asked = { at: now, coverage: readCoverage(store) };
      remembered = asked;
      // Callers that wait for this answer get the fault. The next caller asks again.
      const forgetFault = (): void => {
        if (remembered === asked) remembered = undefined;
      };
      asked.coverage.catch(forgetFault);
    }
    return await remembered.coverage;
  };
}

async function readCoverage(store: DocumentStore): Promise<Coverage> {
  const exports = await listExports(store)();
  const progress = await store.get(
    exportProgress,
    exports.map(({ id }) => id),
  );
  return [...coveredOf(exports, progress), ...(await coverageOfPartners(store))];
}

/** Also of one that is fresh now: what was cut while it was padded is settled, and complete. */
async function coverageOfPartners(store: DocumentStore): Promise<Coverage> {
  const readers = (await listPartners(store)).map((one) => ({
    ...readerOf(one),
    thru: one.thru,
    partner: one.id,
  }));
  if (readers.length === 0) return [];
  const progress = await store.get(
    partnerProgress,
    readers.map(({ partner }) => partner),
  );
  return coveredOf(readers, progress);
}

const coveredOf = (
  configs: readonly (SelectionRules & Covered['config'])[],
  progress: readonly ({ readonly coveredUntil: number } | undefined)[],
): Coverage =>
  configs.flatMap((config, n) => {
    const coveredUntil = progress[n]?.coveredUntil;
    return coveredUntil === undefined
      ? []
      : [{ config, coveredUntil: unixMillis(coveredUntil), takes: takerOf(config) }];
  });

/** An export or partner that is covered past a window which is still open, so that keys for it are refused; undefined without any. */
export function coveredAhead(
  coverage: Coverage,
  now: UnixMillis,
  windows: WindowCalendar,
): string | undefined {
  const open = windowStart(windows, now);
  return coverage.find(
    ({ config, coveredUntil }) => open < coveredUntil && open < (config.thru ?? Infinity),
  )?.config.id;
}
