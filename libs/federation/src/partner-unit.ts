import type { UnixMillis } from '@keyserver/time';
import type { Partner } from './partner.ts';

/**
 * A unit of a padded partner's plan: the closed windows [start, end) under the partner as the day was planned with it.
 * open (to be settled; leased while leaseExpires is ahead), settled (every cell has its generated documents, so it can be
 * served), dropped (its partner was removed before; nobody is given it).
 */
export interface PartnerUnit {
  readonly id: string;
  readonly partner: Partner;
  readonly start: UnixMillis;
  readonly end: UnixMillis;
  readonly state: 'open' | 'settled' | 'dropped';
  /** Counts leases; a worker may write only while it is still its own. */
  readonly fence: number;
  readonly leaseExpires: UnixMillis;
}
