import type { StoreProfile } from '@keyserver/stores';
import { MINUTE } from '@keyserver/time';
import type { Configuration, Problem } from './configuration.ts';
import { formatDuration } from './time-text.ts';

/** What a shorter span holds is one person's upload, more often than not; and phones take 20 files a day, not 288. */
const SHORTEST_PERIOD = 5 * MINUTE;

/**
 * The periods that only a store for trying things out may have. An export that is stored with one keeps it, so that its
 * file can still be applied.
 */
export const tooShortPeriods = (
  before: Configuration,
  after: Configuration,
  profile: StoreProfile | undefined,
): readonly Problem[] =>
  profile === 'development'
    ? []
    : after.exports
        .filter(({ period }) => period < SHORTEST_PERIOD)
        .filter(({ id, period }) => !before.exports.some((o) => o.id === id && o.period === period))
        .map(({ id, period }) => ({
          path: 'exports',
          message: `gives ${id} a period of ${formatDuration(period)}; outside the development profile it is ${formatDuration(SHORTEST_PERIOD)} at least`,
        }));
