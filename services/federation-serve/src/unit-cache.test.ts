import type { KeyBatch } from '@keyserver/exposure-keys';
import type { Unit } from '@keyserver/federation';
import { aGrant, aPartner } from '@keyserver/federation/testing';
import { aKey, recordsOf } from '@keyserver/stores/testing';
import { HOUR, unixMillis } from '@keyserver/time';
import { unitCache } from './unit-cache.ts';

const unitOf = (n: number, grant = aGrant()): Unit => ({
  ...{ start: unixMillis(n * HOUR), end: unixMillis((n + 1) * HOUR), grant },
});
const KEYS = 4;
/** What four keys of one group take, as the cache reckons. */
const UNIT_BYTES = KEYS * 28 + 256;

/** Units whose reading waits until it is let go. */
function heldUnits() {
  const read: number[] = [];
  let running = 0;
  let most = 0;
  let go: () => void = () => undefined;
  let gate = Promise.resolve();
  return {
    ...{ read, most: () => most },
    hold: () => {
      gate = new Promise((resolve) => {
        go = resolve;
      });
    },
    letGo: () => {
      go();
    },
    readUnit: async function* (_partner: unknown, { start }: Unit) {
      read.push(start / HOUR);
      most = Math.max(most, ++running);
      await gate;
      running--;
      const records = recordsOf(...Array.from({ length: KEYS }, (_, n) => aKey(n)));
      const batch: KeyBatch = {
        ...{ id: 'd', window: start, kind: 'primary', origin: 'local', sourceId: '' },
        ...{ regions: ['US'], traveler: false, app: 'app', records },
      };
      yield [batch];
    },
  };
}

describe('the cache of units', () => {
  it('reads a unit once for all who want it at the same time, and keeps it', async () => {
    const units = heldUnits();
    const load = unitCache(units.readUnit, 10 * UNIT_BYTES);
    const [one, other] = await Promise.all([
      load(aPartner(), unitOf(1)),
      load(aPartner(), unitOf(1)),
    ]);
    expect(one).toBe(other);
    expect(await load(aPartner(), unitOf(1))).toBe(one);
    expect([units.read, one.bytes]).toEqual([[1], UNIT_BYTES]);
  });

  it('gives no partner what was read for another, nor under another grant', async () => {
    const units = heldUnits();
    const load = unitCache(units.readUnit, 10 * UNIT_BYTES);
    await load(aPartner(), unitOf(1));
    await load(aPartner({ id: 'other' }), unitOf(1));
    await load(aPartner({ mode: 'padded' }), unitOf(1));
    await load(aPartner(), unitOf(1, aGrant({ includeRegions: ['CA'] })));
    expect(units.read).toHaveLength(4);
  });

  it('forgets what was used longest ago when there is no room', async () => {
    const units = heldUnits();
    const load = unitCache(units.readUnit, 2 * UNIT_BYTES);
    for (const n of [1, 2, 1, 3, 1, 2]) await load(aPartner(), unitOf(n));
    expect(units.read).toEqual([1, 2, 3, 2]);
  });

  it('keeps a unit that is larger than all the room, alone', async () => {
    const units = heldUnits();
    const load = unitCache(units.readUnit, 1);
    for (const n of [1, 1, 2, 2, 1]) await load(aPartner(), unitOf(n));
    expect(units.read).toEqual([1, 2, 1]);
  });

  it('reads two units at a time, whoever asks', async () => {
    const units = heldUnits();
    units.hold();
    const load = unitCache(units.readUnit, 10 * UNIT_BYTES);
    const loading = [1, 2, 3, 4, 5].map(async (n) => await load(aPartner(), unitOf(n)));
    units.letGo();
    await Promise.all(loading);
    expect(units.most()).toBe(2);
    expect(units.read).toEqual([1, 2, 3, 4, 5]);
  });

  it('tries again after a fault, which whoever waited hears of', async () => {
    let attempts = 0;
    const load = unitCache(async function* (): AsyncGenerator<readonly KeyBatch[]> {
      await Promise.resolve();
      if (++attempts === 1) throw new Error('the store is away');
      yield [];
    }, 1000);
    const waiting = [load(aPartner(), unitOf(1)), load(aPartner(), unitOf(1))];
    for (const outcome of await Promise.allSettled(waiting))
      expect(outcome).toMatchObject({ status: 'rejected' });
    expect((await load(aPartner(), unitOf(1))).bytes).toBe(0);
    expect(attempts).toBe(2);
  });
});
