import { seededRandom } from '@keyserver/random/testing';
import { closeTestStores } from '@keyserver/sqlite/testing';
import { type PauseTarget, beginPause, endPause, readPauses } from '@keyserver/stores';
import { DAY, HOUR, MINUTE, unixMillis } from '@keyserver/time';
import { aPaddedPartner, anExport, hour } from './testing/export-builders.ts';
import { type ExportFixture, openExportFixture } from './testing/export-fixture.ts';

afterEach(closeTestStores);

const US: PauseTarget = { kind: 'region', target: 'US' };
const by = { actor: 'alex', random: seededRandom('paused') };
const pause = async ({ store }: ExportFixture) => await beginPause(store, US, by);
const resume = async ({ store }: ExportFixture) => await endPause(store, US, by);
const CA = anExport({ id: 'ca', outputRegion: 'CA', inputRegions: ['CA'] });

/** Two exports, of one region each, with keys of the last hour that are due. */
async function opened(...configs: ReturnType<typeof anExport>[]): Promise<ExportFixture> {
  const fixture = await openExportFixture();
  await fixture.configure(...(configs.length > 0 ? configs : [anExport(), CA]));
  return fixture;
}

async function publishes(fixture: ExportFixture): Promise<readonly string[]> {
  const keys = await fixture.publish(3, { window: hour(11) });
  await fixture.publish(2, { window: hour(11), regions: ['CA'] });
  fixture.clock.advance(fixture.store.closingDelay);
  return keys;
}

/** A worker that is interrupted once, before it uses a port. */
const interruptedAt = (fixture: ExportFixture, point: string, happens: () => Promise<unknown>) => {
  const { work } = fixture.deps;
  let pending = true;
  const first = async (): Promise<void> => {
    if (pending) await happens();
    pending = false;
  };
  return {
    work: {
      freeze: async (...given: Parameters<typeof work.freeze>) => {
        if (point === 'freeze') await first();
        return await work.freeze(...given);
      },
      finish: async (...given: Parameters<typeof work.finish>) => {
        if (point === 'finish') await first();
        return await work.finish(...given);
      },
    },
  };
};

describe('while a region is paused', () => {
  it('its exports are cut and not made, others flow, and no lease is taken', async () => {
    const fixture = await opened();
    await publishes(fixture);
    await pause(fixture);
    expect(await fixture.run()).toMatchObject({
      ...{ cut: { kind: 'done', done: 2 }, work: { kind: 'done', done: 1, left: 1 } },
    });
    expect(await fixture.index('us')).toBeUndefined();
    expect(await fixture.index('ca')).toHaveLength(1);
    expect((await fixture.batches('us')).map(({ state, fence }) => [state, fence])).toEqual([
      ['open', 0],
    ]);
  });

  it('everything that waited comes out once when it is resumed, with what came meanwhile', async () => {
    const fixture = await opened();
    const keys = [...(await publishes(fixture))];
    await pause(fixture);
    await fixture.run();
    keys.push(...(await fixture.publish(4, { window: hour(12) })));
    fixture.clock.advance(HOUR);
    await fixture.run();
    expect(await resume(fixture)).toBe(true);
    await fixture.run();
    await fixture.run();
    const all = await fixture.download('us');
    expect(new Set(all).size).toBe(all.length);
    expect(keys.filter((key) => !all.includes(key))).toEqual([]);
  });

  it.each(['freeze', 'finish'])(
    'a batch that was begun before stops at the %s, and is the same when it goes on',
    async (point) => {
      const fixture = await opened(anExport());
      const keys = await publishes(fixture);
      const worker = interruptedAt(fixture, point, async () => await pause(fixture));
      expect(await fixture.run(worker)).toMatchObject({ work: { kind: 'done', done: 0, left: 1 } });
      expect(await fixture.index('us')).toBeUndefined();
      expect(fixture.log.events('export.batch_paused')).toHaveLength(1);
      expect(fixture.log.events('export.batch_failed')).toEqual([]);
      const before = [...fixture.written].filter((name) => name.endsWith('.zip'));
      expect(before).toHaveLength(point === 'finish' ? 1 : 0);
      await resume(fixture);
      await fixture.run();
      expect([...fixture.written].filter((name) => name.endsWith('.zip'))).toHaveLength(1);
      expect(await fixture.download('us')).toEqual(expect.arrayContaining([...keys]));
    },
  );

  it('a batch without keys is not ended either', async () => {
    const fixture = await opened(anExport());
    await publishes(fixture);
    await fixture.run();
    fixture.clock.advance(HOUR);
    const worker = interruptedAt(fixture, 'finish', async () => await pause(fixture));
    await fixture.run(worker);
    expect((await fixture.batches('us')).map(({ state }) => state)).toEqual(['complete', 'open']);
    await resume(fixture);
    await fixture.run();
    expect((await fixture.batches('us')).map(({ state }) => state)).toEqual(['complete', 'empty']);
  });

  it('the units of a padded partner that is granted it wait, and are settled once it is resumed', async () => {
    const fixture = await opened(CA);
    await fixture.admit(aPaddedPartner());
    await publishes(fixture);
    const { units } = fixture.deps;
    const worker = {
      units: {
        ...units,
        end: async (...given: Parameters<typeof units.end>) => {
          await pause(fixture);
          return await units.end(...given);
        },
      },
    };
    fixture.clock.set(hour(12));
    fixture.clock.advance(fixture.store.closingDelay);
    await fixture.run(worker);
    expect(fixture.log.events('federation.unit_paused')).toHaveLength(1);
    await fixture.run();
    expect(await fixture.units.progressOf('neighbour')).toMatchObject({ open: { fence: 1 } });
    await resume(fixture);
    await fixture.run();
    expect((await fixture.units.progressOf('neighbour')).open).toBeUndefined();
  });

  it('says that an export is late because it is paused, and no other', async () => {
    const fixture = await opened();
    await publishes(fixture);
    await pause(fixture);
    await fixture.run();
    fixture.clock.advance(HOUR);
    await fixture.run();
    expect(fixture.log.events('export.late')).toMatchObject([{ config: 'us', because: 'paused' }]);
    await expect(fixture.late.probe()).rejects.toThrow(/pause/u);
    await resume(fixture);
    await fixture.run();
    await expect(fixture.late.probe()).resolves.toBeUndefined();
  });
});

describe('a pause that lasts', () => {
  /** Lets a day pass in which both jobs run now and then. */
  const passes = async (fixture: ExportFixture, ms: number): Promise<void> => {
    fixture.clock.advance(ms);
    await fixture.run();
  };

  it('alerts from three days before the oldest window expires, ends a day later, and loses no key', async () => {
    const fixture = await opened(anExport({ period: DAY }));
    await fixture.publish(3, { window: hour(11) });
    fixture.clock.set(unixMillis(hour(24) + fixture.store.closingDelay));
    await pause(fixture);
    await fixture.run();
    const [open] = await fixture.batches('us');
    const endsAt = open!.start + 12 * DAY;
    fixture.clock.set(unixMillis(endsAt - DAY - MINUTE));
    await fixture.run();
    expect(fixture.log.events('pause.ends_soon')).toEqual([]);
    await passes(fixture, MINUTE);
    expect(fixture.log.events('pause.ends_soon')).toMatchObject([
      { kind: 'region', target: 'US', hours: 24 },
    ]);
    await passes(fixture, DAY - MINUTE);
    expect(fixture.log.events('pause.ended')).toEqual([]);
    expect(await fixture.index('us')).toBeUndefined();
    await passes(fixture, MINUTE);
    expect(fixture.log.events('pause.ended')).toMatchObject([{ kind: 'region', target: 'US' }]);
    expect(await readPauses(fixture.store)).toEqual([]);
    expect((await fixture.download('us')).length).toBeGreaterThanOrEqual(10);
  });

  it('lasts while nothing waits for its end', async () => {
    const fixture = await opened({ ...CA, period: DAY });
    await publishes(fixture);
    await pause(fixture);
    await fixture.run();
    await passes(fixture, 13 * DAY);
    await passes(fixture, DAY);
    expect(fixture.log.events('pause.ends_soon')).toEqual([]);
    expect(await readPauses(fixture.store)).toHaveLength(1);
  });
});
