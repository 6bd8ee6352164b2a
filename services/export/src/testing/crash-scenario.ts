import { type ExposureKey, packRecords } from '@keyserver/exposure-keys';
import { MIN_REVISED } from '@keyserver/padding';
import { closeTestStores } from '@keyserver/sqlite/testing';
import { DAY, HOUR, MINUTE, unixMillis } from '@keyserver/time';
import { keysIn } from './archive-keys.ts';
import { anExport, hour, keyNumber } from './export-builders.ts';
import {
  type ExportPlatform,
  type ExportFixture,
  THIS_MACHINE,
  openExportFixture,
} from './export-fixture.ts';

/** A death before the n-th use of what settles cells. */
export function deathInSettling(n: number): Death {
  let uses = 0;
  return (port) => port.startsWith('before cells.') && uses++ === n;
}

/** Decides at each use of a port whether the worker dies there. */
export type Death = (port: string, use: number) => boolean;

const isArchive = (name: string): boolean => name.endsWith('.zip');

const aLikelyKey = (n: number): ExposureKey => ({
  ...keyNumber(n, hour(11)),
  reportType: 'likely',
});

/** All archives that were ever written, with their contents. */
export async function archivesOf(fixture: ExportFixture): Promise<ReadonlyMap<string, Uint8Array>> {
  const names = [...fixture.written].filter(isArchive);
  const contents = await Promise.all(names.map(async (name) => await fixture.object(name)));
  return new Map(names.map((name, n) => [name, contents[n]!]));
}

/**
 * Two exports whose files overlap, each with few keys, as soon as their windows may be covered. Both have files of earlier
 * hours, and one of the keys there is revised now.
 */
export async function openOverlap(platform: ExportPlatform = THIS_MACHINE): Promise<ExportFixture> {
  const fixture = await openExportFixture({
    ...platform,
    ...{ retention: 2 * DAY, keepsShapes: true },
  });
  await fixture.configure(
    anExport({ minRecords: 200 }),
    anExport({ id: 'us4', period: 4 * HOUR, minRecords: 6, inputRegions: ['CA', 'US'] }),
  );
  const [revised, other] = [aLikelyKey(1000), aLikelyKey(1001)];
  await fixture.publish(0, { window: hour(11), records: packRecords([revised, other]) });
  fixture.clock.advance(fixture.store.closingDelay);
  await fixture.run();
  await fixture.publish(3, { window: hour(12), regions: ['CA'] });
  await fixture.publish(2, { window: hour(15) });
  const records = packRecords([{ ...revised, reportType: 'confirmed' }]);
  await fixture.publish(0, { window: hour(15), kind: 'revision', records });
  fixture.clock.set(unixMillis(hour(16) + fixture.store.closingDelay));
  return fixture;
}

/**
 * Lets a worker die, another one go on, and a third one find nothing to do; at every stage what is listed must be whole.
 * Tells whether the first one died at all.
 */
export async function expectRecovery(death: Death, platform?: ExportPlatform): Promise<boolean> {
  const fixture = await openOverlap(platform);
  let [uses, died] = [0, false];
  await fixture.run(
    fixture.mortal((port) => {
      died ||= death(port, uses++);
      if (died) throw new Error('the worker is dead');
    }),
  );
  const before = await archivesOf(fixture);
  for (const root of ['us', 'us4'])
    if ((await fixture.index(root)) !== undefined) await fixture.download(root);

  fixture.clock.advance(2 * MINUTE);
  const second = await fixture.run();
  expect(second).toMatchObject({ cut: { kind: 'done' }, work: { kind: 'done', left: 0 } });
  const after = await archivesOf(fixture);
  expect([...after.keys()].toSorted()).toEqual([
    'us/1768474800-1768478400-00001.zip',
    'us/1768489200-1768492800-00001.zip',
    'us4/1768464000-1768478400-00001.zip',
    'us4/1768478400-1768492800-00001.zip',
  ]);
  for (const [name, content] of before) expect(after.get(name)).toEqual(content);
  const states = (await fixture.batches()).map(({ state }) => state).toSorted();
  expect(states).toEqual([
    ...['complete', 'complete', 'complete', 'complete'],
    ...['empty', 'empty', 'empty'],
  ]);
  const [hourly, fourHourly] = [await fixture.download('us'), await fixture.download('us4')];
  expect(hourly.length).toBeGreaterThanOrEqual(2 * 200);
  expect(fourHourly.length).toBeGreaterThanOrEqual(hourly.length + 6);
  expect(fourHourly).toEqual(expect.arrayContaining([...hourly]));
  const revised = ['us/1768489200-1768492800', 'us4/1768478400-1768492800'].map((name) =>
    keysIn(after.get(`${name}-00001.zip`)!, 'revised').toSorted(),
  );
  expect(revised[0]?.length).toBeGreaterThanOrEqual(MIN_REVISED);
  expect(revised[1]).toEqual(revised[0]);

  expect(await fixture.run()).toMatchObject({ cut: { done: 0 }, work: { done: 0, left: 0 } });
  expect(await archivesOf(fixture)).toEqual(after);
  await closeTestStores();
  return died;
}
