import type { HourTotals, Totals } from '@keyserver/stores';
import { DAY, type UnixMillis, floorTo } from '@keyserver/time';

/** What the uploads of one authority add up to in one UTC day. */
export interface DayTotals extends Omit<HourTotals, 'hour'> {
  /** Midnight that the day begins at. */
  readonly day: UnixMillis;
}

/** From when on a day is shown. */
export interface DayRules {
  /** Uploads with which a day is shown as soon as it is over. */
  readonly minUploads: number;
  /** How long after its end a day with fewer is shown, ms. */
  readonly embargo: number;
}

/**
 * The days that an authority is shown, oldest first. A day must be over, and all its hours folded: its sums do not change any
 * more, so two answers differ by whole days, and subtracting them tells nothing of the uploads of an hour. The embargo is counted by
 * what is folded too, which goes by the time of the store: a clock of this machine that is ahead shows no day too early.
 */
export function shownDays(
  { hours, foldedUntil }: Totals,
  now: UnixMillis,
  { minUploads, embargo }: DayRules,
): readonly DayTotals[] {
  const over = Math.min(now, foldedUntil ?? 0);
  return daysOf(hours).filter((total) => {
    const end = total.day + DAY;
    return end <= over && (uploadsOf(total) >= minUploads || end + embargo < over);
  });
}

const uploadsOf = ({ unknown, android, ios }: DayTotals): number => unknown + android + ios;

/** Hours added up by UTC day; days without uploads are left out. */
export function daysOf(hours: readonly HourTotals[]): readonly DayTotals[] {
  const days = new Map<UnixMillis, DayTotals>();
  for (const { hour, ...counts } of hours) {
    const day = floorTo(hour, DAY);
    const before = days.get(day);
    days.set(day, before === undefined ? { ...counts, day } : { ...sumOf(before, counts), day });
  }
  return [...days.values()].toSorted((a, b) => a.day - b.day);
}

type Counts = Omit<HourTotals, 'hour'>;

const sumOf = (a: Counts, b: Counts): Counts => ({
  unknown: a.unknown + b.unknown,
  android: a.android + b.android,
  ios: a.ios + b.ios,
  keys: a.keys + b.keys,
  revisions: a.revisions + b.revisions,
  oldestKeyDays: a.oldestKeyDays.map((count, n) => count + (b.oldestKeyDays[n] ?? 0)),
  onsetDays: a.onsetDays.map((count, n) => count + (b.onsetDays[n] ?? 0)),
  onsetMissing: a.onsetMissing + b.onsetMissing,
});
