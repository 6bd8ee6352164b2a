import { closeTestStores } from '@keyserver/sqlite/testing';
import { DAY, HOUR, MINUTE, unixMillis } from '@keyserver/time';
import { NOON, anExport, hour } from './testing/export-builders.ts';
import { type ExportFixture, openExportFixture } from './testing/export-fixture.ts';

afterEach(closeTestStores);

const spans = async (fixture: ExportFixture, config?: string): Promise<readonly string[]> =>
  (await fixture.batches(config)).map(
    ({ config: { id }, start, end }) =>
      `${id} ${(start - NOON) / HOUR + 12}-${(end - NOON) / HOUR + 12}`,
  );

describe('create-batches', () => {
  it('gives a new export the newest closed batch, then every hour one more', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport());
    expect(await fixture.cut()).toEqual({ kind: 'done', done: 1, left: 0 });
    expect(await fixture.cut()).toEqual({ kind: 'done', done: 0, left: 0 });
    fixture.clock.advance(59 * MINUTE);
    expect(await fixture.cut()).toMatchObject({ done: 0 });
    fixture.clock.advance(MINUTE);
    expect(await fixture.cut()).toMatchObject({ done: 1 });
    expect(await spans(fixture)).toEqual(['us 11-12', 'us 12-13']);
  });

  it('begins at the oldest key of anybody, a bounded number of batches at a time', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport());
    await fixture.publish(1, { window: hour(7), regions: ['CA'] });
    expect(await fixture.cut({ limit: 3 })).toMatchObject({ done: 3 });
    expect(await fixture.cut({ limit: 3 })).toMatchObject({ done: 2 });
    expect(await spans(fixture)).toEqual(['us 7-8', 'us 8-9', 'us 9-10', 'us 10-11', 'us 11-12']);
  });

  it('begins where the export begins when older keys are there', async () => {
    const fixture = await openExportFixture();
    await fixture.publish(1, { window: hour(7) });
    await fixture.configure(anExport({ from: unixMillis(NOON - 12 * HOUR) }));
    await fixture.publish(1, { window: unixMillis(NOON - 13 * HOUR) });
    await fixture.cut({ limit: 2 });
    expect(await spans(fixture)).toEqual(['us 0-1', 'us 1-2']);
  });

  it('does not reach back past retention', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport());
    await fixture.publish(1, { window: unixMillis(NOON - 14 * DAY - HOUR) });
    await fixture.publish(1, { window: hour(10) });
    await fixture.cut();
    expect(await spans(fixture)).toEqual(['us 10-11', 'us 11-12']);
  });

  it('waits until a window has the age that is asked for', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport());
    await fixture.cut({ minWindowAge: 2 * HOUR });
    expect(await spans(fixture)).toEqual(['us 9-10']);
  });

  it('creates nothing before the first second of time, and nothing without exports', async () => {
    const fixture = await openExportFixture();
    expect(await fixture.cut()).toEqual({ kind: 'done', done: 0, left: 0 });
    await fixture.configure(anExport());
    expect(await fixture.cut({ minWindowAge: NOON + 1 })).toMatchObject({ done: 0 });
  });

  it('catches up oldest first, a bounded number at a time, and says that it is behind', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport());
    await fixture.cut();
    fixture.clock.advance(5 * HOUR);
    expect(await fixture.cut({ limit: 3 })).toMatchObject({ done: 3 });
    expect(fixture.log.events('export.batches_created').at(-1)).toMatchObject({ behind: true });
    expect(await fixture.cut({ limit: 3 })).toMatchObject({ done: 2 });
    expect(fixture.log.events('export.batches_created').at(-1)).toMatchObject({ behind: false });
    expect(await spans(fixture)).toHaveLength(6);
  });

  it('cuts a long batch also while the short ones within it are still to be caught up', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport(), anExport({ id: 'us4', period: 4 * HOUR }));
    await fixture.cut();
    fixture.clock.advance(8 * HOUR);
    await fixture.cut({ limit: 2 });
    expect(await spans(fixture, 'us4')).toEqual(['us4 8-12', 'us4 12-16', 'us4 16-20']);
  });

  it('gives an ended export a last batch that holds every window before its end, then none', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport({ thru: unixMillis(hour(23) + 1), period: 4 * HOUR }));
    await fixture.cut();
    fixture.clock.advance(2 * DAY);
    await fixture.cut();
    expect(await spans(fixture)).toEqual(['us 8-12', 'us 12-16', 'us 16-20', 'us 20-24']);
  });

  it('remembers how far an export is covered when its batches are gone', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport());
    await fixture.cut();
    const { exportBatches } = await import('@keyserver/stores');
    await fixture.store.deleteAll(exportBatches, {});
    fixture.clock.advance(2 * HOUR);
    await fixture.cut();
    expect(await spans(fixture)).toEqual(['us 12-13', 'us 13-14']);
  });

  it('goes on with the other exports when one fails, and names it', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport({ id: 'ca', outputRegion: 'CA' }), anExport());
    const report = await fixture.cut({
      cutBatches: async (id, due) => {
        if (id === 'ca') throw new Error('secret words');
        return await fixture.deps.cutBatches(id, due);
      },
    });
    expect(report).toEqual({
      kind: 'failed',
      done: 1,
      left: 0,
      problems: ['what is due of export ca could not be created'],
    });
    expect(await spans(fixture)).toEqual(['us 11-12']);
    expect(fixture.log.events('export.config_failed')).toMatchObject([{ config: 'ca' }]);
    expect(fixture.log.lines.join('')).not.toContain('secret words');
  });

  it('is too early while another run is at it', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport());
    await fixture.deps.leases.acquire('create-batches', MINUTE);
    expect(await fixture.cut()).toEqual({ kind: 'too_early' });
    fixture.clock.advance(MINUTE);
    expect(await fixture.cut()).toMatchObject({ done: 1 });
  });

  it('fails when its time is over before anything was created', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport());
    const report = await fixture.cut({
      listExports: async () => {
        await fixture.timers.advance(5 * MINUTE);
        return await fixture.deps.listExports();
      },
    });
    expect(report).toMatchObject({ kind: 'failed', done: 0, left: 1 });
    expect(await spans(fixture)).toEqual([]);
  });

  it('says how much is left when its time is over in between', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport(), anExport({ id: 'us4', period: 4 * HOUR }));
    const report = await fixture.cut({
      cutBatches: async (id, due) => {
        await fixture.timers.advance(5 * MINUTE);
        return await fixture.deps.cutBatches(id, due);
      },
    });
    expect(report).toEqual({ kind: 'done', done: 1, left: 1 });
  });
});
