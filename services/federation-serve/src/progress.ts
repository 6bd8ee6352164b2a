import type { Partner } from '@keyserver/federation';
import { configuredId } from '@keyserver/log';
import type { ReadProgress } from '@keyserver/service';
import type { UnixMillis } from '@keyserver/time';

/** Where partners stand, as far as their calls tell: a position is kept by the partner alone, so a process knows those that have called it. */
export interface ServedPartners {
  /** Notes the start of the unit that a partner goes on with. */
  readonly note: (partner: Partner, until: UnixMillis) => void;
  readonly progress: ReadProgress;
}

/** Begins to remember where partners stand; there is one entry for each that has called. */
export function servedPartners(): ServedPartners {
  const seen = new Map<string, readonly [Partner, UnixMillis]>();
  return {
    note: (partner, until) => seen.set(partner.id, [partner, until]),
    progress: async (tell) => {
      await Promise.resolve();
      for (const [partner, until] of seen.values())
        tell(
          'keyserver_federation_served_until_timestamp_seconds',
          { partner: configuredId(partner) },
          until,
        );
    },
  };
}
