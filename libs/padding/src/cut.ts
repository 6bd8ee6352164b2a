import { type BatchSpan, type ExportConfig, dueBatches } from '@keyserver/export-file';
import { type UnixMillis, type WindowCalendar, floorTo, unixMillis } from '@keyserver/time';
import { type PlanSpan, planStart } from './plan.ts';

/** The batches of an export, or units of a partner, that are cut next, and up to where it is covered with them. */
export interface DueCut {
  readonly spans: readonly BatchSpan[];
  readonly coveredUntil: UnixMillis;
}

/**
 * Where an export or a partner goes on: where it was cut to, or else with its `from`. What nothing is held of is passed over, since each
 * batch costs a search of all shards; but never the newest batch that is due: with it an export is covered from then on, and
 * has an index.
 */
export function cutStart(
  { from, period }: Pick<ExportConfig, 'from' | 'period'>,
  at: {
    /** Up to where the export was cut before; undefined before its first batch. */
    readonly covered: UnixMillis | undefined;
    /** No window before it holds a key that may be exported, nor ever will. */
    readonly nothingBefore: UnixMillis;
    /** The start of the oldest window that may not be exported yet. */
    readonly closed: UnixMillis;
    readonly span: PlanSpan;
  },
): UnixMillis {
  const held = Math.min(floorTo(at.nothingBefore, period), floorTo(at.closed, period) - period);
  return unixMillis(Math.max(at.covered ?? planStart(from, at.span), held, 0));
}

/**
 * The batches of an export, or units of a partner, that are due on one day, by the plan of that day; undefined when nothing is
 * due. On a day on which it is not in force it goes on at the midnight of its re-opening, once windows behind that are closed:
 * nothing of the time between is its.
 */
export function nextCut(cut: {
  /** How long a batch or unit is on that day; undefined where it is not in the plan. */
  readonly planned: Pick<ExportConfig, 'period'> | undefined;
  /** Up to where it was cut before. It lies in the day of the plan. */
  readonly from: UnixMillis;
  /** The end of that day. */
  readonly dayEnd: UnixMillis;
  /** The start of the oldest window that may not be given out yet. */
  readonly closed: UnixMillis;
  readonly windows: WindowCalendar;
  /** At most so many batches. */
  readonly limit: number;
  /** The next midnight after the day at which it is in force; looked at only where it is not in the plan. */
  readonly reopens: UnixMillis | undefined;
}): DueCut | undefined {
  const { planned, from, dayEnd, closed, windows, limit, reopens } = cut;
  if (planned === undefined)
    return reopens !== undefined && reopens < closed
      ? { spans: [], coveredUntil: reopens }
      : undefined;
  const until = unixMillis(Math.min(dayEnd, closed));
  const spans = dueBatches(planned, { from, until, windows, limit });
  const last = spans.at(-1);
  return last === undefined ? undefined : { spans, coveredUntil: last.end };
}
