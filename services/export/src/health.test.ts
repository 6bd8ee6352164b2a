import { HealthFault, probeAll } from '@keyserver/service';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { uncoveredFrom } from '@keyserver/stores';
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
import { NOON, anExport, hour } from './testing/export-builders.ts';
import { type ExportFixture, openExportFixture } from './testing/export-fixture.ts';

afterEach(closeTestStores);

/** A server that has run for an hour, with one hourly export of which the newest file is in time. */
async function openPunctual(): Promise<ExportFixture> {
  const fixture = await openExportFixture();
  await fixture.configure(anExport());
  await fixture.late.check();
  await fixture.publish(3, { window: hour(11) });
  await fixture.run();
  fixture.clock.advance(HOUR);
  await fixture.publish(3, { window: hour(12) });
  return fixture;
}

const healthOf = async ({ late }: ExportFixture): Promise<unknown> =>
  await late.probe().then(
    () => 'well',
    (fault: unknown) => fault,
  );
const causes = ({ log }: ExportFixture): readonly unknown[] =>
  log.events('export.late').map(({ because }) => because);

async function expectLate(fixture: ExportFixture, because: string): Promise<void> {
  await fixture.late.check();
  expect(causes(fixture)).toEqual([because]);
  expect(fixture.log.events('export.late')).toMatchObject([{ severity: 'ALERT', config: 'us' }]);
  const fault = await healthOf(fixture);
  expect(fault).toBeInstanceOf(HealthFault);
  expect(fault).toMatchObject({ code: 'export_late' });
}

describe('an export is late', () => {
  it('when its batches are not cut', async () => {
    const fixture = await openPunctual();
    fixture.clock.advance(29 * MINUTE);
    await fixture.late.check();
    expect([causes(fixture), await healthOf(fixture)]).toEqual([[], 'well']);
    fixture.clock.advance(MINUTE);
    await expectLate(fixture, 'not_cut');
  });

  it('when it was never cut', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport());
    await fixture.late.check();
    fixture.clock.advance(30 * MINUTE);
    await expectLate(fixture, 'not_cut');
  });

  it('when a batch cannot be made, also while do-work has nothing to do', async () => {
    const fixture = await openPunctual();
    await fixture.cut();
    await fixture.deps.queue.lease({ lengthMs: DAY, wants: () => true });
    fixture.clock.advance(30 * MINUTE);
    expect(await fixture.work()).toEqual({ kind: 'done', done: 0, left: 1 });
    expect(causes(fixture)).toEqual(['not_made']);
    expect(await healthOf(fixture)).toMatchObject({ code: 'export_late' });
  });

  it('when nothing signs its batches', async () => {
    const fixture = await openPunctual();
    fixture.signers.clear();
    await fixture.run();
    fixture.clock.advance(30 * MINUTE);
    await expectLate(fixture, 'no_signer');
  });

  it('when its index cannot be written', async () => {
    const fixture = await openPunctual();
    const bucket = fixture.deps.openBucket('exports');
    await fixture.run({
      openBucket: () => ({
        ...bucket,
        put: async (name, content, options) =>
          name.endsWith('index.txt') ? 'conflict' : await bucket.put(name, content, options),
      }),
    });
    fixture.clock.advance(30 * MINUTE);
    await expectLate(fixture, 'not_listed');
  });

  it('for as long as keys are held back for it that have expired', async () => {
    const fixture = await openPunctual();
    expect(await uncoveredFrom(fixture.store)).toBe(hour(12));
    await fixture.configure(anExport({ period: 12 * HOUR })); // else the run below makes hundreds of batches
    fixture.clock.advance(15 * DAY);
    expect(await healthOf(fixture)).toMatchObject({ code: 'export_late' });
    await fixture.run();
    expect(await uncoveredFrom(fixture.store)).toBe(hour(12) + 15 * DAY);
    expect(await healthOf(fixture)).toBe('well');
  });

  it('also for a process that has only just begun, once it has worked', async () => {
    const fixture = await openPunctual();
    await fixture.cut();
    await fixture.deps.queue.lease({ lengthMs: DAY, wants: () => true });
    fixture.clock.advance(5 * HOUR);
    const young = lateWatch({
      ...{ ...fixture.deps, ...fixture.deps.listings, log: fixture.log.log, minWindowAge: 0 },
      ...{ readWindows: () => alwaysWindow(windowLength(HOUR)!), lateAfter: 30 * MINUTE },
    });
    await expect(young.probe()).resolves.toBeUndefined();
    await young.check();
    expect(causes(fixture)).toEqual(['not_cut']);
    await expect(young.probe()).rejects.toMatchObject({ code: 'export_late' });
  });

  it('no longer once it has caught up', async () => {
    const fixture = await openPunctual();
    fixture.clock.advance(5 * HOUR);
    await fixture.late.check();
    await fixture.run();
    expect(await healthOf(fixture)).toBe('well');
  });
});

describe('an export is in time', () => {
  it('while it was never cut, for as long as its configuration may be new', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport());
    await fixture.late.check();
    expect(await healthOf(fixture)).toBe('well');
    fixture.clock.advance(29 * MINUTE);
    expect(await healthOf(fixture)).toBe('well');
  });

  it.each([
    ['has ended', { thru: hour(11) }],
    ['has not begun', { from: hour(40) }],
  ])('when it %s', async (_, config) => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport(config));
    await fixture.run();
    fixture.clock.advance(10 * HOUR);
    expect(await healthOf(fixture)).toBe('well');
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
