import { KEY_BYTES, type OfferedKey } from '@keyserver/exposure-keys';
import type { Random } from '@keyserver/random';
import { DAY, INTERVALS_PER_DAY, type UnixMillis, floorTo, intervalAt } from '@keyserver/time';

/** What a pretended phone has: so many days of keys, the newest from yesterday or still in use today. */
export interface PhoneHistory {
  readonly count: number;
  readonly includeToday: boolean;
}

/** Random keys as a phone has them after some days: one a day, each valid for its whole UTC day, newest first. */
export function phoneKeys(
  { count, includeToday }: PhoneHistory,
  now: UnixMillis,
  random: Random,
): readonly OfferedKey[] {
  const today = intervalAt(floorTo(now, DAY));
  const newest = includeToday ? today : today - INTERVALS_PER_DAY;
  return Array.from({ length: count }, (_, daysBefore) => ({
    key: Buffer.from(random.bytes(KEY_BYTES)).toString('base64'),
    rollingStartNumber: newest - daysBefore * INTERVALS_PER_DAY,
    rollingPeriod: INTERVALS_PER_DAY,
    transmissionRisk: 0,
  }));
}
