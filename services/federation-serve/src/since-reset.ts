import type { FindUnit } from '@keyserver/federation';
import { SECOND, type Timers, type UnixMillis } from '@keyserver/time';
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
 * open again, and gets keys, grants and generated keys that nobody has seen yet. Store time has to go on as the timers do, so
 * that it is noticed also when the first call after it comes late.
 */
export function knownSinceReset(
  { storeTime, timers }: ReadTimes,
  begin: () => KnownUnits,
): KnownUnits {
  let known = begin();
  let latest = { now: 0, at: 0 };
  return {
    findUnit: async (partner, window) => {
      const asked = timers.monotonic();
      const now = await storeTime();
      const expected = latest.now + Math.max(0, asked - latest.at);
      const wasSetBack = now < expected - DIFFERENCE;
      if (wasSetBack) known = begin();
      if (wasSetBack || now >= expected) latest = { now, at: timers.monotonic() };
      return await known.findUnit(partner, window);
    },
    loadUnit: async (unit, after) => await known.loadUnit(unit, after),
  };
}

/** By what it is noticed that store time was set back. */
interface ReadTimes {
  readonly storeTime: () => Promise<UnixMillis>;
  readonly timers: Pick<Timers, 'monotonic'>;
}
