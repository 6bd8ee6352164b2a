import { memorySigner } from '@keyserver/export-file/testing';
import { type ExportFixture, NOON, hour, openExportFixture } from '@keyserver/export/testing';
import { isReportSignedBy, parseReport, verifyAudit } from '@keyserver/operations';
import { closeTestStores } from '@keyserver/sqlite/testing';
import {
  abortClosing,
  closingWaits,
  deletedWith,
  exportConfigs,
  keyBatches,
  lifecycles,
  readLifecycle,
  restateOpen,
  wakeServer,
} from '@keyserver/stores';
import { DAY, HOUR, unixMillis } from '@keyserver/time';
import {
  by,
  close,
  dueToEmpty,
  emptyWithDeaths,
  emptying,
  later,
  leftIn,
  opened,
  state,
} from '../support/server-end.ts';

afterEach(closeTestStores);

const signer = memorySigner();
const empty = async (fixture: ExportFixture, key = 'audit') =>
  await emptying(fixture, {
    key,
    findSigner: async (name) => await Promise.resolve(name === 'audit' ? signer : undefined),
  })();

describe('a server that is to end', () => {
  it('waits until the last held-back key is in a listed file, and keeps files for two weeks', async () => {
    const fixture = await opened();
    await close(fixture);
    expect(await empty(fixture)).toMatchObject({
      ...{ kind: 'waits', waits: [{ kind: 'uploads' }, { kind: 'keys', window: hour(20) }] },
    });
    await later(fixture, 7 * HOUR, 7 * HOUR);
    expect(await empty(fixture)).toMatchObject({ kind: 'waits', waits: [{ kind: 'keys' }] });
    await later(fixture, 3 * HOUR, 3 * HOUR);
    const names = (await fixture.index()) ?? [];
    expect(names).toHaveLength(2);
    const held = await empty(fixture);
    expect(held.kind === 'files stay' && held.from).toEqual(expect.any(Number));
    expect(await state(fixture)).toBe('closing');
    expect(fixture.log.events('lifecycle.drained')).toHaveLength(1);
    expect((await fixture.index()) ?? []).toEqual(names);
  });

  it('opens again when it is taken back, and nothing was lost', async () => {
    const fixture = await opened();
    await close(fixture);
    expect(await abortClosing(fixture.store, by)).toMatchObject({ kind: 'changed' });
    expect(await state(fixture)).toBe('open');
    await later(fixture, 10 * HOUR, 10 * HOUR);
    expect(await fixture.index()).toHaveLength(2);
  });

  it('is not drained any more when a file left the index or keys came', async () => {
    const fixture = await opened();
    await close(fixture);
    await later(fixture, 10 * HOUR, 10 * HOUR);
    await fixture.publish(1, { window: hour(23) });
    await fixture.cut();
    expect(fixture.log.events('lifecycle.not_drained')).toHaveLength(1);
    expect((await readLifecycle(fixture.store))?.drainedAt).toBeUndefined();
  });

  it.each([
    ['no key', 'nobody', 'cannot sign'],
    ['a key of files', 'key-of-k1', 'signs files'],
  ])('deletes nothing when %s signs its report', async (_, key, problem) => {
    const fixture = await dueToEmpty('decommission');
    expect(await empty(fixture, key)).toEqual({ kind: 'key', problem });
    expect(await state(fixture)).toBe('closing');
  });

  it('empties indexes and store first, archives a day later, and proves it', async () => {
    const fixture = await dueToEmpty('decommission');
    const { store, clock } = fixture;
    expect(await empty(fixture)).toMatchObject({ kind: 'archives stay' });
    expect(await fixture.index()).toEqual([]);
    expect(await leftIn(fixture, 'decommission')).toEqual([]);
    expect(await abortClosing(store, by)).toEqual({ kind: 'refused', state: 'emptying' });
    expect(await empty(fixture, 'other')).toEqual({ kind: 'key', problem: 'other' });
    clock.advance(DAY);
    expect(await empty(fixture)).toMatchObject({ kind: 'archives stay' });
    clock.advance(2 * DAY);
    const done = await empty(fixture);
    if (done.kind !== 'done') throw new Error(done.kind);
    expect(await state(fixture)).toBe('ended');
    const names: string[] = [];
    for await (const { name } of fixture.deps.openBucket('exports').list('us/')) names.push(name);
    expect(names.sort()).toEqual(['us/index.txt', 'us/keys.json']);
    const report = parseReport(done.report)!;
    expect(isReportSignedBy(report, signer.pem)).toBe(true);
    expect(isReportSignedBy(report, memorySigner().pem)).toBe(false);
    const changed = report.report.replace('"documents":0', '"documents":1');
    expect(isReportSignedBy({ ...report, report: changed }, signer.pem)).toBe(false);
    expect(JSON.parse(report.report)).toMatchObject({
      ...{ goal: 'decommission', left: { documents: 0, objects: 0 } },
      deleted: { places: [{ id: 'us', bucket: 'exports' }] },
    });
    expect(await verifyAudit(store)).toMatchObject({ kind: 'whole' });
    expect(await empty(fixture)).toEqual(done);
    expect(await wakeServer(store, by)).toEqual({ kind: 'refused', state: 'ended' });
    expect(await close(fixture)).toEqual({ kind: 'refused', state: 'ended' });
  });

  it.each(['before', 'after'] as const)(
    'goes on after it was killed %s any write of its end',
    async (moment) => {
      const fixture = await dueToEmpty('decommission');
      const findSigner = async () => await Promise.resolve(signer);
      const empties = emptying(fixture, { key: 'audit', findSigner });
      expect(await emptyWithDeaths(fixture, empties, moment)).toBeGreaterThan(
        deletedWith('decommission').length,
      );
      expect(await state(fixture)).toBe('ended');
      expect(await leftIn(fixture, 'decommission')).toEqual([]);
      expect(await verifyAudit(fixture.store)).toMatchObject({ kind: 'whole' });
    },
  );
});

describe('a server that hibernates', () => {
  it('keeps what it takes to go on, wakes, and exports what comes from then on, once', async () => {
    const fixture = await dueToEmpty('hibernate');
    const { store, clock } = fixture;
    await empty(fixture);
    clock.advance(2 * DAY);
    expect(await empty(fixture)).toMatchObject({ kind: 'done', state: 'hibernating' });
    expect(await leftIn(fixture, 'hibernate')).toEqual([]);
    expect((await store.get(exportConfigs, ['us']))[0]).toBeDefined();
    clock.advance(200 * DAY);
    expect(await wakeServer(store, by)).toMatchObject({ kind: 'changed' });
    const window = unixMillis(Math.floor(clock.now() / HOUR) * HOUR);
    const keys = await fixture.publish(4, { window });
    await later(fixture, 6 * HOUR, 3 * HOUR);
    expect(await fixture.index()).toHaveLength(1);
    expect(await fixture.download()).toEqual(expect.arrayContaining([...keys]));
    expect((await fixture.batches()).filter(({ start }) => start < window - DAY)).toEqual([]);
    expect(fixture.log.events('export.late')).toEqual([]);
    expect(fixture.log.events('export.archive_missing')).toEqual([]);
  });
});

describe('the state of a server', () => {
  it('that has vanished is noticed, and said anew by an operator alone', async () => {
    const fixture = await opened();
    await close(fixture);
    await fixture.store.deleteAll(lifecycles, {});
    await expect(readLifecycle(fixture.store)).rejects.toMatchObject({ code: 'lost' });
    await expect(empty(fixture)).rejects.toMatchObject({ code: 'lost' });
    expect(await restateOpen(fixture.store, by)).toBe(true);
    expect(await restateOpen(fixture.store, by)).toBe(false);
    expect(await state(fixture)).toBe('open');
  });

  it('of one that never closed waits for nothing, and has nothing to wake', async () => {
    const fixture = await openExportFixture();
    expect(await state(fixture)).toBe('open');
    expect(await wakeServer(fixture.store, by)).toEqual({ kind: 'refused', state: 'open' });
    expect(await empty(fixture)).toEqual({ kind: 'wrong state', state: 'open' });
    fixture.clock.set(unixMillis(NOON + HOUR));
    expect(await closingWaits(fixture.store, { closesAt: NOON })).toEqual([]);
    expect(await fixture.store.deleteAll(keyBatches, {})).toBe(0);
  });
});
