import { closeTestStores } from '@keyserver/sqlite/testing';
import { HOUR, MINUTE } from '@keyserver/time';
import {
  type ExportGround,
  type ExportWorld,
  anExport,
  hour,
  openExportWorld,
} from './export-world.ts';

/** Decides at each use of a port whether the worker dies there. */
export type Death = (port: string, use: number) => boolean;

const isArchive = (name: string): boolean => name.endsWith('.zip');

/** All archives that were ever written, with their contents. */
export async function archivesOf(world: ExportWorld): Promise<ReadonlyMap<string, Uint8Array>> {
  const names = [...world.written].filter(isArchive);
  const contents = await Promise.all(names.map(async (name) => await world.object(name)));
  return new Map(names.map((name, n) => [name, contents[n]!]));
}

/** Two exports of one region whose files overlap, each with few keys, as soon as their windows may be covered. */
export async function openOverlap(ground?: ExportGround): Promise<ExportWorld> {
  const world = await openExportWorld(ground);
  await world.configure(
    anExport({ from: hour(11) }),
    anExport({ id: 'us4', period: 4 * HOUR, minRecords: 6 }),
  );
  await world.publish(3, { window: hour(8) });
  await world.publish(2, { window: hour(11) });
  world.clock.advance(world.store.closingDelay);
  return world;
}

/**
 * Lets a worker die, another one go on, and a third one find nothing to do; at every stage what is listed must be whole.
 * Tells whether the first one died at all.
 */
export async function expectRecovery(death: Death, ground?: ExportGround): Promise<boolean> {
  const world = await openOverlap(ground);
  let [uses, died] = [0, false];
  await world.run(
    world.mortal((port) => {
      died ||= death(port, uses++);
      if (died) throw new Error('the worker is dead');
    }),
  );
  const before = await archivesOf(world);
  for (const root of ['us', 'us4'])
    if ((await world.index(root)) !== undefined) await world.download(root);

  world.clock.advance(2 * MINUTE);
  const second = await world.run();
  expect(second).toMatchObject({ cut: { kind: 'done' }, work: { kind: 'done', left: 0 } });
  const after = await archivesOf(world);
  expect([...after.keys()].toSorted()).toEqual([
    'us/1768474800-1768478400-00001.zip',
    'us4/1768464000-1768478400-00001.zip',
  ]);
  for (const [name, content] of before) expect(after.get(name)).toEqual(content);
  expect((await world.batches()).map(({ state }) => state)).toEqual(['complete', 'complete']);
  const [hourly, fourHourly] = [await world.download('us'), await world.download('us4')];
  expect(hourly).toHaveLength(10);
  expect(fourHourly).toHaveLength(13);
  expect(fourHourly).toEqual(expect.arrayContaining([...hourly]));

  expect(await world.run()).toMatchObject({ cut: { done: 0 }, work: { done: 0, left: 0 } });
  expect(await archivesOf(world)).toEqual(after);
  await closeTestStores();
  return died;
}
