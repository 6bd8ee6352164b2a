import type { ExportConfig } from '@keyserver/export-file';
import { RECORD_BYTES } from '@keyserver/exposure-keys';
import { closeTestStores } from '@keyserver/sqlite/testing';
import { keyBatches } from '@keyserver/stores';
import { HOUR, MINUTE, unixMillis } from '@keyserver/time';
import { keysIn } from './testing/archive-keys.ts';
import {
  type ExportWorld,
  aSigningKey,
  anExport,
  hour,
  openExportWorld,
} from './testing/export-world.ts';

afterEach(closeTestStores);

const ELEVEN = { window: hour(11) };
/** Exactly as many keys as the file needs, so that none is generated. */
const ENOUGH = 10;

async function worldOf(...configs: readonly ExportConfig[]): Promise<ExportWorld> {
  const world = await openExportWorld();
  await world.configure(...configs);
  return world;
}

const states = async (world: ExportWorld): Promise<readonly string[]> =>
  (await world.batches()).map(({ config, state }) => `${config.id} ${state}`);

describe('which keys a file holds', () => {
  it('takes any of several regions, and nothing from others', async () => {
    const world = await worldOf(anExport({ inputRegions: ['CA', 'MX', 'CA'] }));
    const ca = await world.publish(5, { ...ELEVEN, regions: ['CA'] });
    const mx = await world.publish(5, { ...ELEVEN, regions: ['MX', 'US'] });
    await world.publish(5, { ...ELEVEN, regions: ['US'], traveler: true });
    await world.run();
    expect((await world.download()).toSorted()).toEqual([...ca, ...mx].toSorted());
  });

  it('leaves out keys of any excluded region', async () => {
    const world = await worldOf(anExport({ excludeRegions: ['CA', 'MX'] }));
    const kept = await world.publish(ENOUGH, ELEVEN);
    await world.publish(5, { ...ELEVEN, regions: ['US', 'CA'] });
    await world.publish(5, { ...ELEVEN, regions: ['US', 'MX'] });
    await world.run();
    expect((await world.download()).toSorted()).toEqual([...kept].toSorted());
  });

  it('takes travelers of all regions where the export wants them', async () => {
    const world = await worldOf(anExport({ includeTravelers: true }));
    const residents = await world.publish(5, ELEVEN);
    const travelers = await world.publish(5, { ...ELEVEN, regions: ['CA'], traveler: true });
    await world.publish(5, { ...ELEVEN, regions: ['CA'] });
    await world.run();
    expect((await world.download()).toSorted()).toEqual([...residents, ...travelers].toSorted());
  });

  it('leaves travelers out of an export of residents', async () => {
    const world = await worldOf(anExport({ onlyNonTravelers: true }));
    const residents = await world.publish(ENOUGH, ELEVEN);
    await world.publish(5, { ...ELEVEN, traveler: true });
    await world.run();
    expect((await world.download()).toSorted()).toEqual([...residents].toSorted());
  });

  it('takes the windows of the batch only, its end excluded', async () => {
    const world = await worldOf(anExport());
    const keys = await world.publish(ENOUGH, ELEVEN);
    await world.publish(ENOUGH, { window: hour(10) });
    await world.publish(5, { window: hour(12) });
    await world.run();
    const [, newest = ''] = (await world.index()) ?? [];
    expect(keysIn(await world.object(newest)).toSorted()).toEqual([...keys].toSorted());
  });

  it('lists revisions apart and does not pad them', async () => {
    const world = await worldOf(anExport());
    const revised = await world.publish(2, { ...ELEVEN, kind: 'revision' });
    await world.run();
    const [name = ''] = (await world.index()) ?? [];
    const zip = await world.object(name);
    expect(keysIn(zip)).toEqual([]);
    expect(keysIn(zip, 'revised').toSorted()).toEqual([...revised].toSorted());
  });

  it('splits what is too much for one file', async () => {
    const world = await worldOf(anExport({ maxRecords: 4 }));
    const keys = await world.publish(ENOUGH, ELEVEN);
    await world.run();
    expect(await world.index()).toHaveLength(3);
    expect((await world.download()).toSorted()).toEqual([...keys].toSorted());
  });
});

describe('padding', () => {
  it('lifts a small batch to the floor, and never an empty one', async () => {
    const world = await worldOf(anExport(), anExport({ id: 'ca', outputRegion: 'CA' }));
    const keys = await world.publish(1, ELEVEN);
    await world.run();
    const listed = await world.download();
    expect(listed).toHaveLength(10);
    expect(listed).toContain(keys[0]);
    expect(await world.index('ca')).toEqual([]);
    expect(await states(world)).toEqual(['ca empty', 'us complete']);
  });

  it('lifts every export to the largest floor of those that share its keys', async () => {
    const both = anExport({ id: 'both', inputRegions: ['US', 'CA'], minRecords: 20 });
    const ended = anExport({ id: 'ended', minRecords: 90, thru: hour(11) });
    const world = await worldOf(anExport(), both, ended);
    await world.publish(1, ELEVEN);
    await world.run();
    expect(await world.download('us')).toHaveLength(20);
    expect((await world.download('both')).toSorted()).toEqual((await world.download()).toSorted());
  });

  const large = anExport({ minRecords: 72_000, paddingRange: 900, maxRecords: 100_000 });

  it('adds more keys than one transaction takes', async () => {
    const world = await worldOf(large);
    const keys = await world.publish(3, ELEVEN);
    await world.run();
    const listed = await world.download();
    expect(listed.length).toBeGreaterThanOrEqual(72_000);
    expect(listed).toEqual(expect.arrayContaining([...keys]));
    expect(await world.batches()).toMatchObject([{ state: 'complete', padTo: listed.length }]);
  });

  it('goes on to the number that was drawn when the worker died with a part of it stored', async () => {
    const world = await worldOf(large);
    await world.publish(3, ELEVEN);
    await world.run(
      world.mortal((port) => {
        if (port === 'after work.freeze') throw new Error('the worker is dead');
      }),
    );
    const [dead] = await world.batches();
    expect(dead).toMatchObject({ state: 'open', frozen: undefined });
    world.clock.advance(2 * MINUTE);
    await world.run();
    expect(await world.download()).toHaveLength(dead?.padTo ?? 0);
  });

  it('keeps keys of many combinations of regions under their own', async () => {
    const world = await worldOf(anExport({ minRecords: 1200, maxRecords: 2000 }));
    const regions = Array.from({ length: 600 }, (_, n) => ['US', `R${String(n)}`]);
    for (const of of regions) await world.publish(1, { ...ELEVEN, regions: of });
    await world.run();
    expect(await world.download()).toHaveLength(1200);
    const stored = new Map<string, number>();
    for await (const page of world.store.pages(keyBatches, {}))
      for (const { value } of page) {
        const name = value.regions.join();
        stored.set(name, (stored.get(name) ?? 0) + value.records.length / RECORD_BYTES);
      }
    expect([...stored.keys()].toSorted()).toEqual(regions.map((of) => of.join()).toSorted());
    expect([...stored.values()].reduce((sum, keys) => sum + keys, 0)).toBe(1200);
  });

  it('is the same in files that overlap, whichever worker makes them', async () => {
    const long = anExport({ id: 'a-long', period: 4 * HOUR });
    const world = await worldOf(
      anExport(),
      long,
      anExport({ id: 'travel', includeTravelers: true }),
    );
    await world.publish(3, ELEVEN);
    await world.cut();
    await Promise.all([world.work(), world.work(), world.work()]);
    await world.work();
    const hourly = (await world.download()).toSorted();
    expect(hourly).toHaveLength(10);
    expect((await world.download('a-long')).toSorted()).toEqual(hourly);
    expect((await world.download('travel')).toSorted()).toEqual(hourly);
  });

  it('lets a batch wait while a worker still holds a smaller one that is not padded', async () => {
    const world = await worldOf(anExport(), anExport({ id: 'long', period: 4 * HOUR }));
    await world.publish(3, ELEVEN);
    await world.cut();
    await world.deps.queue.lease({ lengthMs: MINUTE, wants: () => true });
    expect(await world.work()).toEqual({ kind: 'done', done: 0, left: 2 });
    world.clock.advance(MINUTE);
    expect(await world.work()).toEqual({ kind: 'done', done: 2, left: 0 });
  });

  it('is looked at again when another batch of the day was frozen in between', async () => {
    const world = await worldOf(anExport(), anExport({ id: 'ca', outputRegion: 'CA' }));
    await world.publish(1, ELEVEN);
    await world.publish(1, { ...ELEVEN, regions: ['CA'] });
    await world.cut();
    let raced = false;
    const report = await world.work({
      work: {
        ...world.deps.work,
        freeze: async (batch, step) => {
          if (!raced) {
            raced = true;
            await world.work();
          }
          return await world.deps.work.freeze(batch, step);
        },
      },
    });
    expect(report).toMatchObject({ kind: 'done', done: 1, left: 0 });
    expect(await world.download('us')).toHaveLength(10);
    expect(await world.download('ca')).toHaveLength(10);
  });
});

describe('signers', () => {
  it('are named newest first, and only while they are in force', async () => {
    const ids = ['k1', 'k2', 'k3', 'k4', 'k5'];
    const world = await worldOf(anExport({ signingKeys: ids }));
    await world.declare(
      aSigningKey('k2', { from: hour(10) }),
      aSigningKey('k3', { from: hour(13) }),
      aSigningKey('k4', { thru: hour(12) }),
      aSigningKey('k5', { signingKey: 'key-of-nobody' }),
    );
    world.signers.delete('key-of-nobody');
    await world.publish(ENOUGH, ELEVEN);
    await world.run();
    const [batch] = await world.batches();
    expect(batch?.frozen?.signers.map(({ id }) => id)).toEqual(['k2', 'k1']);
    expect(await world.download()).toHaveLength(ENOUGH);
  });

  it('are no more than phones read', async () => {
    const ids = Array.from({ length: 12 }, (_, n) => `s${n}`);
    const world = await worldOf(anExport({ signingKeys: ids }));
    await world.declare(...ids.map((id, n) => aSigningKey(id, { from: unixMillis(n) })));
    await world.publish(ENOUGH, ELEVEN);
    await world.run();
    const [batch] = await world.batches();
    expect(batch?.frozen?.signers.map(({ id }) => id)).toEqual(ids.toReversed().slice(0, 10));
  });

  it('are missed loudly: no file is made, the batch stays open, and a new key helps it', async () => {
    const world = await worldOf(anExport({ signingKeys: [] }));
    await world.publish(1, ELEVEN);
    const problems = ['no signing key is in force for export us'];
    expect((await world.run()).work).toEqual({ kind: 'failed', done: 0, left: 1, problems });
    expect((await world.run()).work).toMatchObject({ kind: 'failed', problems });
    expect(world.log.events('export.no_signer')).toHaveLength(2);
    expect([...world.written].filter((name) => name.endsWith('.zip'))).toEqual([]);

    await world.configure(anExport());
    expect((await world.run()).work).toEqual({ kind: 'done', done: 1, left: 0 });
    expect(await world.download()).toHaveLength(10);
    expect(await world.batches()).toMatchObject([{ attempt: 0 }]);
  });

  it('that are missing change nothing of what was decided, however often the batch is tried', async () => {
    const world = await worldOf(anExport({ signingKeys: [] }));
    await world.publish(1, ELEVEN);
    await world.run();
    const decided = await world.batches();
    const freezes: string[] = [];
    for (let times = 0; times < 3; times++)
      await world.work(
        world.mortal((port) => {
          if (port === 'before work.freeze') freezes.push(port);
        }),
      );
    expect(freezes).toEqual([]);
    const [batch] = await world.batches();
    expect(batch?.frozen).toEqual(decided[0]?.frozen);
    // Frozen anew it would take a place in the order of padding at every call, which the batches after it then wait for.
    expect(await world.deps.work.paddingSequence(batch!)).toBe(1);
    // With a key it is frozen anew once, and signed by it.
    await world.configure(anExport());
    await world.run();
    const [made] = await world.batches();
    expect(made?.frozen).toMatchObject({ paddingSequence: 2, signers: [{ id: 'k1' }] });
  });

  it('that are missing hold back no batch of another export that shares the keys', async () => {
    const world = await worldOf(
      anExport({ signingKeys: [] }),
      anExport({ id: 'long', period: 4 * HOUR }),
    );
    await world.publish(1, ELEVEN);
    expect((await world.run()).work).toMatchObject({ kind: 'failed', done: 1, left: 1 });
    expect(await world.download('long')).toHaveLength(10);
  });

  it('come from the copy of the export when it is not configured any longer', async () => {
    const world = await worldOf(anExport());
    await world.publish(ENOUGH, ELEVEN);
    await world.cut();
    expect(await world.work({ listExports: async () => await Promise.resolve([]) })).toMatchObject({
      done: 1,
    });
    expect(await world.download()).toHaveLength(ENOUGH);
  });
});

/** Works until a file is written but the batch is not recorded, as if the worker died there. */
async function dieBeforeFinish(world: ExportWorld): Promise<void> {
  await world.cut();
  let dead = false;
  await world.work(
    world.mortal((port) => {
      dead ||= port === 'before work.finish';
      if (dead) throw new Error('the worker is dead');
    }),
  );
  world.clock.advance(2 * MINUTE);
}

describe('a batch that cannot be made as it was frozen', () => {
  it.each([
    [
      'a frozen signer can no longer sign',
      (world: ExportWorld) => world.signers.delete('key-of-k1'),
    ],
    [
      'a frozen signer is no longer in force',
      async (world: ExportWorld) => {
        await world.declare(aSigningKey('k1', { thru: hour(12) }));
      },
    ],
    [
      'a frozen signer has become another one',
      async (world: ExportWorld) => {
        await world.declare(aSigningKey('k1', { signingKey: 'other', thru: hour(12) }));
      },
    ],
  ])('begins again under new names when %s', async (_reason, change) => {
    const world = await worldOf(anExport({ signingKeys: ['k1', 'k2'] }));
    await world.declare(aSigningKey('k2'));
    await world.publish(3, ELEVEN);
    await dieBeforeFinish(world);
    await change(world);
    expect(await world.work()).toMatchObject({ done: 1, left: 0 });
    expect(await world.index()).toEqual(['us/1768474801-1768478401-00001.zip']);
    const [batch] = await world.batches();
    expect(batch).toMatchObject({ attempt: 1, frozen: { signers: [{ id: 'k2' }] } });
    expect(await world.download()).toHaveLength(10);
  });

  it('begins again under new names when its encoder is gone', async () => {
    const world = await worldOf(anExport());
    await world.publish(3, ELEVEN);
    await world.cut();
    await world.work({
      work: {
        ...world.deps.work,
        freeze: async (batch, step) => {
          const frozen = { ...step.frozen, encoder: 'of yesterday' };
          await world.deps.work.freeze(batch, { ...step, frozen });
          throw new Error('the worker is dead');
        },
      },
    });
    expect(await world.work()).toMatchObject({ done: 1 });
    expect(await world.index()).toEqual(['us/1768474801-1768478401-00001.zip']);
  });

  it('takes another name when its own has another content, which stays as it is', async () => {
    const world = await worldOf(anExport());
    await world.publish(ENOUGH, ELEVEN);
    const name = 'us/1768474800-1768478400-00001.zip';
    const headers = { contentType: 'text/plain', cacheControl: '', digest: 'other' };
    const content = async function* () {
      yield await Promise.resolve(Buffer.from('other'));
    };
    await world.deps.openBucket('exports').put(name, content(), { headers, expected: 'absent' });
    await world.run();
    expect(await world.index()).toEqual(['us/1768474801-1768478401-00001.zip']);
    expect(Buffer.from(await world.object(name)).toString()).toBe('other');
  });

  it('gives up for this time when one name after the other is taken', async () => {
    const world = await worldOf(anExport());
    await world.publish(ENOUGH, ELEVEN);
    await world.cut();
    const bucket = world.deps.openBucket('exports');
    const report = await world.work({
      openBucket: () => ({
        ...bucket,
        put: async (name, content, options) =>
          name.endsWith('.zip') ? 'conflict' : await bucket.put(name, content, options),
      }),
    });
    expect(report).toMatchObject({ kind: 'failed', done: 0, left: 1 });
    expect(world.log.events('export.batch_failed')).toMatchObject([{ reason: 'object_conflict' }]);
    expect(await world.work()).toMatchObject({ kind: 'done', done: 1 });
    expect(await world.download()).toHaveLength(ENOUGH);
  });

  it('is empty when all its keys are past retention by now', async () => {
    const world = await worldOf(anExport());
    await world.publish(3, ELEVEN);
    await dieBeforeFinish(world);
    const nothing = async function* () {
      yield await Promise.resolve([]);
    };
    expect(await world.work({ readKeyBatches: nothing })).toMatchObject({ done: 1, left: 0 });
    expect(await states(world)).toEqual(['us empty']);
    expect(await world.index()).toEqual([]);
  });
});

describe('a call', () => {
  it('goes on with other batches when one fails, and leaves that one free for the next call', async () => {
    const world = await worldOf(
      anExport(),
      anExport({ id: 'ca', outputRegion: 'CA', bucket: 'broken' }),
    );
    await world.publish(ENOUGH, ELEVEN);
    await world.publish(ENOUGH, { ...ELEVEN, regions: ['CA'] });
    await world.cut();
    const report = await world.work({
      openBucket: (name) => {
        if (name === 'broken') throw new Error('secret words');
        return world.deps.openBucket(name);
      },
    });
    expect(report).toEqual({
      kind: 'failed',
      done: 1,
      left: 1,
      problems: ['the index of export ca failed', 'batch ca-1768474800-1768478400 failed'],
    });
    expect(world.log.lines.join('')).not.toContain('secret words');
    expect(await world.work()).toEqual({ kind: 'done', done: 1, left: 0 });
  });

  it('leaves the rest to the next one when too little time is left, and says how much', async () => {
    const world = await worldOf(anExport());
    await world.cut();
    world.clock.advance(3 * HOUR);
    await world.cut();
    expect(await world.work({ batchDeadlineMs: 10 * MINUTE })).toEqual({
      kind: 'done',
      done: 1,
      left: 3,
    });
  });

  it('gives a batch back when its own deadline passes', async () => {
    const world = await worldOf(anExport());
    await world.publish(ENOUGH, ELEVEN);
    await world.cut();
    const report = await world.work({
      leaseMs: 10 * MINUTE,
      storeTime: async () => {
        await world.timers.advance(4 * MINUTE);
        return await world.deps.storeTime();
      },
    });
    expect(report).toMatchObject({ kind: 'failed', done: 0, left: 1 });
    expect(world.log.events('export.batch_failed')).toMatchObject([{ reason: 'deadline' }]);
    expect(await world.work()).toMatchObject({ kind: 'done', done: 1 });
  });

  it('fails when its deadline passes before a batch was done', async () => {
    const world = await worldOf(anExport());
    await world.publish(ENOUGH, ELEVEN);
    await world.cut();
    const report = await world.work({
      deadlines: { createBatches: MINUTE, doWork: 3 * MINUTE },
      storeTime: async () => {
        await world.timers.advance(3 * MINUTE);
        return await world.deps.storeTime();
      },
    });
    expect(report).toMatchObject({ kind: 'failed', done: 0, left: 1 });
    expect([...world.written]).toEqual([]);
  });

  it('writes nothing more once its lease was lost', async () => {
    const world = await worldOf(anExport());
    await world.publish(3, ELEVEN);
    await world.cut();
    let other: Promise<unknown> | undefined;
    const report = await world.work({
      storeTime: async () => {
        world.clock.advance(2 * MINUTE);
        await (other ??= world.work());
        return await world.deps.storeTime();
      },
    });
    expect(report).toEqual({ kind: 'done', done: 0, left: 0 });
    expect(world.log.events('export.batch_failed')).toMatchObject([{ reason: 'lease_lost' }]);
    expect(await world.download()).toHaveLength(10);
    expect([...world.written].filter((name) => name.endsWith('.zip'))).toHaveLength(1);
  });

  it('stops its work when a renewal finds the lease lost', async () => {
    const world = await worldOf(anExport());
    await world.publish(3, ELEVEN);
    await world.cut();
    const report = await world.work({
      storeTime: async () => {
        world.clock.advance(2 * MINUTE);
        await world.deps.queue.lease({ lengthMs: MINUTE, wants: () => true });
        await world.timers.advance(MINUTE);
        return await world.deps.storeTime();
      },
    });
    expect(report).toEqual({ kind: 'done', done: 0, left: 1 });
    expect(world.log.events('export.batch_failed')).toMatchObject([{ reason: 'lease_lost' }]);
    expect([...world.written]).toEqual([]);
  });

  it('keeps its lease while the work goes on', async () => {
    const world = await worldOf(anExport());
    await world.publish(3, ELEVEN);
    await world.cut();
    let others: unknown;
    let tellRenewed = (): void => undefined;
    const queue = {
      ...world.deps.queue,
      renew: async (...of: Parameters<typeof world.deps.queue.renew>) => {
        const batch = await world.deps.queue.renew(...of);
        setImmediate(tellRenewed);
        return batch;
      },
    };
    const report = await world.work({
      storeTime: async () => {
        for (let n = 0; others === undefined && n < 4; n++) {
          const renewed = new Promise<void>((resolve) => (tellRenewed = resolve));
          world.clock.advance(MINUTE / 3);
          await world.timers.advance(MINUTE / 3);
          await renewed;
        }
        others ??= await world.work();
        return await world.deps.storeTime();
      },
      queue,
    });
    expect(others).toMatchObject({ done: 0, left: 1 });
    expect(report).toMatchObject({ kind: 'done', done: 1, left: 0 });
  });
});
