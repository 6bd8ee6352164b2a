import type { DocumentStore } from '@keyserver/docstore';
import type { Partner } from '@keyserver/federation';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { DAY, HOUR, type SimulatedClock, simulatedClock, unixMillis } from '@keyserver/time';
import { exportProgress } from './export-batch-document.ts';
import type { Units } from './partner-units.ts';
import { partnerVersionChange } from './partner-versions.ts';
import { findPartner, partnerDocument, partners } from './partners.ts';
import { changesFrom } from './plan-store.ts';
import { partnerDays, servedUnits } from './served-units.ts';
import { aPaddedPartner } from './testing/a-partner.ts';
import { NOON } from './testing/uploads.ts';

const MIDNIGHT = unixMillis(NOON + 12 * HOUR);

let clock: SimulatedClock;
let store: DocumentStore;
beforeEach(async () => {
  clock = simulatedClock(NOON);
  store = await openTestStore({ clock });
  // Days are planned, so changes hold from a midnight.
  await store.transact(async (tx) => {
    tx.set(exportProgress, 'us', { coveredUntil: NOON });
    await Promise.resolve();
  });
});
afterEach(closeTestStores);

/** Changes a partner, or removes it, as an applied configuration does. */
const change = async (id: string, after: Partner | undefined): Promise<void> => {
  await store.transact(async (tx) => {
    const keep = await partnerVersionChange(tx, { id, from: await changesFrom(tx, DAY) });
    keep(after);
    if (after === undefined) tx.delete(partners, id);
    else tx.set(partners, id, partnerDocument(after));
  });
};

/** How long a unit is of each kind, by which it says who it is, ms. */
const LENGTHS = { PADDED: 4 * HOUR, FRESH: HOUR };

const MODES = { PADDED: 'padded', FRESH: 'fresh' } as const;

/** Units that say who they are. */
const named = (name: keyof typeof LENGTHS): Units => ({
  findUnit: async (partner, start) =>
    await Promise.resolve({
      ...{ kind: 'available' },
      unit: { start, end: unixMillis(start + LENGTHS[name]), mode: MODES[name], grant: partner },
    }),
  readUnit: async function* () {
    yield await Promise.resolve([]);
  },
});

/** Whose units are found at an hour from noon on, or what is found instead. */
async function found(hours: number, partner: Partner): Promise<string> {
  const days = partnerDays(store, DAY);
  const units = servedUnits(store, { days, padded: named('PADDED'), fresh: named('FRESH') });
  const unit = await units.findUnit(partner, unixMillis(NOON + hours * HOUR));
  if (unit.kind === 'available')
    return unit.unit.end - unit.unit.start === LENGTHS.FRESH ? 'FRESH' : 'PADDED';
  return unit.kind === 'nothing' ? `nothing to ${(unit.to - NOON) / HOUR}` : unit.kind;
}

describe('the units of a partner', () => {
  it('are those of the mode that it had on their day', async () => {
    await change('neighbour', aPaddedPartner({ from: unixMillis(0) }));
    const fresh = aPaddedPartner({ mode: 'fresh' });
    await change('neighbour', fresh);
    await store.transact(async (tx) => {
      await Promise.resolve();
      tx.set(partners, 'neighbour', partnerDocument(fresh));
    });
    clock.advance(2 * DAY);
    await change('neighbour', aPaddedPartner());
    clock.advance(DAY);
    expect(await found(12, aPaddedPartner())).toBe('FRESH');
    expect(await found(59, aPaddedPartner())).toBe('FRESH');
    expect(await found(60, aPaddedPartner())).toBe('PADDED');
  });

  it('do not reach back before it begins, and are waited for until then', async () => {
    const partner = aPaddedPartner({ from: MIDNIGHT });
    await change('neighbour', partner);
    expect(await found(0, partner)).toBe('not yet');
    clock.advance(12 * HOUR);
    expect(await found(0, partner)).toBe('nothing to 12');
    expect(await found(12, partner)).toBe('PADDED');
  });

  it('are passed over between its removal and its return', async () => {
    await change('neighbour', aPaddedPartner({ from: MIDNIGHT }));
    clock.advance(DAY);
    await change('neighbour', undefined);
    clock.advance(3 * DAY);
    const again = aPaddedPartner({ from: unixMillis(MIDNIGHT + 4 * DAY) });
    await change('neighbour', again);
    clock.advance(2 * DAY);
    expect(await found(13, again)).toBe('nothing to 108');
    expect(await found(108, again)).toBe('PADDED');
  });

  describe('of days with a wide grant, which was narrowed and is widened again', () => {
    const wide = { includeRegions: ['CA', 'US'], from: unixMillis(0) };
    const regions = async (partner: Partner): Promise<unknown> => {
      const days = partnerDays(store, DAY);
      const units: Units = {
        findUnit: async (_, start) => {
          const grant = (await days.grantAt(partner, start))!;
          const { mode } = partner;
          return { kind: 'available', unit: { start, end: unixMillis(start + HOUR), mode, grant } };
        },
        readUnit: async function* () {
          yield await Promise.resolve([]);
        },
      };
      const found = await servedUnits(store, { days, padded: units, fresh: units }).findUnit(
        partner,
        unixMillis(NOON + DAY),
      );
      return found.kind === 'available' ? found.unit.grant.includeRegions : found.kind;
    };

    it.each([
      ['fresh', ['US']],
      ['padded', 'nothing'],
    ] as const)('are not given (%s) before the midnight of the widening', async (mode, given) => {
      const partner = aPaddedPartner({ ...wide, mode });
      await change('neighbour', partner);
      clock.advance(DAY);
      await change('neighbour', aPaddedPartner({ mode, from: wide.from }));
      clock.advance(2 * DAY);
      await change('neighbour', partner);
      expect(await regions(partner)).toEqual(given);
      clock.advance(DAY);
      expect(await regions(partner)).toEqual(['CA', 'US']);
    });
  });

  it('are none after its end', async () => {
    const partner = aPaddedPartner({ from: MIDNIGHT, thru: unixMillis(MIDNIGHT + DAY) });
    await change('neighbour', partner);
    clock.advance(5 * DAY);
    expect(await found(35, partner)).toBe('PADDED');
    expect(await found(36, partner)).toBe('not yet');
  });
});

describe('what a partner was granted on a day', () => {
  it('is seen within an unchanged partner for ten seconds, and at once in a changed one', async () => {
    const days = partnerDays(store, DAY);
    const partner = aPaddedPartner({ from: MIDNIGHT });
    await change('neighbour', partner);
    clock.advance(DAY);
    expect(await days.grantAt(partner, NOON)).toBeUndefined();
    expect(await days.grantAt(partner, MIDNIGHT)).toMatchObject({ includeRegions: ['US'] });
    const wide = aPaddedPartner({ from: MIDNIGHT, includeRegions: ['CA', 'US'] });
    await change('neighbour', wide);
    const tomorrow = unixMillis(MIDNIGHT + DAY);
    expect(await days.grantAt(wide, MIDNIGHT)).toMatchObject({ includeRegions: ['US'] });
    expect(await days.grantAt(wide, tomorrow)).toMatchObject({ includeRegions: ['CA', 'US'] });
  });
});

describe('findPartner', () => {
  const WHO = { issuer: 'https://issuer.example', subject: 'neighbour' };
  beforeEach(async () => {
    await change('neighbour', aPaddedPartner());
  });

  it('finds a partner by issuer and subject, letter for letter', async () => {
    expect(await findPartner(store)(WHO)).toEqual(aPaddedPartner());
  });

  it.each([
    { ...WHO, subject: 'Neighbour' },
    { ...WHO, subject: '' },
    { ...WHO, issuer: 'https://issuer.example/' },
    { ...WHO, subject: 'x'.repeat(1501) },
    { ...WHO, subject: '\ud800' },
  ])('finds nobody for others (%#)', async (who) => {
    expect(await findPartner(store)(who)).toBeUndefined();
  });

  it('finds nobody once the partner was removed', async () => {
    const find = findPartner(store);
    await change('neighbour', undefined);
    expect(await find(WHO)).toBeUndefined();
  });

  describe('over a store that tells whether anything has changed', () => {
    /** The store with such a mark, and how often it was read. */
    const marked = () => {
      const state = {
        mark: 1 as number | undefined,
        reads: 0,
        beforeRead: () => Promise.resolve(),
      };
      const over: DocumentStore = {
        closingDelay: 0,
        changeMark: () => state.mark,
        get: async (from, ids) => await store.get(from, ids),
        pages: async function* (from, query) {
          state.reads++;
          await state.beforeRead();
          yield* store.pages(from, query);
        },
        transact: async (decide) => await store.transact(decide),
        deleteAll: async (from, query) => await store.deleteAll(from, query),
        now: async () => await store.now(),
        certainTime: async () => await store.certainTime(),
        close: async () => {
          await store.close();
        },
      };
      return { state, find: findPartner(over) };
    };

    it('reads again only what may have changed since it was read', async () => {
      const { state, find } = marked();
      expect([await find(WHO), await find(WHO)]).toEqual([aPaddedPartner(), aPaddedPartner()]);
      expect(state.reads).toBe(1);
      await change('neighbour', aPaddedPartner({ includeRegions: ['CA'] }));
      state.mark = 2;
      expect(await find(WHO)).toMatchObject({ includeRegions: ['CA'] });
      await change('neighbour', undefined);
      state.mark = 3;
      expect([await find(WHO), await find(WHO)]).toEqual([undefined, undefined]);
    });

    it('reads each time while the store cannot tell', async () => {
      const { state, find } = marked();
      state.mark = undefined;
      await find(WHO);
      await find(WHO);
      expect(state.reads).toBe(2);
    });

    it('remembers nothing under a mark that came while it was read', async () => {
      const { state, find } = marked();
      let letGo: (() => void) | undefined;
      state.beforeRead = async () => {
        await new Promise<void>((resolve) => {
          letGo = resolve;
        });
      };
      const slow = find(WHO);
      state.beforeRead = () => Promise.resolve();
      state.mark = 2;
      expect(await find({ ...WHO, subject: 'nobody' })).toBeUndefined();
      letGo?.();
      expect(await slow).toEqual(aPaddedPartner());
      await find(WHO);
      expect(state.reads).toBe(3);
    });
  });
});
