import { type KeyBatch, RECORD_BYTES, packRecords } from '@keyserver/exposure-keys';
import type { FoundUnit, Partner } from '@keyserver/federation';
import { MIN_REVISED } from '@keyserver/padding';
import { closeTestStores } from '@keyserver/sqlite/testing';
import {
  type Units,
  padPlans,
  paddedUnits,
  partnerProgress,
  partnerUnits,
  unitOf,
} from '@keyserver/stores';
import { DAY, HOUR, MINUTE, type UnixMillis, unixMillis } from '@keyserver/time';
import {
  NOON,
  aPaddedPartner,
  anExport,
  aSigningKey,
  hour,
  keyNumber,
} from './testing/export-builders.ts';
import { type ExportFixture, openExportFixture } from './testing/export-fixture.ts';

afterEach(closeTestStores);

const MIDNIGHT = hour(24);
const RETENTION = 14 * DAY;

const unitsOf = ({ store }: ExportFixture): Units =>
  paddedUnits(store, { retention: RETENTION, span: DAY });

/** What is found at an hour of the day, as `available 8-12`, `nothing to 12` or `not yet`. */
async function found(
  fixture: ExportFixture,
  at: UnixMillis,
  partner: Partner = aPaddedPartner(),
): Promise<string> {
  const unit = await unitsOf(fixture).findUnit(partner, at);
  const inHours = (t: UnixMillis): number => (t - hour(0)) / HOUR;
  switch (unit.kind) {
    case 'available':
      return `available ${inHours(unit.unit.start)}-${inHours(unit.unit.end)}`;
    case 'nothing':
      return `nothing to ${inHours(unit.to)}`;
    case 'not yet':
      return 'not yet';
  }
}

/** The documents that a partner is given of the unit at an hour. */
async function given(
  fixture: ExportFixture,
  at: UnixMillis,
  partner: Partner = aPaddedPartner(),
): Promise<readonly KeyBatch[]> {
  const units = unitsOf(fixture);
  const unit: FoundUnit = await units.findUnit(partner, at);
  if (unit.kind !== 'available') throw new Error(unit.kind);
  const documents: KeyBatch[] = [];
  for await (const page of units.readUnit(unit.unit)) documents.push(...page);
  return documents;
}

const keysOf = (documents: readonly KeyBatch[]): readonly string[] =>
  documents.flatMap(({ records }) =>
    Array.from({ length: records.length / RECORD_BYTES }, (_, n) =>
      Buffer.from(records)
        .subarray(n * RECORD_BYTES, n * RECORD_BYTES + 16)
        .toString('hex'),
    ),
  );

async function states({ store }: ExportFixture): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const page of store.pages(partnerUnits, {}))
    for (const { id, value } of page) {
      const { partner, state, start } = unitOf(id, value);
      all.push(`${partner.id} ${(start - hour(0)) / HOUR} ${state}`);
    }
  return all;
}

/** Noon, with keys of this morning and a partner that is granted them. */
async function openWithPartner(partner = aPaddedPartner()): Promise<ExportFixture> {
  const fixture = await openExportFixture();
  await fixture.admit(partner);
  await fixture.publish(3, { window: hour(9) });
  return fixture;
}

describe('a padded partner', () => {
  it('has units without any export, and is given each whole with its floor', async () => {
    const fixture = await openWithPartner();
    expect(await found(fixture, hour(9))).toBe('not yet');
    expect(await fixture.run()).toMatchObject({ cut: { done: 1 }, work: { done: 1, left: 0 } });
    expect(await states(fixture)).toEqual(['neighbour 8 settled']);
    expect(await found(fixture, hour(9))).toBe('available 8-12');
    const documents = await given(fixture, hour(9));
    expect(keysOf(documents).length).toBeGreaterThanOrEqual(10);
    expect(documents.filter(({ origin }) => origin === 'local')).toHaveLength(1);
    const [plan] = await fixture.store.get(padPlans, ['2026-01-15T00:00']);
    expect(plan).toMatchObject({ exports: [], partners: [{ id: 'neighbour' }] });
  });

  it('is given nothing of a unit before its last window is closed', async () => {
    const fixture = await openWithPartner();
    await fixture.publish(1, { window: hour(12) });
    await fixture.run();
    fixture.clock.advance(4 * HOUR - 1);
    await fixture.run();
    expect(await found(fixture, hour(12))).toBe('not yet');
    fixture.clock.advance(1);
    expect(await found(fixture, hour(12))).toBe('not yet');
    await fixture.run();
    expect(await found(fixture, hour(12))).toBe('available 12-16');
  });

  it('is given a unit only once its cells are settled', async () => {
    const fixture = await openWithPartner();
    await fixture.cut();
    expect(await found(fixture, hour(8))).toBe('not yet');
    const dead = fixture.mortal((port) => {
      if (port === 'before cells.name') throw new Error('the worker is dead');
    });
    expect(await fixture.work(dead)).toMatchObject({
      kind: 'failed',
      problems: ['unit neighbour-1768464000-1768478400 failed'],
    });
    expect(fixture.log.events('federation.unit_failed')).toMatchObject([
      { partner: 'neighbour', reason: 'fault' },
    ]);
    expect(await found(fixture, hour(8))).toBe('not yet');
    fixture.clock.advance(2 * MINUTE);
    await fixture.work();
    expect(await found(fixture, hour(8))).toBe('available 8-12');
    const generated = (await given(fixture, hour(8))).filter(({ origin }) => origin === 'padding');
    expect(new Set(generated.map(({ sourceId }) => sourceId)).size).toBe(1);
  });

  it('passes over what nothing is held of, and waits where nothing is cut', async () => {
    const fixture = await openWithPartner();
    await fixture.run();
    expect(await found(fixture, unixMillis(0))).toMatch(/^nothing to /);
    expect(await found(fixture, hour(0))).toBe('nothing to 4');
    expect(await found(fixture, hour(4))).toBe('nothing to 8');
    expect(await found(fixture, hour(12))).toBe('not yet');
    expect(await found(fixture, hour(48))).toBe('not yet');
  });

  it('is not given what is past retention, a unit as a whole', async () => {
    const fixture = await openWithPartner();
    await fixture.run();
    fixture.clock.set(unixMillis(hour(8) + RETENTION));
    expect(await found(fixture, hour(8))).toBe('available 8-12');
    fixture.clock.advance(1);
    expect(await found(fixture, hour(8))).toBe('nothing to 12');
  });

  it('is given the same generated keys as phones that read the same cell', async () => {
    const fixture = await openWithPartner(aPaddedPartner({ unit: HOUR }));
    await fixture.declare(aSigningKey('k1'));
    await fixture.configure(anExport());
    await fixture.run();
    expect(keysOf(await given(fixture, hour(9))).toSorted()).toEqual(
      (await fixture.download()).toSorted(),
    );
  });

  it('raises the floor of cells that it shares with an export', async () => {
    const fixture = await openWithPartner(aPaddedPartner({ unit: HOUR, minRecords: 60 }));
    await fixture.declare(aSigningKey('k1'));
    await fixture.configure(anExport());
    await fixture.run();
    expect((await fixture.download()).length).toBeGreaterThanOrEqual(60);
  });

  it('is given nothing outside its grant', async () => {
    const partner = aPaddedPartner({ excludeRegions: ['MX'] });
    const fixture = await openWithPartner(partner);
    const [granted = ''] = await fixture.publish(1, { window: hour(8), regions: ['US', 'CA'] });
    await fixture.publish(1, { window: hour(8), regions: ['CA'] });
    await fixture.publish(1, { window: hour(8), regions: ['MX', 'US'] });
    await fixture.publish(1, { window: hour(8), regions: ['CA'], traveler: true });
    await fixture.run();
    const documents = await given(fixture, hour(8), partner);
    const real = documents.filter(({ origin }) => origin !== 'padding');
    expect(keysOf(real)).toContain(granted);
    expect(real.map(({ regions }) => regions.join())).toEqual(expect.not.arrayContaining(['CA']));
    expect(real).toHaveLength(2);
  });

  it('is given travelers of any region that is not excluded, if its grant has them', async () => {
    const partner = aPaddedPartner({ includeTravelers: true, excludeRegions: ['MX'] });
    const fixture = await openWithPartner(partner);
    const [traveler = ''] = await fixture.publish(1, {
      ...{ window: hour(8), regions: ['CA'], traveler: true },
    });
    const [excluded = ''] = await fixture.publish(1, {
      ...{ window: hour(8), regions: ['MX'], traveler: true },
    });
    await fixture.run();
    const keys = keysOf(await given(fixture, hour(8), partner));
    expect(keys).toContain(traveler);
    expect(keys).not.toContain(excluded);
  });

  it('is given keys of other servers only if its grant has them, and they are not counted', async () => {
    const [local, all] = [
      aPaddedPartner({ id: 'local' }),
      aPaddedPartner({ id: 'all', onlyLocalProvenance: false }),
    ];
    const fixture = await openExportFixture();
    await fixture.admit(local, all);
    const foreign = { origin: 'federated', sourceId: 'query' } as const;
    const [key = ''] = await fixture.publish(20, { window: hour(8), ...foreign });
    await fixture.run();
    const [toLocal, toAll] = [
      keysOf(await given(fixture, hour(8), local)),
      keysOf(await given(fixture, hour(8), all)),
    ];
    expect(toLocal).not.toContain(key);
    // The cell is not empty, so it has its floor of generated keys.
    expect(toLocal.length).toBeGreaterThanOrEqual(10);
    expect(toAll.length).toBe(toLocal.length + 20);
  });

  it('is given revisions with generated ones', async () => {
    const fixture = await openExportFixture();
    await fixture.admit(aPaddedPartner());
    // Nothing but likely cases: generated ones are like them, and all of them can become confirmed.
    const key = { ...keyNumber(1000, hour(9)), reportType: 'likely' } as const;
    await fixture.publish(0, { window: hour(9), records: packRecords([key]) });
    await fixture.run();
    fixture.clock.advance(4 * HOUR);
    const records = packRecords([{ ...key, reportType: 'confirmed' }]);
    await fixture.publish(0, { window: hour(13), kind: 'revision', records });
    await fixture.run();
    const kinds = (await given(fixture, hour(12))).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'revision').length).toBe(MIN_REVISED);
  });

  it('begins with its from, and ends with its thru', async () => {
    const partner = aPaddedPartner({ from: hour(0), thru: MIDNIGHT });
    const fixture = await openWithPartner(partner);
    await fixture.publish(1, { window: hour(-2) });
    await fixture.run();
    fixture.clock.advance(DAY);
    await fixture.publish(1, { window: hour(26) });
    await fixture.run();
    expect((await states(fixture)).map((line) => line.split(' ')[1])).toEqual([
      ...['0', '4', '8', '12', '16', '20'],
    ]);
    expect(await found(fixture, hour(-2), partner)).toBe('nothing to 0');
    expect(await found(fixture, hour(20), partner)).toBe('available 20-24');
    expect(await found(fixture, hour(26), partner)).toBe('not yet');
  });
});

describe('a change of grants', () => {
  it('that is narrower takes every unit that was planned before', async () => {
    const wide = aPaddedPartner({ includeRegions: ['CA', 'US'] });
    const fixture = await openWithPartner(wide);
    await fixture.run();
    const narrow = aPaddedPartner();
    await fixture.admit(narrow);
    expect(await found(fixture, hour(8), narrow)).toBe('nothing to 12');
    await fixture.publish(1, { window: hour(13) });
    fixture.clock.set(unixMillis(hour(16)));
    await fixture.run();
    expect(await found(fixture, hour(12), narrow)).toBe('nothing to 16');
    await fixture.publish(1, { window: hour(24) });
    fixture.clock.set(unixMillis(hour(28)));
    await fixture.run();
    expect(await found(fixture, hour(24), narrow)).toBe('available 24-28');
  });

  it('that is wider holds from the next midnight, and does not reach back', async () => {
    const fixture = await openWithPartner();
    const elsewhere = { regions: ['CA'] };
    const [early = ''] = await fixture.publish(1, { window: hour(8), ...elsewhere });
    await fixture.run();
    const wide = aPaddedPartner({ includeRegions: ['CA', 'US'] });
    await fixture.admit(wide);
    const [today = ''] = await fixture.publish(1, { window: hour(13), ...elsewhere });
    await fixture.publish(1, { window: hour(13) });
    const [tomorrow = ''] = await fixture.publish(1, { window: hour(25), ...elsewhere });
    fixture.clock.set(unixMillis(hour(28)));
    await fixture.run();
    expect(keysOf(await given(fixture, hour(8), wide))).not.toContain(early);
    expect(keysOf(await given(fixture, hour(12), wide))).not.toContain(today);
    expect(keysOf(await given(fixture, hour(24), wide))).toContain(tomorrow);
  });

  it('that removes the partner drops what is open, and pads nothing for it', async () => {
    const fixture = await openWithPartner();
    await fixture.cut();
    await fixture.revoke('neighbour');
    expect(await fixture.work()).toMatchObject({ kind: 'done', left: 0 });
    expect(await states(fixture)).toEqual(['neighbour 8 dropped']);
    expect(fixture.log.events('federation.unit_dropped')).toMatchObject([{ partner: 'neighbour' }]);
    fixture.clock.advance(4 * HOUR);
    expect(await fixture.cut()).toMatchObject({ done: 0 });
  });

  it('that adds it again begins with the next midnight, though older units are there', async () => {
    const fixture = await openWithPartner();
    await fixture.run();
    await fixture.revoke('neighbour');
    const again = aPaddedPartner({ from: MIDNIGHT });
    await fixture.admit(again);
    expect(await found(fixture, hour(8), again)).toBe('not yet');
    await fixture.publish(1, { window: hour(25) });
    fixture.clock.set(hour(28));
    await fixture.run();
    expect(await found(fixture, hour(8), again)).toBe('nothing to 24');
    expect(await found(fixture, hour(24), again)).toBe('available 24-28');
  });

  it('from fresh to padded begins to cut at midnight', async () => {
    const fixture = await openWithPartner(aPaddedPartner({ mode: 'fresh' }));
    await fixture.run();
    expect(await states(fixture)).toEqual([]);
    await fixture.admit(aPaddedPartner());
    await fixture.publish(1, { window: hour(25) });
    fixture.clock.set(hour(28));
    await fixture.run();
    expect(await states(fixture)).toEqual(['neighbour 24 settled']);
    const [progress] = await fixture.store.get(partnerProgress, ['neighbour']);
    expect(progress).toEqual({ coveredUntil: hour(28) });
  });
});

describe('a worker that dies', () => {
  it.each([
    'before units.cutUnits',
    'after units.cutUnits',
    'after units.queue.lease',
    'after cells.begin',
    'after cells.write',
    'before cells.name',
    'after cells.name',
    'before units.end',
    'after units.end',
  ])('%s leaves the unit to another, with the same keys', async (point) => {
    const fixture = await openWithPartner();
    let dead = false;
    await fixture.run(
      fixture.mortal((port) => {
        dead ||= port === point;
        if (dead) throw new Error('the worker is dead');
      }),
    );
    expect(dead).toBe(true);
    fixture.clock.advance(2 * MINUTE);
    await fixture.run();
    expect(await states(fixture)).toEqual(['neighbour 8 settled']);
    const keys = keysOf(await given(fixture, hour(8)));
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBeGreaterThanOrEqual(10);
    expect(await fixture.run()).toMatchObject({ cut: { done: 0 }, work: { done: 0, left: 0 } });
    expect(keysOf(await given(fixture, hour(8)))).toEqual(keys);
  });

  it('does not keep another partner waiting when its own unit cannot be settled', async () => {
    const fixture = await openWithPartner();
    await fixture.admit(aPaddedPartner({ id: 'other', includeRegions: ['CA'] }));
    await fixture.publish(1, { window: hour(9), regions: ['CA'] });
    await fixture.cut();
    const isWanted: typeof fixture.deps.units.isWanted = async (unit) => {
      if (unit.partner.id === 'neighbour') throw new Error('cannot be read');
      return await fixture.deps.units.isWanted(unit);
    };
    const units = { ...fixture.deps.units, isWanted };
    expect(await fixture.work({ units })).toMatchObject({ kind: 'failed', done: 1, left: 1 });
    expect(await states(fixture)).toEqual(['neighbour 8 open', 'other 8 settled']);
  });
});

it('cuts the partners of a store whose plans are from before there were partners', async () => {
  const fixture = await openExportFixture();
  const plan = { exports: [], publishers: [], expireAt: NOON + 74 * DAY };
  await fixture.store.transact((tx) => {
    tx.create(padPlans, '2026-01-15T00:00', plan);
    return Promise.resolve();
  });
  await fixture.admit(aPaddedPartner({ from: MIDNIGHT }));
  await fixture.publish(1, { window: hour(9) });
  await fixture.publish(1, { window: hour(25) });
  fixture.clock.set(hour(28));
  await fixture.run();
  expect(await states(fixture)).toEqual(['neighbour 24 settled']);
});
