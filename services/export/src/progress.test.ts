import { closeTestStores } from '@keyserver/sqlite/testing';
import { beginPause, listPlanned } from '@keyserver/stores';
import { seededRandom } from '@keyserver/random/testing';
import { DAY, HOUR, alwaysWindow, windowLength } from '@keyserver/time';
import { exportProgress } from './progress.ts';
import { NOON, aPaddedPartner, anExport, hour } from './testing/export-builders.ts';
import { type ExportFixture, openExportFixture } from './testing/export-fixture.ts';

afterEach(closeTestStores);

/** What a process that has just started tells, by figure and id, as hours after noon; 'never' for 0. */
async function told({ store, deps, units }: ExportFixture) {
  const readers = exportProgress({
    listPlanned: listPlanned(store, DAY),
    ...{ listings: deps.listings, units, openBucket: deps.openBucket },
    ...{ storeTime: deps.storeTime, retentionMs: deps.retentionMs },
    readWindows: () => alwaysWindow(windowLength(HOUR)!),
  });
  const values: Record<string, number | 'never'> = {};
  for (const read of readers)
    await read((name, labels, at) => {
      const figure = /_(made|published|settled)_/.exec(name)?.[1] ?? name;
      values[`${figure} ${Object.values(labels).join('')}`] =
        at === 0 ? 'never' : (at - NOON) / HOUR;
    });
  return values;
}

/** A server at noon whose hourly export lists all files until then. */
async function openPunctual(): Promise<ExportFixture> {
  const fixture = await openExportFixture();
  await fixture.configure(anExport());
  await fixture.publish(3, { window: hour(11) });
  await fixture.run();
  return fixture;
}

it('tells that all is exported until now, whether or not there were keys', async () => {
  const fixture = await openPunctual();
  expect(await told(fixture)).toEqual({ 'made us': 0, 'published us': 0 });
  fixture.clock.advance(2 * HOUR);
  await fixture.run();
  expect(await told(fixture)).toEqual({ 'made us': 2, 'published us': 2 });
});

it('stands still while no job runs, so that the time since grows', async () => {
  const fixture = await openPunctual();
  fixture.clock.advance(30 * HOUR);
  expect(await told(fixture)).toEqual({ 'made us': 0, 'published us': 0 });
});

it('stands still behind what is cut and not made, and while it is paused', async () => {
  const fixture = await openPunctual();
  await fixture.publish(3, { window: hour(12) });
  fixture.clock.advance(2 * HOUR);
  const by = { actor: 'alex', random: seededRandom('pause') };
  await beginPause(fixture.store, { kind: 'region', target: 'US' }, by);
  await fixture.run();
  expect(await told(fixture)).toEqual({ 'made us': 0, 'published us': 0 });
});

it('says that files are made and not listed when the index cannot be written', async () => {
  const fixture = await openPunctual();
  await fixture.publish(3, { window: hour(12) });
  fixture.clock.advance(HOUR);
  const openBucket: typeof fixture.deps.openBucket = (name) => {
    const bucket = fixture.deps.openBucket(name);
    return {
      find: bucket.find.bind(bucket),
      read: bucket.read.bind(bucket),
      list: bucket.list.bind(bucket),
      delete: bucket.delete.bind(bucket),
      put: async (object, content, options) =>
        object.endsWith('index.txt') ? 'conflict' : await bucket.put(object, content, options),
    };
  };
  await fixture.run({ openBucket });
  expect(await told(fixture)).toEqual({ 'made us': 1, 'published us': 0 });
});

it('says that nothing is published when the index is gone', async () => {
  const fixture = await openPunctual();
  await fixture.deps.openBucket('exports').delete('us/index.txt');
  expect(await told(fixture)).toEqual({ 'made us': 0, 'published us': 'never' });
});

it('says of one that was never cut where it begins', async () => {
  const fixture = await openExportFixture();
  await fixture.configure(anExport({ from: hour(7) }));
  expect(await told(fixture)).toEqual({ 'made us': -5, 'published us': -5 });
});

it('says nothing of one that has ended and is all exported, but goes on until then', async () => {
  const fixture = await openExportFixture();
  await fixture.configure(anExport({ thru: hour(13) }));
  await fixture.publish(3, { window: hour(12) });
  fixture.clock.advance(3 * HOUR);
  expect(Object.keys(await told(fixture))).toEqual(['made us', 'published us']);
  await fixture.run();
  expect(await told(fixture)).toEqual({});
});

it('tells of padded partners how far their units are settled', async () => {
  const fixture = await openExportFixture();
  await fixture.admit(aPaddedPartner());
  await fixture.publish(3, { window: hour(9) });
  await fixture.run();
  const id = aPaddedPartner().id;
  const { [`settled ${id}`]: before } = await told(fixture);
  fixture.clock.advance(5 * HOUR);
  expect(await told(fixture)).toEqual({ [`settled ${id}`]: before });
  await fixture.run();
  expect((await told(fixture))[`settled ${id}`]).toBe(Number(before) + 4);
});
