import { DAY, INTERVAL, INTERVALS_PER_DAY, type UnixMillis, intervalAt } from '@keyserver/time';
import type { KeyRules } from './key-rules.ts';

/** The interval in which symptoms began, and whether that is only assumed. */
export interface Onset {
  readonly interval: number;
  readonly assumed: boolean;
}

/** The first believable candidate, or the day that is assumed of people who name none. */
export function chooseOnset(
  candidates: readonly number[],
  now: UnixMillis,
  rules: KeyRules,
): Onset {
  const current = intervalAt(now);
  const earliest = Math.floor((now - rules.maxOnsetReport * DAY) / DAY) * INTERVALS_PER_DAY;
  const reported = candidates.find(
    (onset) => Number.isInteger(onset) && earliest <= onset && onset < current,
  );
  if (reported !== undefined) return { interval: reported, assumed: false };
  return { interval: Math.floor((now - rules.defaultOnset * DAY) / INTERVAL), assumed: true };
}
