import { type BatchSpan, type ExportConfig, dueBatches } from '@keyserver/export-file';
import { type UnixMillis, type WindowCalendar, floorTo, unixMillis } from '@keyserver/time';
import { type ExportVersion, type Plan, type PlanSpan, nextInForce, planStart } from './plan.ts';

/** The batches that are cut next, and up to where the export is covered with them. */
export interface DueCut {
  readonly spans: readonly BatchSpan[];
  readonly coveredUntil: UnixMillis;
}

/**
 * Where an export goes on: where it was cut to, or else with its `from`. What nothing is held of is passed over, since each
 * batch costs a search of all shards; but never the newest batch that is due: with it the export is covered from then on, and
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
 * The batches of an export that are due on one day, by the plan of that day; undefined when nothing is due. On a day on which
 * the export is not in force it goes on at the midnight of its re-opening, once windows behind that are closed: nothing of the
 * time between is its.
 */
export function nextCut(
  id: string,
  cut: {
    /** Up to where the export was cut before. It lies in the day of the plan. */
    readonly from: UnixMillis;
    readonly plan: Pick<Plan, 'end' | 'exports'>;
    /** The start of the oldest window that may not be exported yet. */
    readonly closed: UnixMillis;
    readonly windows: WindowCalendar;
    /** At most so many batches. */
    readonly limit: number;
    /** All versions of the export; looked at only where it is not in the plan. */
    readonly versions: readonly ExportVersion[];
    readonly span: PlanSpan;
  },
): DueCut | undefined {
  const { from, plan, closed, windows, limit } = cut;
  const planned = plan.exports.find((config) => config.id === id);
  if (planned === undefined) {
    const next = nextInForce(cut.versions, plan.end, cut.span);
    return next !== undefined && next < closed ? { spans: [], coveredUntil: next } : undefined;
  }
  const until = unixMillis(Math.min(plan.end, closed));
  const spans = dueBatches(planned, { from, until, windows, limit });
  const last = spans.at(-1);
  return last === undefined ? undefined : { spans, coveredUntil: last.end };
}
