import { HealthFault, probeAll } from '@keyserver/service';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { uncoveredKeys } from '@keyserver/stores';
import {
  DAY,
  HOUR,
  MINUTE,
  alwaysWindow,
  simulatedClock,
  systemTimers,
  windowLength,
} from '@keyserver/time';
import { openTestBucket } from '@keyserver/local/testing';
import { seededRandom } from '@keyserver/random/testing';
import { lateWatch, probesOfWork } from './health.ts';
import { type ExportWorld, NOON, anExport, hour, openExportWorld } from './testing/export-world.ts';

afterEach(closeTestStores);

/** A server that has run for an hour, with one hourly export of which the newest file is in time. */
async function openPunctual(): Promise<ExportWorld> {
  const world = await openExportWorld();
  await world.configure(anExport());
  await world.late.check();
  await world.publish(3, { window: hour(11) });
  await world.run();
  world.clock.advance(HOUR);
  await world.publish(3, { window: hour(12) });
  return world;
}

const healthOf = async ({ late }: ExportWorld): Promise<unknown> =>
  await late.probe().then(
    () => 'well',
    (fault: unknown) => fault,
  );
const causes = ({ log }: ExportWorld): readonly unknown[] =>
  log.events('export.late').map(({ because }) => because);

async function expectLate(world: ExportWorld, because: string): Promise<void> {
  await world.late.check();
  expect(causes(world)).toEqual([because]);
  expect(world.log.events('export.late')).toMatchObject([{ severity: 'ALERT', config: 'us' }]);
  const fault = await healthOf(world);
  expect(fault).toBeInstanceOf(HealthFault);
  expect(fault).toMatchObject({ code: 'export_late' });
}

describe('an export is late', () => {
  it('when its batches are not cut', async () => {
    const world = await openPunctual();
    world.clock.advance(29 * MINUTE);
    await world.late.check();
    expect([causes(world), await healthOf(world)]).toEqual([[], 'well']);
    world.clock.advance(MINUTE);
    await expectLate(world, 'not_cut');
  });

  it('when it was never cut', async () => {
    const world = await openExportWorld();
    await world.configure(anExport());
    await world.late.check();
    world.clock.advance(30 * MINUTE);
    await expectLate(world, 'not_cut');
  });

  it('when a batch cannot be made, also while do-work has nothing to do', async () => {
    const world = await openPunctual();
    await world.cut();
    await world.deps.queue.lease({ lengthMs: DAY, wants: () => true });
    world.clock.advance(30 * MINUTE);
    expect(await world.work()).toEqual({ kind: 'done', done: 0, left: 1 });
    expect(causes(world)).toEqual(['not_made']);
    expect(await healthOf(world)).toMatchObject({ code: 'export_late' });
  });

  it('when nothing signs its batches', async () => {
    const world = await openPunctual();
    world.signers.clear();
    await world.run();
    world.clock.advance(30 * MINUTE);
    await expectLate(world, 'no_signer');
  });

  it('when its index cannot be written', async () => {
    const world = await openPunctual();
    const bucket = world.deps.openBucket('exports');
    await world.run({
      openBucket: () => ({
        ...bucket,
        put: async (name, content, options) =>
          name.endsWith('index.txt') ? 'conflict' : await bucket.put(name, content, options),
      }),
    });
    world.clock.advance(30 * MINUTE);
    await expectLate(world, 'not_listed');
  });

  it('for as long as keys are held back for it that have expired', async () => {
    const world = await openPunctual();
    expect(await uncoveredKeys(world.store)).toMatchObject([{ from: hour(12) }]);
    await world.configure(anExport({ period: 12 * HOUR })); // else the run below makes hundreds of batches
    world.clock.advance(15 * DAY);
    expect(await healthOf(world)).toMatchObject({ code: 'export_late' });
    await world.run();
    expect(await uncoveredKeys(world.store)).toMatchObject([{ from: hour(12) + 15 * DAY }]);
    expect(await healthOf(world)).toBe('well');
  });

  it('also for a process that has only just begun, once it has worked', async () => {
    const world = await openPunctual();
    await world.cut();
    await world.deps.queue.lease({ lengthMs: DAY, wants: () => true });
    world.clock.advance(5 * HOUR);
    const young = lateWatch({
      ...{ ...world.deps, ...world.deps.listings, log: world.log.log, minWindowAge: 0 },
      ...{ readWindows: () => alwaysWindow(windowLength(HOUR)!), lateAfter: 30 * MINUTE },
    });
    await expect(young.probe()).resolves.toBeUndefined();
    await young.check();
    expect(causes(world)).toEqual(['not_cut']);
    await expect(young.probe()).rejects.toMatchObject({ code: 'export_late' });
  });

  it('no longer once it has caught up', async () => {
    const world = await openPunctual();
    world.clock.advance(5 * HOUR);
    await world.late.check();
    await world.run();
    expect(await healthOf(world)).toBe('well');
  });
});

describe('an export is in time', () => {
  it('while it was never cut, for as long as its configuration may be new', async () => {
    const world = await openExportWorld();
    await world.configure(anExport());
    await world.late.check();
    expect(await healthOf(world)).toBe('well');
    world.clock.advance(29 * MINUTE);
    expect(await healthOf(world)).toBe('well');
  });

  it.each([
    ['has ended', { thru: hour(11) }],
    ['has not begun', { from: hour(40) }],
  ])('when it %s', async (_, config) => {
    const world = await openExportWorld();
    await world.configure(anExport(config));
    await world.run();
    world.clock.advance(10 * HOUR);
    expect(await healthOf(world)).toBe('well');
  });
});

/** All probes as one, over a bucket whose objects can be made impossible to find; and what was looked for. */
async function probing() {
  const clock = simulatedClock(NOON);
  const bucket = openTestBucket();
  const asked: string[] = [];
  const fault = { of: undefined as Error | undefined };
  const probe = probeAll(
    systemTimers,
    probesOfWork({
      ...{ store: await openTestStore({ clock }), random: seededRandom('probes'), clock },
      listExports: async () => await Promise.resolve([anExport()]),
      openBucket: (name) => ({
        ...bucket,
        find: async (object) => {
          asked.push(`${name}/${object}`);
          if (fault.of !== undefined) throw fault.of;
          return await bucket.find(object);
        },
      }),
    }),
  );
  return { probe, asked, fault, clock };
}

describe('the probes of work', () => {
  it('are content with an export that has no index yet, for which they look', async () => {
    const { probe, asked } = await probing();
    await expect(probe()).resolves.toBeUndefined();
    expect(asked).toEqual(['exports/us/index.txt']);
  });

  it('name a bucket that does not answer, until it does', async () => {
    const { probe, fault } = await probing();
    fault.of = new Error('403');
    await expect(probe()).rejects.toMatchObject({ code: 'bucket_unavailable', cause: fault.of });
    fault.of = undefined;
    await expect(probe()).resolves.toBeUndefined();
  });

  it('look once a minute, however often they are asked', async () => {
    const { probe, asked, clock } = await probing();
    await probe();
    clock.advance(59_000);
    await probe();
    expect(asked).toHaveLength(1);
    clock.advance(1000);
    await probe();
    expect(asked).toHaveLength(2);
  });
});
