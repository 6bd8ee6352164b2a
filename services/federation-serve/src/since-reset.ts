import type { Epoch, FindUnit } from '@keyserver/federation';
import type { UnixMillis } from '@keyserver/time';
import type { LoadUnit } from './unit-cache.ts';

/** Where units are found and kept, and by what time. */
export interface KnownUnits {
  readonly findUnit: FindUnit;
  readonly loadUnit: LoadUnit;
  readonly storeTime: () => Promise<UnixMillis>;
}

/**
 * The same units, of which everything is forgotten when another epoch of store time has begun: what was closed and settled by a time that was
 * wrong is open again, and gets keys, grants and generated keys that nobody has seen yet. It is forgotten before the reading of the epoch
 * is over, so a call that has read it finds nothing of an earlier one.
 */
export function knownSinceReset(
  readEpoch: () => Promise<Epoch>,
  begin: () => KnownUnits,
): KnownUnits & { readonly readEpoch: () => Promise<Epoch> } {
  let known = begin();
  let latest: number | undefined;
  return {
    readEpoch: async () => {
      const epoch = await readEpoch();
      // A reading that was slow may be of an earlier one.
      if (latest !== undefined && epoch.number > latest) known = begin();
      latest = Math.max(latest ?? 0, epoch.number);
      return epoch;
    },
    findUnit: async (partner, window) => await known.findUnit(partner, window),
    loadUnit: async (unit, after) => await known.loadUnit(unit, after),
    storeTime: async () => await known.storeTime(),
  };
}
