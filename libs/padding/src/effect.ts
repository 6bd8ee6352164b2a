import type { ExportConfig } from '@keyserver/export-file';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import { type PlanSpan, midnightNotBefore } from './plan.ts';

/** When changes of exports take effect. */
export interface Effect {
  readonly span: PlanSpan;
  /** The midnight from which they hold; undefined while no day has a plan, when they hold at once. */
  readonly midnight: UnixMillis | undefined;
  /** Store time. */
  readonly now: UnixMillis;
}

/**
 * An export as it can take effect, given how it is stored. Exports begin and end at midnights, so `from` and `thru` are rounded
 * up to the next one. An export that is added once days are planned begins with the next midnight at the earliest, and where
 * an export has begun is not changed any more: neither reaches back over days whose files are cut. For the same reason an
 * export ends with the next midnight at the earliest. What is stored stays.
 */
export const asItTakesEffect = (
  wanted: ExportConfig,
  stored: ExportConfig | undefined,
  effect: Effect,
): ExportConfig => ({
  ...wanted,
  from: beginning(wanted, stored, effect),
  thru: ending(wanted, stored, effect),
});

function beginning(
  { from }: ExportConfig,
  stored: ExportConfig | undefined,
  { span, midnight, now }: Effect,
): UnixMillis {
  const hasBegun = stored !== undefined && midnight !== undefined && stored.from <= now;
  if (hasBegun || stored?.from === from) return stored.from;
  return unixMillis(Math.max(midnightNotBefore(from, span), midnight ?? 0));
}

const ending = (
  { thru }: ExportConfig,
  stored: ExportConfig | undefined,
  { span, midnight }: Effect,
): UnixMillis | undefined =>
  thru === undefined || thru === stored?.thru
    ? thru
    : unixMillis(Math.max(midnightNotBefore(thru, span), midnight ?? 0));
