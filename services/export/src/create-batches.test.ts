import { closeTestStores } from '@keyserver/sqlite/testing';
import { DAY, HOUR, MINUTE, unixMillis } from '@keyserver/time';
import { type ExportWorld, NOON, anExport, hour, openExportWorld } from './testing/export-world.ts';

afterEach(closeTestStores);

const spans = async (world: ExportWorld, config?: string): Promise<readonly string[]> =>
  (await world.batches(config)).map(
    ({ config: { id }, start, end }) =>
      `${id} ${(start - NOON) / HOUR + 12}-${(end - NOON) / HOUR + 12}`,
  );

describe('create-batches', () => {
  it('gives a new export the newest closed batch, then every hour one more', async () => {
    const world = await openExportWorld();
    await world.configure(anExport());
    expect(await world.cut()).toEqual({ kind: 'done', done: 1, left: 0 });
    expect(await world.cut()).toEqual({ kind: 'done', done: 0, left: 0 });
    world.clock.advance(59 * MINUTE);
    expect(await world.cut()).toMatchObject({ done: 0 });
    world.clock.advance(MINUTE);
    expect(await world.cut()).toMatchObject({ done: 1 });
    expect(await spans(world)).toEqual(['us 11-12', 'us 12-13']);
  });

  it('begins at the oldest key of anybody, a bounded number of batches at a time', async () => {
    const world = await openExportWorld();
    await world.configure(anExport());
    await world.publish(1, { window: hour(7), regions: ['CA'] });
    expect(await world.cut({ limit: 3 })).toMatchObject({ done: 3 });
    expect(await world.cut({ limit: 3 })).toMatchObject({ done: 2 });
    expect(await spans(world)).toEqual(['us 7-8', 'us 8-9', 'us 9-10', 'us 10-11', 'us 11-12']);
  });

  it('begins where the export begins when older keys are there', async () => {
    const world = await openExportWorld();
    await world.publish(1, { window: hour(7) });
    await world.configure(anExport({ from: unixMillis(hour(10) + 1) }));
    await world.cut();
    expect(await spans(world)).toEqual(['us 10-11', 'us 11-12']);
  });

  it('does not reach back past retention', async () => {
    const world = await openExportWorld();
    await world.configure(anExport());
    await world.publish(1, { window: unixMillis(NOON - 14 * DAY - HOUR) });
    await world.publish(1, { window: hour(10) });
    await world.cut();
    expect(await spans(world)).toEqual(['us 10-11', 'us 11-12']);
  });

  it('waits until a window has the age that is asked for', async () => {
    const world = await openExportWorld();
    await world.configure(anExport());
    await world.cut({ minWindowAge: 2 * HOUR });
    expect(await spans(world)).toEqual(['us 9-10']);
  });

  it('creates nothing before the first second of time, and nothing without exports', async () => {
    const world = await openExportWorld();
    expect(await world.cut()).toEqual({ kind: 'done', done: 0, left: 0 });
    await world.configure(anExport());
    expect(await world.cut({ minWindowAge: NOON + 1 })).toMatchObject({ done: 0 });
  });

  it('catches up oldest first, a bounded number at a time, and says that it is behind', async () => {
    const world = await openExportWorld();
    await world.configure(anExport());
    await world.cut();
    world.clock.advance(5 * HOUR);
    expect(await world.cut({ limit: 3 })).toMatchObject({ done: 3 });
    expect(world.log.events('export.batches_created').at(-1)).toMatchObject({ behind: true });
    expect(await world.cut({ limit: 3 })).toMatchObject({ done: 2 });
    expect(world.log.events('export.batches_created').at(-1)).toMatchObject({ behind: false });
    expect(await spans(world)).toHaveLength(6);
  });

  it('lets a long batch wait for the short ones within it that are still to be caught up', async () => {
    const world = await openExportWorld();
    await world.configure(anExport(), anExport({ id: 'us4', period: 4 * HOUR }));
    await world.cut();
    world.clock.advance(4 * HOUR);
    await world.cut({ limit: 3 });
    expect(await spans(world, 'us4')).toEqual(['us4 8-12']);
    await world.cut({ limit: 3 });
    expect(await spans(world, 'us4')).toEqual(['us4 8-12', 'us4 12-16']);
  });

  it('gives an ended export a last batch that holds every window before its end, then none', async () => {
    const world = await openExportWorld();
    await world.configure(anExport({ thru: unixMillis(hour(13) + 1) }));
    await world.cut();
    world.clock.advance(DAY);
    await world.cut();
    expect(await spans(world)).toEqual(['us 11-12', 'us 12-13', 'us 13-14']);
  });

  it('remembers how far an export is covered when its batches are gone', async () => {
    const world = await openExportWorld();
    await world.configure(anExport());
    await world.cut();
    const { exportBatches } = await import('@keyserver/stores');
    await world.store.deleteAll(exportBatches, {});
    world.clock.advance(2 * HOUR);
    await world.cut();
    expect(await spans(world)).toEqual(['us 12-13', 'us 13-14']);
  });

  it('goes on with the other exports when one fails, and names it', async () => {
    const world = await openExportWorld();
    await world.configure(anExport({ id: 'ca', outputRegion: 'CA' }), anExport());
    const report = await world.cut({
      cutBatches: async (id, due) => {
        if (id === 'ca') throw new Error('secret words');
        return await world.deps.cutBatches(id, due);
      },
    });
    expect(report).toEqual({
      kind: 'failed',
      done: 1,
      left: 0,
      problems: ['the batches of export ca could not be created'],
    });
    expect(await spans(world)).toEqual(['us 11-12']);
    expect(world.log.lines.join('')).not.toContain('secret words');
  });

  it('is too early while another run is at it', async () => {
    const world = await openExportWorld();
    await world.configure(anExport());
    await world.deps.leases.acquire('create-batches', MINUTE);
    expect(await world.cut()).toEqual({ kind: 'too_early' });
    world.clock.advance(MINUTE);
    expect(await world.cut()).toMatchObject({ done: 1 });
  });

  it('fails when its time is over before anything was created', async () => {
    const world = await openExportWorld();
    await world.configure(anExport());
    const report = await world.cut({
      listExports: async () => {
        await world.timers.advance(5 * MINUTE);
        return await world.deps.listExports();
      },
    });
    expect(report).toMatchObject({ kind: 'failed', done: 0, left: 1 });
    expect(await spans(world)).toEqual([]);
  });

  it('says how much is left when its time is over in between', async () => {
    const world = await openExportWorld();
    await world.configure(anExport(), anExport({ id: 'us4', period: 4 * HOUR }));
    const report = await world.cut({
      cutBatches: async (id, due) => {
        await world.timers.advance(5 * MINUTE);
        return await world.deps.cutBatches(id, due);
      },
    });
    expect(report).toEqual({ kind: 'done', done: 1, left: 1 });
  });
});
