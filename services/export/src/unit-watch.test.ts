import { HealthFault } from '@keyserver/service';
import { closeTestStores } from '@keyserver/sqlite/testing';
import { readPauses } from '@keyserver/stores';
import { DAY, HOUR, MINUTE, alwaysWindow, windowLength } from '@keyserver/time';
import { aPaddedPartner, hour } from './testing/export-builders.ts';
import { type ExportFixture, openExportFixture } from './testing/export-fixture.ts';
import { unitWatch } from './unit-watch.ts';

afterEach(closeTestStores);

const watchOver = ({ units, log, store }: ExportFixture): ReturnType<typeof unitWatch> =>
  unitWatch({
    ...{ units, storeTime: async () => await store.now(), log: log.log },
    readPauses: async () => await readPauses(store),
    readWindows: () => alwaysWindow(windowLength(HOUR)!),
    ...{ lateAfter: 30 * MINUTE, closingDelay: store.closingDelay },
  });

const faultOf = async (watch: ReturnType<typeof unitWatch>): Promise<unknown> =>
  await watch.probe().then(
    () => undefined,
    (fault: unknown) => fault,
  );

/** A partner whose units of this morning are settled, and a watch that has looked once. */
async function openPunctual() {
  const fixture = await openExportFixture();
  await fixture.admit(aPaddedPartner());
  await fixture.publish(3, { window: hour(9) });
  await fixture.run();
  const watch = watchOver(fixture);
  await watch.check();
  const because = () =>
    fixture.log.events('federation.units_late').map(({ because: cause }) => cause);
  return { fixture, watch, because };
}

describe('the units of a partner are late', () => {
  it('when they are not cut half an hour after their end', async () => {
    const { fixture, watch, because } = await openPunctual();
    fixture.clock.advance(4 * HOUR + 29 * MINUTE);
    await watch.check();
    expect([because(), await faultOf(watch)]).toEqual([[], undefined]);
    fixture.clock.advance(MINUTE);
    await watch.check();
    expect(because()).toEqual(['not_cut']);
    expect(await faultOf(watch)).toBeInstanceOf(HealthFault);
    expect(await faultOf(watch)).toMatchObject({ code: 'units_late' });
    await fixture.run();
    expect(await faultOf(watch)).toBeUndefined();
  });

  it('when one is cut and nobody settles it', async () => {
    const { fixture, watch, because } = await openPunctual();
    fixture.clock.advance(4 * HOUR);
    await fixture.publish(1, { window: hour(13) });
    await fixture.cut();
    await fixture.deps.units.queue.lease({ lengthMs: DAY, wants: () => true });
    fixture.clock.advance(90 * MINUTE);
    await watch.check();
    expect(because()).toEqual(['not_settled']);
  });

  it('when a partner was never cut, but not in the first half hour of a process', async () => {
    const fixture = await openExportFixture();
    await fixture.admit(aPaddedPartner());
    const watch = watchOver(fixture);
    await watch.check();
    expect(await faultOf(watch)).toBeUndefined();
    fixture.clock.advance(30 * MINUTE);
    expect(await faultOf(watch)).toMatchObject({ code: 'units_late' });
  });

  it('of nobody that is fresh, has ended or was removed', async () => {
    const fixture = await openExportFixture();
    await fixture.admit(
      aPaddedPartner({ id: 'fresh', mode: 'fresh' }),
      aPaddedPartner({ id: 'over', from: hour(-48), thru: hour(-24) }),
    );
    const watch = watchOver(fixture);
    await watch.check();
    fixture.clock.advance(2 * DAY);
    expect(await faultOf(watch)).toBeUndefined();
  });

  /** What the watch says from now until tomorrow afternoon, while all work is done in time. */
  async function whileAllIsDone(fixture: ExportFixture): Promise<readonly unknown[]> {
    const watch = watchOver(fixture);
    const faults: unknown[] = [];
    for (let n = 0; n < 24; n++) {
      fixture.clock.advance(HOUR);
      await fixture.run();
      await watch.check();
      faults.push(await faultOf(watch));
    }
    return faults.filter((fault) => fault !== undefined);
  }

  it('but not those of one that is padded from this midnight on and was fresh before', async () => {
    const fixture = await openExportFixture();
    await fixture.admit(aPaddedPartner({ mode: 'fresh' }));
    await fixture.publish(1, { window: hour(9) });
    await fixture.run();
    await fixture.admit(aPaddedPartner());
    expect(await whileAllIsDone(fixture)).toEqual([]);
    fixture.clock.advance(DAY);
    const watch = watchOver(fixture);
    await watch.check();
    expect(await faultOf(watch)).toMatchObject({ code: 'units_late' });
  });

  it('but not those of one that is opened again at this midnight', async () => {
    const fixture = await openExportFixture();
    await fixture.admit(aPaddedPartner({ thru: hour(24) }));
    await fixture.publish(1, { window: hour(9) });
    await fixture.run();
    fixture.clock.advance(2 * DAY);
    await fixture.run();
    await fixture.admit(aPaddedPartner());
    expect(await whileAllIsDone(fixture)).toEqual([]);
  });
});
