import { type KeyBatch, RECORD_BYTES } from '@keyserver/exposure-keys';
import type { PackedSlice, Unit } from '@keyserver/federation';
import { aGrant } from '@keyserver/federation/testing';
import { aKey, recordsOf } from '@keyserver/stores/testing';
import { HOUR, unixMillis } from '@keyserver/time';
import { unitCache } from './unit-cache.ts';

const unitOf = (n: number, change: Partial<Unit> = {}): Unit => ({
  ...{ start: unixMillis(n * HOUR), end: unixMillis((n + 1) * HOUR), mode: 'padded' },
  ...{ grant: aGrant(), ...change },
});
const KEYS = 4;
const KEY_BYTES = 28;
/** What four keys of one group take, as the cache reckons. */
const UNIT_BYTES = KEYS * KEY_BYTES + 256;

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
    readUnit: async function* ({ start }: Unit) {
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

const numbersIn = ({ lists }: PackedSlice): readonly number[] =>
  lists.primary.flatMap(({ records }) =>
    Array.from({ length: records.length / RECORD_BYTES }, (_, n) =>
      records.readUInt32BE(n * RECORD_BYTES),
    ),
  );

describe('the cache of units', () => {
  it('reads a unit once for all who want it at the same time, and keeps it', async () => {
    const units = heldUnits();
    const load = unitCache(units.readUnit, 10 * UNIT_BYTES);
    const [one, other] = await Promise.all([
      load(unitOf(1), undefined),
      load(unitOf(1), undefined),
    ]);
    expect(one).toBe(other);
    expect(await load(unitOf(1), undefined)).toBe(one);
    expect([units.read, one.bytes, one.end]).toEqual([[1], UNIT_BYTES, undefined]);
  });

  it('gives nobody what was read under another grant, for another span or with generated keys', async () => {
    const units = heldUnits();
    const load = unitCache(units.readUnit, 10 * UNIT_BYTES);
    await load(unitOf(1), undefined);
    await load(unitOf(1, { end: unixMillis(5 * HOUR) }), undefined);
    await load(unitOf(1, { grant: aGrant({ includeRegions: ['CA'] }) }), undefined);
    await load(unitOf(1, { mode: 'fresh' }), undefined);
    expect(units.read).toHaveLength(4);
  });

  it('reads what is not padded once for all grants, which every call looks at', async () => {
    const units = heldUnits();
    const load = unitCache(units.readUnit, 10 * UNIT_BYTES);
    const fresh = unitOf(1, { mode: 'fresh' });
    const one = await load(fresh, undefined);
    expect(await load({ ...fresh, grant: aGrant({ includeRegions: ['CA'] }) }, undefined)).toBe(
      one,
    );
  });

  it('forgets what was used longest ago when there is no room', async () => {
    const units = heldUnits();
    const load = unitCache(units.readUnit, 2 * UNIT_BYTES);
    for (const n of [1, 2, 1, 3, 1, 2]) await load(unitOf(n), undefined);
    expect(units.read).toEqual([1, 2, 3, 2]);
  });

  it('reads two at a time, whoever asks', async () => {
    const units = heldUnits();
    units.hold();
    const load = unitCache(units.readUnit, 10 * UNIT_BYTES);
    const loading = [1, 2, 3, 4, 5].map(async (n) => await load(unitOf(n), undefined));
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
    const waiting = [load(unitOf(1), undefined), load(unitOf(1), undefined)];
    for (const outcome of await Promise.allSettled(waiting))
      expect(outcome).toMatchObject({ status: 'rejected' });
    expect((await load(unitOf(1), undefined)).bytes).toBe(0);
    expect(attempts).toBe(2);
  });
});

describe('of a unit that is larger than a quarter of the room', () => {
  /** Room in which a slice holds one key. */
  const SMALL = 4 * KEY_BYTES;

  it('the cache gives slices, one behind the other', async () => {
    const units = heldUnits();
    const load = unitCache(units.readUnit, SMALL);
    const got: number[] = [];
    let slice = await load(unitOf(1), undefined);
    for (; slice.end !== undefined; slice = await load(unitOf(1), slice.end))
      got.push(...numbersIn(slice));
    expect([...got, ...numbersIn(slice)]).toEqual([0, 1, 2, 3]);
    expect(units.read).toEqual([1, 1, 1, 1]);
  });

  it('a slice is read once for all who want what it has', async () => {
    const units = heldUnits();
    const load = unitCache(units.readUnit, 8 * KEY_BYTES);
    const first = await load(unitOf(1), undefined);
    const within = { kind: 'primary', key: aKey(0).data } as const;
    expect(await load(unitOf(1), within)).toBe(first);
    const [second, again] = await Promise.all([
      load(unitOf(1), first.end),
      load(unitOf(1), { kind: 'primary', key: aKey(2).data }),
    ]);
    expect([numbersIn(first), numbersIn(second), again === second]).toEqual([[0, 1], [2, 3], true]);
    expect(units.read).toEqual([1, 1]);
  });

  it('no more is kept than there is room for', async () => {
    const units = heldUnits();
    const load = unitCache(units.readUnit, SMALL);
    const first = await load(unitOf(1), undefined);
    await load(unitOf(1), first.end);
    await load(unitOf(1), undefined);
    expect(units.read).toEqual([1, 1, 1]);
  });
});
