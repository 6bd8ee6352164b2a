import { MINUTE, type UnixMillis } from '@keyserver/time';
import type { Check } from './outcome.ts';

/** How old an attestation may be, and how far ahead of this server's clock, in milliseconds. Neither has no bound. */
export interface Freshness {
  readonly maxAge: number;
  readonly maxSkew: number;
}

/** Ten minutes, and one minute for clocks that differ. */
export const USUAL_FRESHNESS: Freshness = { maxAge: 10 * MINUTE, maxSkew: MINUTE };

/** Longest age and skew that a policy may allow: an hour, and ten minutes. Entries against replay are kept that long. */
export const MAX_FRESHNESS: Freshness = { maxAge: 60 * MINUTE, maxSkew: 10 * MINUTE };

/** When something says that it was made, and when that is looked at. */
export interface Dated {
  /** Milliseconds since the Unix epoch. */
  readonly madeAt: number;
  readonly now: UnixMillis;
  readonly freshness: Freshness;
}

/** The two checks of time. A number that is none fails the first. */
export const FRESHNESS_CHECKS: readonly Check<Dated>[] = [
  {
    reason: 'too_old',
    failure: 'stale',
    claim: 'it is not older than the policy allows',
    holds: ({ madeAt, now, freshness }) => madeAt >= now - freshness.maxAge,
  },
  {
    reason: 'from_the_future',
    failure: 'future',
    claim: 'it was not made later than now, give or take the skew that the policy allows',
    holds: ({ madeAt, now, freshness }) => madeAt <= now + freshness.maxSkew,
  },
];
