import type { ExportConfig } from '@keyserver/export-file';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import { type PlanSpan, midnightNotBefore } from './plan.ts';

/** What begins and ends with a plan: an export or a partner. */
type Lasting = Pick<ExportConfig, 'from' | 'thru'>;

/** When changes of exports and partners take effect. */
export interface Effect {
  readonly span: PlanSpan;
  /** The midnight from which they hold; undefined while no day has a plan, when they hold at once. */
  readonly midnight: UnixMillis | undefined;
  /** Store time. */
  readonly now: UnixMillis;
}

/**
 * An export or a partner as it can take effect, given how it is stored. They begin and end at midnights, so `from` and `thru` are
 * rounded up to the next one. An export that is added once days are planned begins with the next midnight at the earliest, and where
 * an export has begun is not changed any more: neither reaches back over days whose files are cut. For the same reason an
 * export ends with the next midnight at the earliest. What is stored stays.
 */
export const asItTakesEffect = <T extends Lasting>(
  wanted: T,
  stored: Lasting | undefined,
  effect: Effect,
): T => ({
  ...wanted,
  from: beginning(wanted, stored, effect),
  thru: ending(wanted, stored, effect),
});

function beginning(
  { from }: Lasting,
  stored: Lasting | undefined,
  { span, midnight, now }: Effect,
): UnixMillis {
  const hasBegun = stored !== undefined && midnight !== undefined && stored.from <= now;
  if (hasBegun || stored?.from === from) return stored.from;
  return unixMillis(Math.max(midnightNotBefore(from, span), midnight ?? 0));
}

const ending = (
  { thru }: Lasting,
  stored: Lasting | undefined,
  { span, midnight }: Effect,
): UnixMillis | undefined =>
  thru === undefined || thru === stored?.thru
    ? thru
    : unixMillis(Math.max(midnightNotBefore(thru, span), midnight ?? 0));
