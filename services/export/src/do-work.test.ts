import type { ExportConfig } from '@keyserver/export-file';
import { DEFAULT_KEY_RULES } from '@keyserver/exposure-keys';
import { MIN_REVISED } from '@keyserver/padding';
import { closeTestStores } from '@keyserver/sqlite/testing';
import {
  appDocument,
  appDocumentId,
  authorizedApps,
  exportConfigDocument,
  exportConfigs,
  keyBatches,
  padPlans,
} from '@keyserver/stores';
import { HOUR, MINUTE, unixMillis } from '@keyserver/time';
import { keysIn } from './testing/archive-keys.ts';
import { aSigningKey, anExport, hour } from './testing/export-builders.ts';
import { type ExportFixture, openExportFixture } from './testing/export-fixture.ts';

afterEach(closeTestStores);

const ELEVEN = { window: hour(11) };
/** Exactly as many keys as the file needs: then no more is generated than is needed to hide who revises. */
const ENOUGH = 10;

/** Those that the fixture published, sorted: all but a number are zeros in them. */
const publishedIn = (listed: readonly string[]): readonly string[] =>
  listed.filter((key) => key.endsWith('0'.repeat(24))).toSorted();

async function worldOf(...configs: readonly ExportConfig[]): Promise<ExportFixture> {
  const fixture = await openExportFixture();
  await fixture.configure(...configs);
  return fixture;
}

const states = async (fixture: ExportFixture): Promise<readonly string[]> =>
  (await fixture.batches()).map(({ config, state }) => `${config.id} ${state}`);

describe('which keys a file holds', () => {
  it('takes any of several regions, and nothing from others', async () => {
    const fixture = await worldOf(anExport({ inputRegions: ['CA', 'MX', 'CA'] }));
    const ca = await fixture.publish(5, { ...ELEVEN, regions: ['CA'] });
    const mx = await fixture.publish(5, { ...ELEVEN, regions: ['MX', 'US'] });
    await fixture.publish(5, { ...ELEVEN, regions: ['US'], traveler: true });
    await fixture.run();
    expect(publishedIn(await fixture.download())).toEqual([...ca, ...mx].toSorted());
  });

  it('leaves out keys of any excluded region', async () => {
    const fixture = await worldOf(anExport({ excludeRegions: ['CA', 'MX'] }));
    const kept = await fixture.publish(ENOUGH, ELEVEN);
    await fixture.publish(5, { ...ELEVEN, regions: ['US', 'CA'] });
    await fixture.publish(5, { ...ELEVEN, regions: ['US', 'MX'] });
    await fixture.run();
    expect(publishedIn(await fixture.download())).toEqual([...kept].toSorted());
  });

  it('takes travelers of all regions where the export wants them', async () => {
    const fixture = await worldOf(anExport({ includeTravelers: true }));
    const residents = await fixture.publish(5, ELEVEN);
    const travelers = await fixture.publish(5, { ...ELEVEN, regions: ['CA'], traveler: true });
    await fixture.publish(5, { ...ELEVEN, regions: ['CA'] });
    await fixture.run();
    expect(publishedIn(await fixture.download())).toEqual([...residents, ...travelers].toSorted());
  });

  it('leaves travelers out of an export of residents', async () => {
    const fixture = await worldOf(anExport({ onlyNonTravelers: true }));
    const residents = await fixture.publish(ENOUGH, ELEVEN);
    await fixture.publish(5, { ...ELEVEN, traveler: true });
    await fixture.run();
    expect(publishedIn(await fixture.download())).toEqual([...residents].toSorted());
  });

  it('takes the windows of the batch only, its end excluded', async () => {
    const fixture = await worldOf(anExport());
    const keys = await fixture.publish(ENOUGH, ELEVEN);
    await fixture.publish(ENOUGH, { window: hour(10) });
    await fixture.publish(5, { window: hour(12) });
    await fixture.run();
    const [, newest = ''] = (await fixture.index()) ?? [];
    expect(publishedIn(keysIn(await fixture.object(newest)))).toEqual([...keys].toSorted());
  });

  it('lists revisions apart, alone where nothing was published before them', async () => {
    const fixture = await worldOf(anExport());
    const revised = await fixture.publish(2, { ...ELEVEN, kind: 'revision' });
    await fixture.run();
    const [name = ''] = (await fixture.index()) ?? [];
    const zip = await fixture.object(name);
    expect(keysIn(zip)).toEqual([]);
    expect(keysIn(zip, 'revised').toSorted()).toEqual([...revised].toSorted());
    expect(await fixture.batches()).toMatchObject([{ files: [{ name, keys: 2 }] }]);
  });

  it('splits what is too much for one file', async () => {
    const fixture = await worldOf(anExport({ maxRecords: 4 }));
    const keys = await fixture.publish(ENOUGH, ELEVEN);
    await fixture.run();
    const listed = await fixture.download();
    expect(listed.length).toBeGreaterThanOrEqual(ENOUGH);
    expect(await fixture.index()).toHaveLength(Math.ceil(listed.length / 4));
    expect(new Set(listed).size).toBe(listed.length);
    expect(publishedIn(listed)).toEqual([...keys].toSorted());
  });
});

/** Whole documents are generated, at least ten, so there may be some keys more than the floor asks for. */
function expectFloor(listed: readonly string[], floor = 10): void {
  const { maxKeys } = DEFAULT_KEY_RULES;
  expect(listed.length).toBeGreaterThanOrEqual(floor);
  expect(publishedIn(listed).length).toBeLessThan(listed.length);
  const generated = listed.length - publishedIn(listed).length;
  expect(generated).toBeLessThanOrEqual(Math.max(floor + maxKeys, MIN_REVISED * maxKeys));
}

/** How many generated documents are stored. */
async function generatedDocuments(fixture: ExportFixture): Promise<number> {
  let count = 0;
  for await (const page of fixture.store.pages(keyBatches, {}))
    count += page.filter(({ value }) => value.origin === 'padding').length;
  return count;
}

describe('padding', () => {
  it('lifts a cell with a key to the floor, and never an empty one', async () => {
    const fixture = await worldOf(anExport(), anExport({ id: 'ca', outputRegion: 'CA' }));
    const keys = await fixture.publish(1, ELEVEN);
    await fixture.run();
    const listed = await fixture.download();
    expectFloor(listed);
    expect(listed).toContain(keys[0]);
    expect(await fixture.index('ca')).toEqual([]);
    expect(await states(fixture)).toEqual(['ca empty', 'us complete']);
    expect(fixture.log.events('export.batch_finished')).toContainEqual(
      expect.objectContaining({ config: 'us', padding: listed.length - 1 }),
    );
  });

  it('adds ten documents where enough was published, so that some can be revised with real ones', async () => {
    const fixture = await worldOf(anExport());
    await fixture.publish(ENOUGH * 10, ELEVEN);
    await fixture.run();
    expect(await generatedDocuments(fixture)).toBe(MIN_REVISED);
  });

  it('adds nothing where the floor is 0', async () => {
    const fixture = await worldOf(anExport({ minRecords: 0 }));
    const keys = await fixture.publish(1, ELEVEN);
    await fixture.run();
    expect(await fixture.download()).toEqual(keys);
    expect(await generatedDocuments(fixture)).toBe(0);
  });

  it('lifts a cell to the largest floor of the exports that it is in', async () => {
    const both = anExport({ id: 'both', inputRegions: ['US', 'CA'], minRecords: 60 });
    const ended = anExport({ id: 'ended', minRecords: 90, thru: hour(-24) });
    const fixture = await worldOf(anExport(), both, ended);
    await fixture.publish(1, ELEVEN);
    await fixture.run();
    expectFloor(await fixture.download('us'), 60);
    expect((await fixture.download('both')).toSorted()).toEqual(
      (await fixture.download()).toSorted(),
    );
  });

  it('leaves no difference of two files with fewer keys than the floor', async () => {
    const fixture = await worldOf(
      anExport({ minRecords: 40 }),
      anExport({ id: 'travel', includeTravelers: true, minRecords: 40 }),
      anExport({ id: 'both', inputRegions: ['US', 'CA'], minRecords: 40 }),
    );
    await fixture.publish(1, ELEVEN);
    await fixture.publish(1, { ...ELEVEN, regions: ['MX'], traveler: true });
    await fixture.publish(1, { ...ELEVEN, regions: ['CA'] });
    await fixture.run();
    const us = await fixture.download();
    const without = async (id: string): Promise<number> =>
      (await fixture.download(id)).filter((key) => !us.includes(key)).length;
    expectFloor(us, 40);
    expect(await without('travel')).toBeGreaterThanOrEqual(40);
    expect(await without('both')).toBeGreaterThanOrEqual(40);
  });

  it('adds more keys than one transaction takes', async () => {
    const fixture = await worldOf(
      // In documents of 14 keys at most, of which a transaction takes 500: 7,000 keys.
      anExport({ minRecords: 7_100, paddingRange: 900, maxRecords: 100_000 }),
    );
    const keys = await fixture.publish(3, ELEVEN);
    await fixture.run();
    const listed = await fixture.download();
    expect(listed.length).toBeGreaterThanOrEqual(7_100);
    expect(listed).toEqual(expect.arrayContaining([...keys]));
  });

  it('begins anew when the worker died with a part of it stored, and nobody reads that part', async () => {
    const fixture = await worldOf(anExport());
    await fixture.publish(3, ELEVEN);
    const { cells } = fixture.deps;
    await fixture.run({
      cells: {
        ...cells,
        name: async () => {
          await Promise.resolve();
          throw new Error('the worker is dead');
        },
      },
    });
    expect(await fixture.batches()).toMatchObject([{ state: 'open', frozen: undefined }]);
    await fixture.run();
    expectFloor(await fixture.download());
  });

  it('hides keys of many combinations of regions under their own', async () => {
    const fixture = await worldOf(anExport({ minRecords: 1200, maxRecords: 2000 }));
    const regions = Array.from({ length: 60 }, (_, n) => ['R' + String(n), 'US'].toSorted());
    for (const list of regions) await fixture.publish(1, { ...ELEVEN, regions: list });
    await fixture.run();
    expectFloor(await fixture.download(), 1200);
    const stored = new Set<string>();
    for await (const page of fixture.store.pages(keyBatches, {}))
      for (const { value } of page) stored.add(value.regions.join());
    expect([...stored].toSorted()).toEqual(regions.map((list) => list.join()).toSorted());
  });

  it('is the same in files that overlap, whichever workers make them at once', async () => {
    const long = anExport({ id: 'a-long', period: 4 * HOUR });
    const fixture = await worldOf(
      anExport(),
      long,
      anExport({ id: 'travel', includeTravelers: true }),
    );
    await fixture.publish(3, ELEVEN);
    await fixture.cut();
    await Promise.all([fixture.work(), fixture.work(), fixture.work()]);
    await fixture.work();
    const hourly = (await fixture.download()).toSorted();
    expectFloor(hourly);
    expect((await fixture.download('a-long')).toSorted()).toEqual(hourly);
    expect((await fixture.download('travel')).toSorted()).toEqual(hourly);
  });

  it('is read again when another worker settles a cell in between', async () => {
    const fixture = await worldOf(anExport(), anExport({ id: 'both', inputRegions: ['US', 'CA'] }));
    await fixture.publish(1, ELEVEN);
    await fixture.cut();
    let raced = false;
    const { cells } = fixture.deps;
    const report = await fixture.work({
      cells: {
        ...cells,
        settledWith: async (ids) => {
          if (!raced) {
            raced = true;
            await fixture.work();
          }
          return await cells.settledWith(ids);
        },
      },
    });
    expect(report).toMatchObject({ kind: 'done', left: 0 });
    expect((await fixture.download('both')).toSorted()).toEqual(
      (await fixture.download()).toSorted(),
    );
  });

  it('is as promised in a batch whose day has no plan, though the export was edited since', async () => {
    const fixture = await worldOf(anExport());
    await fixture.publish(3, ELEVEN);
    await fixture.cut();
    // As a version without plans has left it.
    await fixture.store.deleteAll(padPlans, {});
    await fixture.store.transact(async (tx) => {
      await Promise.resolve();
      tx.set(exportConfigs, 'us', exportConfigDocument(anExport({ outputRegion: 'CA' })));
    });
    await fixture.work();
    expectFloor(await fixture.download());
  });

  it('fills what nobody published into, where an export wants that', async () => {
    const fixture = await worldOf(anExport({ padEmpty: true }));
    const app = {
      id: 'app',
      regions: ['US'],
      authorities: [],
      bypassCertificate: true,
      bypassRevisionToken: false,
    };
    await fixture.store.transact(async (tx) => {
      await Promise.resolve();
      tx.set(authorizedApps, appDocumentId(app.id), appDocument(app));
    });
    await fixture.run();
    expectFloor(await fixture.download());
  });
});

describe('signers', () => {
  it('are named newest first, and only while they are in force', async () => {
    const ids = ['k1', 'k2', 'k3', 'k4', 'k5'];
    const fixture = await worldOf(anExport({ signingKeys: ids }));
    await fixture.declare(
      aSigningKey('k2', { from: hour(10) }),
      aSigningKey('k3', { from: hour(13) }),
      aSigningKey('k4', { thru: hour(12) }),
      aSigningKey('k5', { signingKey: 'key-of-nobody' }),
    );
    fixture.signers.delete('key-of-nobody');
    await fixture.publish(ENOUGH, ELEVEN);
    await fixture.run();
    const [batch] = await fixture.batches();
    expect(batch?.frozen?.signers.map(({ id }) => id)).toEqual(['k2', 'k1']);
    expect(publishedIn(await fixture.download())).toHaveLength(ENOUGH);
  });

  it('are no more than phones read', async () => {
    const ids = Array.from({ length: 12 }, (_, n) => `s${n}`);
    const fixture = await worldOf(anExport({ signingKeys: ids }));
    await fixture.declare(...ids.map((id, n) => aSigningKey(id, { from: unixMillis(n) })));
    await fixture.publish(ENOUGH, ELEVEN);
    await fixture.run();
    const [batch] = await fixture.batches();
    expect(batch?.frozen?.signers.map(({ id }) => id)).toEqual(ids.toReversed().slice(0, 10));
  });

  it('are missed loudly: no file is made, the batch stays open, and a new key helps it', async () => {
    const fixture = await worldOf(anExport({ signingKeys: [] }));
    await fixture.publish(1, ELEVEN);
    const problems = ['no signing key is in force for export us'];
    expect((await fixture.run()).work).toEqual({ kind: 'failed', done: 0, left: 1, problems });
    expect((await fixture.run()).work).toMatchObject({ kind: 'failed', problems });
    expect(fixture.log.events('export.no_signer')).toHaveLength(2);
    expect([...fixture.written].filter((name) => name.endsWith('.zip'))).toEqual([]);

    await fixture.configure(anExport());
    expect((await fixture.run()).work).toEqual({ kind: 'done', done: 1, left: 0 });
    expectFloor(await fixture.download());
    expect(await fixture.batches()).toMatchObject([{ attempt: 0 }]);
  });

  it('that are missing change nothing of what was decided, however often the batch is tried', async () => {
    const fixture = await worldOf(anExport({ signingKeys: [] }));
    await fixture.publish(1, ELEVEN);
    await fixture.run();
    const decided = await fixture.batches();
    const freezes: string[] = [];
    for (let times = 0; times < 3; times++)
      await fixture.work(
        fixture.mortal((port) => {
          if (port === 'before work.freeze') freezes.push(port);
        }),
      );
    expect(freezes).toEqual([]);
    const [batch] = await fixture.batches();
    expect(batch?.frozen).toEqual(decided[0]?.frozen);
    // With a key it is frozen anew once, and signed by it.
    await fixture.configure(anExport());
    await fixture.run();
    const [made] = await fixture.batches();
    expect(made?.frozen).toMatchObject({ signers: [{ id: 'k1' }] });
  });

  it('that are missing hold back no batch of another export that shares the keys', async () => {
    const fixture = await worldOf(
      anExport({ signingKeys: [] }),
      anExport({ id: 'long', period: 4 * HOUR }),
    );
    await fixture.publish(1, ELEVEN);
    expect((await fixture.run()).work).toMatchObject({ kind: 'failed', done: 1, left: 1 });
    expectFloor(await fixture.download('long'));
  });

  it('come from the copy of the export when it is not configured any longer', async () => {
    const fixture = await worldOf(anExport());
    await fixture.publish(ENOUGH, ELEVEN);
    await fixture.cut();
    expect(
      await fixture.work({ listExports: async () => await Promise.resolve([]) }),
    ).toMatchObject({
      done: 1,
    });
    expect(publishedIn(await fixture.download())).toHaveLength(ENOUGH);
  });
});

/** Works until a file is written but the batch is not recorded, as if the worker died there. */
async function dieBeforeFinish(fixture: ExportFixture): Promise<void> {
  await fixture.cut();
  let dead = false;
  await fixture.work(
    fixture.mortal((port) => {
      dead ||= port === 'before work.finish';
      if (dead) throw new Error('the worker is dead');
    }),
  );
  fixture.clock.advance(2 * MINUTE);
}

describe('a batch that cannot be made as it was frozen', () => {
  it.each([
    [
      'a frozen signer can no longer sign',
      (fixture: ExportFixture) => fixture.signers.delete('key-of-k1'),
    ],
    [
      'a frozen signer is no longer in force',
      async (fixture: ExportFixture) => {
        await fixture.declare(aSigningKey('k1', { thru: hour(12) }));
      },
    ],
    [
      'a frozen signer has become another one',
      async (fixture: ExportFixture) => {
        await fixture.declare(aSigningKey('k1', { signingKey: 'other', thru: hour(12) }));
      },
    ],
  ])('begins again under new names when %s', async (_reason, change) => {
    const fixture = await worldOf(anExport({ signingKeys: ['k1', 'k2'] }));
    await fixture.declare(aSigningKey('k2'));
    await fixture.publish(3, ELEVEN);
    await dieBeforeFinish(fixture);
    await change(fixture);
    expect(await fixture.work()).toMatchObject({ done: 1, left: 0 });
    expect(await fixture.index()).toEqual(['us/1768474801-1768478401-00001.zip']);
    const [batch] = await fixture.batches();
    expect(batch).toMatchObject({ attempt: 1, frozen: { signers: [{ id: 'k2' }] } });
    expectFloor(await fixture.download());
  });

  it.each([{ signingKey: 'moved' }, { keyId: '311' }, { keyVersion: 'v9' }])(
    'begins again under new names when its signer is declared as %j',
    async (declared) => {
      const fixture = await worldOf(anExport());
      await fixture.publish(3, ELEVEN);
      await dieBeforeFinish(fixture);
      fixture.signers.set('moved', fixture.signers.get('key-of-k1')!);
      await fixture.declare(aSigningKey('k1', declared));
      expect(await fixture.work()).toMatchObject({ done: 1, left: 0 });
      const [batch] = await fixture.batches();
      expect(batch).toMatchObject({ attempt: 1, frozen: { signers: [{ id: 'k1', ...declared }] } });
    },
  );

  it('begins again under new names when its encoder is gone', async () => {
    const fixture = await worldOf(anExport());
    await fixture.publish(3, ELEVEN);
    await fixture.cut();
    await fixture.work({
      work: {
        ...fixture.deps.work,
        freeze: async (batch, step) => {
          const frozen = { ...step.frozen, encoder: 'of yesterday' };
          await fixture.deps.work.freeze(batch, { ...step, frozen });
          throw new Error('the worker is dead');
        },
      },
    });
    expect(await fixture.work()).toMatchObject({ done: 1 });
    expect(await fixture.index()).toEqual(['us/1768474801-1768478401-00001.zip']);
  });

  it('takes another name when its own has another content, which stays as it is', async () => {
    const fixture = await worldOf(anExport());
    await fixture.publish(ENOUGH, ELEVEN);
    const name = 'us/1768474800-1768478400-00001.zip';
    const headers = { contentType: 'text/plain', cacheControl: '', digest: 'other' };
    const content = async function* () {
      yield await Promise.resolve(Buffer.from('other'));
    };
    await fixture.deps.openBucket('exports').put(name, content(), { headers, expected: 'absent' });
    await fixture.run();
    expect(await fixture.index()).toEqual(['us/1768474801-1768478401-00001.zip']);
    expect(Buffer.from(await fixture.object(name)).toString()).toBe('other');
  });

  it('gives up for this time when one name after the other is taken', async () => {
    const fixture = await worldOf(anExport());
    await fixture.publish(ENOUGH, ELEVEN);
    await fixture.cut();
    const bucket = fixture.deps.openBucket('exports');
    const report = await fixture.work({
      openBucket: () => ({
        ...bucket,
        put: async (name, content, options) =>
          name.endsWith('.zip') ? 'conflict' : await bucket.put(name, content, options),
      }),
    });
    expect(report).toMatchObject({ kind: 'failed', done: 0, left: 1 });
    expect(fixture.log.events('export.batch_failed')).toMatchObject([
      { reason: 'object_conflict' },
    ]);
    expect(await fixture.work()).toMatchObject({ kind: 'done', done: 1 });
    expect(publishedIn(await fixture.download())).toHaveLength(ENOUGH);
  });

  it('is empty when all its keys are past retention by now', async () => {
    const fixture = await worldOf(anExport());
    await fixture.publish(3, ELEVEN);
    await dieBeforeFinish(fixture);
    const nothing = async function* () {
      yield await Promise.resolve([]);
    };
    expect(await fixture.work({ readKeyBatches: nothing })).toMatchObject({ done: 1, left: 0 });
    expect(await states(fixture)).toEqual(['us empty']);
    expect(await fixture.index()).toEqual([]);
  });
});

describe('a call', () => {
  it('goes on with other batches when one fails, and leaves that one free for the next call', async () => {
    const fixture = await worldOf(
      anExport(),
      anExport({ id: 'ca', outputRegion: 'CA', bucket: 'broken' }),
    );
    await fixture.publish(ENOUGH, ELEVEN);
    await fixture.publish(ENOUGH, { ...ELEVEN, regions: ['CA'] });
    await fixture.cut();
    const report = await fixture.work({
      openBucket: (name) => {
        if (name === 'broken') throw new Error('secret words');
        return fixture.deps.openBucket(name);
      },
    });
    expect(report).toEqual({
      kind: 'failed',
      done: 1,
      left: 1,
      problems: ['the index of export ca failed', 'batch ca-1768474800-1768478400 failed'],
    });
    expect(fixture.log.lines.join('')).not.toContain('secret words');
    expect(await fixture.work()).toEqual({ kind: 'done', done: 1, left: 0 });
  });

  it('leaves the rest to the next one when too little time is left, and says how much', async () => {
    const fixture = await worldOf(anExport());
    await fixture.cut();
    fixture.clock.advance(3 * HOUR);
    await fixture.cut();
    expect(await fixture.work({ batchDeadlineMs: 10 * MINUTE })).toEqual({
      kind: 'done',
      done: 1,
      left: 3,
    });
  });

  it('leaves no deadline waiting when it is done', async () => {
    const fixture = await worldOf(anExport());
    await fixture.publish(ENOUGH, ELEVEN);
    await fixture.run();
    expect(fixture.timers.waiting).toBe(0);
  });

  it('gives a batch back when its own deadline passes', async () => {
    const fixture = await worldOf(anExport());
    await fixture.publish(ENOUGH, ELEVEN);
    await fixture.cut();
    const report = await fixture.work({
      leaseMs: 10 * MINUTE,
      storeTime: async () => {
        await fixture.timers.advance(4 * MINUTE);
        return await fixture.deps.storeTime();
      },
    });
    expect(report).toMatchObject({ kind: 'failed', done: 0, left: 1 });
    expect(fixture.log.events('export.batch_failed')).toMatchObject([{ reason: 'deadline' }]);
    expect(await fixture.work()).toMatchObject({ kind: 'done', done: 1 });
  });

  it('reads no further keys of a batch whose deadline has passed', async () => {
    const fixture = await worldOf(anExport());
    await fixture.publish(ENOUGH, ELEVEN);
    await fixture.cut();
    let pages = 0;
    const report = await fixture.work({
      leaseMs: 10 * MINUTE,
      readKeyBatches: async function* (windows) {
        for await (const page of fixture.deps.readKeyBatches(windows))
          for (let again = 0; again < 3; again++) {
            pages += 1;
            await fixture.timers.advance(4 * MINUTE);
            yield page;
          }
      },
    });
    expect(report).toMatchObject({ kind: 'failed', done: 0, left: 1 });
    expect(pages).toBe(1);
  });

  it('fails when its deadline passes before a batch was done', async () => {
    const fixture = await worldOf(anExport());
    await fixture.publish(ENOUGH, ELEVEN);
    await fixture.cut();
    const report = await fixture.work({
      deadlines: { createBatches: MINUTE, doWork: 3 * MINUTE },
      storeTime: async () => {
        await fixture.timers.advance(3 * MINUTE);
        return await fixture.deps.storeTime();
      },
    });
    expect(report).toMatchObject({ kind: 'failed', done: 0, left: 1 });
    expect([...fixture.written]).toEqual([]);
  });

  it('writes nothing more once its lease was lost', async () => {
    const fixture = await worldOf(anExport());
    await fixture.publish(3, ELEVEN);
    await fixture.cut();
    let other: Promise<unknown> | undefined;
    const report = await fixture.work({
      storeTime: async () => {
        fixture.clock.advance(2 * MINUTE);
        await (other ??= fixture.work());
        return await fixture.deps.storeTime();
      },
    });
    expect(report).toEqual({ kind: 'done', done: 0, left: 0 });
    expect(fixture.log.events('export.batch_failed')).toMatchObject([{ reason: 'lease_lost' }]);
    expectFloor(await fixture.download());
    expect([...fixture.written].filter((name) => name.endsWith('.zip'))).toHaveLength(1);
  });

  it('stops its work when a renewal finds the lease lost', async () => {
    const fixture = await worldOf(anExport());
    await fixture.publish(3, ELEVEN);
    await fixture.cut();
    const report = await fixture.work({
      storeTime: async () => {
        fixture.clock.advance(2 * MINUTE);
        await fixture.deps.queue.lease({ lengthMs: MINUTE, wants: () => true });
        await fixture.timers.advance(MINUTE);
        return await fixture.deps.storeTime();
      },
    });
    expect(report).toEqual({ kind: 'done', done: 0, left: 1 });
    expect(fixture.log.events('export.batch_failed')).toMatchObject([{ reason: 'lease_lost' }]);
    expect([...fixture.written]).toEqual([]);
  });

  it('keeps its lease while the work goes on', async () => {
    const fixture = await worldOf(anExport());
    await fixture.publish(3, ELEVEN);
    await fixture.cut();
    let others: unknown;
    let tellRenewed = (): void => undefined;
    const queue = {
      ...fixture.deps.queue,
      renew: async (...args: Parameters<typeof fixture.deps.queue.renew>) => {
        const batch = await fixture.deps.queue.renew(...args);
        setImmediate(tellRenewed);
        return batch;
      },
    };
    const report = await fixture.work({
      storeTime: async () => {
        for (let n = 0; others === undefined && n < 4; n++) {
          const renewed = new Promise<void>((resolve) => (tellRenewed = resolve));
          fixture.clock.advance(MINUTE / 3);
          await fixture.timers.advance(MINUTE / 3);
          await renewed;
        }
        others ??= await fixture.work();
        return await fixture.deps.storeTime();
      },
      queue,
    });
    expect(others).toMatchObject({ done: 0, left: 1 });
    expect(report).toMatchObject({ kind: 'done', done: 1, left: 0 });
  });
});
