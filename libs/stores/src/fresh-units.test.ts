import type { DocumentStore } from '@keyserver/docstore';
import type { KeyBatch } from '@keyserver/exposure-keys';
import type { Partner } from '@keyserver/federation';
import { aPartner } from '@keyserver/federation/testing';
import { randomId, systemRandom } from '@keyserver/random';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import {
  HOUR,
  MINUTE,
  type SimulatedClock,
  alwaysWindow,
  simulatedClock,
  unixMillis,
  windowLength,
} from '@keyserver/time';
import { freshUnits } from './fresh-units.ts';
import { type NewKeyBatch, keyBatchDocument, keyBatches } from './key-batch-document.ts';
import { FORMAT_ID, storeFormat } from './store-format.ts';
import { NOON, SETTINGS, aKey, keysOf, recordsOf } from './testing/uploads.ts';

let clock: SimulatedClock;
let store: DocumentStore;
let partner: Partner;

beforeEach(async () => {
  clock = simulatedClock(unixMillis(NOON + 30 * MINUTE));
  store = await openTestStore({ clock });
  partner = aPartner();
  await store.transact(async (tx) => {
    tx.set(storeFormat, FORMAT_ID, {
      ...{ version: 1, storeId: 'store', shards: 64, closingDelay: store.closingDelay },
      windows: alwaysWindow(windowLength(HOUR)!),
    });
    await Promise.resolve();
  });
});
afterEach(closeTestStores);

async function storeIn(...batches: readonly (Partial<NewKeyBatch> & { n: number })[]) {
  await store.transact(async (tx) => {
    for (const { n, ...given } of batches) {
      const batch: NewKeyBatch = {
        ...{ window: NOON, kind: 'primary', origin: 'local', sourceId: '', regions: ['US'] },
        ...{ traveler: false, app: 'app', records: recordsOf(aKey(n)) },
        ...given,
      };
      tx.create(
        keyBatches,
        randomId(systemRandom),
        keyBatchDocument(batch, SETTINGS, systemRandom),
      );
    }
    await Promise.resolve();
  });
}
const at = (hours: number) => unixMillis(NOON + hours * HOUR);
const units = () =>
  freshUnits(store, { retention: SETTINGS.retention, grantAt: () => Promise.resolve(partner) });
const find = async (hours: number) => await units().findUnit(partner, at(hours));
const available = (hours: number) => ({
  kind: 'available',
  unit: { start: at(hours), end: at(hours + 1) },
});

describe('the units of a fresh partner', () => {
  it('are none while it waits for the end of a pause, and are all there when it ends', async () => {
    await storeIn({ n: 1, window: at(-9) });
    let waits = true;
    const { findUnit } = freshUnits(store, {
      ...{ retention: SETTINGS.retention, grantAt: () => Promise.resolve(partner) },
      waits: () => Promise.resolve(waits),
    });
    expect(await findUnit(partner, at(-9))).toEqual({ kind: 'not yet' });
    waits = false;
    expect(await findUnit(partner, at(-9))).toMatchObject(available(-9));
  });

  it('are windows that are closed and hold keys; what holds none is passed over', async () => {
    await storeIn({ n: 1, window: at(-9) }, { n: 2, window: at(-2) }, { n: 3, window: at(0) });
    expect(await find(-9)).toMatchObject(available(-9));
    expect(await find(-8)).toEqual({ kind: 'nothing', to: at(-2) });
    expect(await find(-2)).toMatchObject(available(-2));
    expect(await find(-1)).toEqual({ kind: 'nothing', to: at(0) });
  });

  it('are found by any instant of their window', async () => {
    await storeIn({ n: 1, window: at(-2) });
    for (const instant of [at(-2), at(-2) + 1000, at(-1) - 1])
      expect(await units().findUnit(partner, unixMillis(instant))).toMatchObject(available(-2));
  });

  it('are not there before their window is closed', async () => {
    await storeIn({ n: 1 });
    expect(await find(0)).toEqual({ kind: 'not yet' });
    expect(await find(7)).toEqual({ kind: 'not yet' });
    clock.set(unixMillis(at(1) - 1));
    expect(await find(0)).toEqual({ kind: 'not yet' });
    clock.set(at(1));
    expect(await find(0)).toMatchObject(available(0));
  });

  it('wait for as long as a transaction can still write into them', async () => {
    await storeIn({ n: 1 });
    const slow = Object.assign(Object.create(store) as DocumentStore, { closingDelay: 330_000 });
    const found = async () =>
      await freshUnits(slow, {
        retention: SETTINGS.retention,
        grantAt: () => Promise.resolve(partner),
      }).findUnit(partner, at(0));
    clock.set(unixMillis(at(1) + 330_000 - 1));
    expect(await found()).toEqual({ kind: 'not yet' });
    clock.set(unixMillis(at(1) + 330_000));
    expect(await found()).toMatchObject(available(0));
  });

  it('are gone once any part of their window is past retention', async () => {
    const oldest = -SETTINGS.retention / HOUR;
    await storeIn({ n: 1, window: at(oldest) }, { n: 2, window: at(oldest + 1) });
    expect(await find(oldest)).toEqual({ kind: 'nothing', to: at(oldest + 1) });
    expect(await find(oldest + 1)).toMatchObject(available(oldest + 1));
    expect(await units().findUnit(partner, unixMillis(0))).toEqual({
      ...{ kind: 'nothing', to: at(oldest + 1) },
    });
  });

  it('begin with the partner, and end with it', async () => {
    await storeIn({ n: 1, window: at(-5) }, { n: 2, window: at(-3) }, { n: 3, window: at(-2) });
    partner = aPartner({ from: at(-4), thru: at(-2) });
    expect(await find(-5)).toEqual({ kind: 'nothing', to: at(-4) });
    expect(await find(-3)).toMatchObject(available(-3));
    expect(await find(-2)).toEqual({ kind: 'not yet' });
  });

  it('are passed over on a day on which the partner was not served', async () => {
    await storeIn({ n: 1, window: at(-2) });
    const { findUnit } = freshUnits(store, {
      retention: SETTINGS.retention,
      grantAt: () => Promise.resolve(undefined),
    });
    expect(await findUnit(partner, at(-2))).toEqual({ kind: 'nothing', to: at(-1) });
  });

  it('are not served while the store does not tell its windows', async () => {
    await store.deleteAll(storeFormat, {});
    await expect(find(-2)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('hold everything but what was generated', async () => {
    const window = at(-2);
    await storeIn(
      ...[
        { n: 1, window },
        { n: 2, window, origin: 'federated' as const },
      ],
      ...[
        { n: 3, window, origin: 'padding' as const },
        { n: 4, window: at(-1) },
      ],
    );
    const { findUnit, readUnit } = units();
    const found = await findUnit(partner, window);
    if (found.kind !== 'available') throw new Error(found.kind);
    const batches: KeyBatch[] = [];
    for await (const page of readUnit(found.unit)) batches.push(...page);
    const numbers = keysOf(batches).map((hex) => Number.parseInt(hex.slice(0, 8), 16));
    expect(numbers).toEqual([1, 2]);
  });
});
