import type { Done, Failed } from '@keyserver/jobs';
import type { Logger } from '@keyserver/log';
import type { Folding } from '@keyserver/stores';

/** What keeping totals needs. */
export interface CleanTotalsDeps {
  /** Folds the counts of hours that are over, until the signal ends it between two steps. */
  readonly fold: (options: {
    readonly signal: AbortSignal;
    readonly noteLate: (count: number) => void;
  }) => Promise<Folding>;
  readonly log: Logger;
}

/** Folds counts of uploads into totals. What is left is done by the next run. */
export async function cleanTotals(
  { fold, log }: CleanTotalsDeps,
  signal: AbortSignal,
): Promise<Done | Failed> {
  const noteLate = (count: number): void => {
    log.event('cleanup.late_counts', { count });
  };
  const { folded, expired, left } = await fold({ signal, noteLate });
  if (expired > 0) log.event('cleanup.counts_expired', { count: expired });
  if (left === 0 || folded > 0) return { kind: 'done', done: folded, left };
  const problems = ['the run ended before any count was folded'];
  return { kind: 'failed', done: 0, left, problems };
}
