import type { FindUnit } from '@keyserver/federation';
import { SECOND, type UnixMillis } from '@keyserver/time';
import type { LoadUnit } from './unit-cache.ts';

/** Where units are found and kept. */
export interface KnownUnits {
  readonly findUnit: FindUnit;
  readonly loadUnit: LoadUnit;
}

/** Servers of one store may differ by less, ms; store time is never reset by so little. */
const DIFFERENCE = SECOND;

/**
 * The same units, of which everything is forgotten when store time was set back: what was closed and settled by a time that was wrong is
 * open again, and gets keys, grants and generated keys that nobody has seen yet.
 */
export function knownSinceReset(
  storeTime: () => Promise<UnixMillis>,
  begin: () => KnownUnits,
): KnownUnits {
  let known = begin();
  let latest = 0;
  return {
    findUnit: async (partner, window) => {
      const now = await storeTime();
      const wasSetBack = now < latest - DIFFERENCE;
      if (wasSetBack) known = begin();
      latest = wasSetBack ? now : Math.max(latest, now);
      return await known.findUnit(partner, window);
    },
    loadUnit: async (partner, unit) => await known.loadUnit(partner, unit),
  };
}
