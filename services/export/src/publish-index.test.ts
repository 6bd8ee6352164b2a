import { parseVerificationKeys } from '@keyserver/export-file';
import { closeTestStores } from '@keyserver/sqlite/testing';
import { DAY, HOUR, MINUTE } from '@keyserver/time';
import {
  type ExportWorld,
  aSigningKey,
  anExport,
  hour,
  openExportWorld,
} from './testing/export-world.ts';

afterEach(closeTestStores);

const NOON_FILE = 'us/1768474800-1768478400-00001.zip';

/** One export that has covered the hour before noon. */
async function openStarted(): Promise<ExportWorld> {
  const world = await openExportWorld();
  await world.configure(anExport());
  await world.publish(3, { window: hour(11) });
  await world.run();
  return world;
}

/** What an export is from noon on where days pass: a batch for every hour of them would only take longer. */
const halfDaily = (of?: Parameters<typeof anExport>[0]) => anExport({ period: 12 * HOUR, ...of });

async function afterHours(world: ExportWorld, hours: number): Promise<void> {
  world.clock.advance(hours * HOUR);
  await world.cut({ limit: 480 });
}

const keysDocument = async (world: ExportWorld) =>
  parseVerificationKeys(await world.object('us/keys.json')) ?? [];

describe('the index', () => {
  it('is served as text that nobody caches, with what it lists', async () => {
    const world = await openStarted();
    const found = await world.deps.openBucket('exports').find('us/index.txt');
    expect(found).toMatchObject({ contentType: 'text/plain', cacheControl: 'no-cache, max-age=0' });
    expect(await world.index()).toEqual([NOON_FILE]);
  });

  it('ends before a batch that is not finished, and goes on once it is', async () => {
    const world = await openStarted();
    await world.publish(3, { window: hour(13) });
    await afterHours(world, 2);
    const held = await world.deps.queue.lease({ lengthMs: MINUTE, wants: () => true });
    await world.work();
    expect(await world.index()).toEqual([NOON_FILE]);
    expect(world.log.events('export.prefix_held')).toEqual([]);
    await world.deps.queue.release(held!);
    await world.work();
    expect(await world.index()).toEqual([NOON_FILE, 'us/1768482000-1768485600-00001.zip']);
    expect((await world.batches()).map(({ state }) => state)).toEqual([
      'complete',
      'empty',
      'complete',
    ]);
  });

  it('grows at its end, also when a longer period makes the next batch begin before the last one', async () => {
    const world = await openStarted();
    await world.publish(3, { window: hour(13) });
    await afterHours(world, 2);
    await world.work();
    const before = await world.index();
    await world.configure(anExport({ period: 4 * HOUR }));
    await world.publish(3, { window: hour(15) });
    await afterHours(world, 2);
    await world.work();
    expect(await world.index()).toEqual([...before!, 'us/1768478400-1768492800-00001.zip']);
  });

  it('alerts when a batch holds back the others for longer than a period', async () => {
    const world = await openStarted();
    await world.publish(3, { window: hour(13) });
    await afterHours(world, 2);
    await world.deps.queue.lease({ lengthMs: DAY, wants: () => true });
    await world.work();
    await afterHours(world, 1);
    await world.work();
    expect(world.log.events('export.prefix_held').at(-1)).toMatchObject({
      config: 'us',
      batch: 'us-1768478400-1768482000',
    });
  });

  it('is not written again while nothing changes', async () => {
    const world = await openStarted();
    const bucket = world.deps.openBucket('exports');
    const before = [await bucket.find('us/index.txt'), await bucket.find('us/keys.json')];
    await afterHours(world, 2);
    await world.work();
    expect([await bucket.find('us/index.txt'), await bucket.find('us/keys.json')]).toEqual(before);
  });

  it('is mended by the next batch when it was lost, also by an empty one', async () => {
    const world = await openStarted();
    await world.deps.openBucket('exports').delete('us/index.txt');
    await world.deps.openBucket('exports').delete('us/keys.json');
    await afterHours(world, 1);
    await world.work();
    expect(await world.index()).toEqual([NOON_FILE]);
    expect(await world.download()).toHaveLength(10);
  });

  it('drops files that started before its time', async () => {
    const world = await openStarted();
    await world.configure(halfDaily());
    await afterHours(world, 13 * 24);
    await world.work();
    expect(await world.index()).toEqual([NOON_FILE]);
    await afterHours(world, 24);
    await world.work();
    expect(await world.index()).toEqual([]);
  });

  it('is listed by the next call when the one that stored the files could not', async () => {
    const world = await openExportWorld();
    await world.configure(anExport());
    await world.publish(3, { window: hour(11) });
    await world.cut();
    const broken = world.deps.openBucket('exports');
    const report = await world.work({
      openBucket: () => ({
        ...broken,
        read: async () => await Promise.reject(new Error('the bucket is away')),
      }),
    });
    expect(report).toEqual({
      kind: 'failed',
      done: 1,
      left: 0,
      problems: ['the index of export us failed'],
    });
    expect(await world.index()).toBeUndefined();
    expect(await world.work()).toEqual({ kind: 'done', done: 0, left: 0 });
    expect(await world.download()).toHaveLength(10);
  });

  it('lists what another worker stored while it was being written', async () => {
    const world = await openExportWorld();
    await world.configure(anExport());
    await world.publish(3, { window: hour(11) });
    await world.cut();
    await afterHours(world, 1);
    await world.publish(3, { window: hour(12) });
    const bucket = world.deps.openBucket('exports');
    let other: Promise<unknown> | undefined;
    await world.work({
      openBucket: () => ({
        ...bucket,
        put: async (name, content, options) => {
          if (name.endsWith('index.txt')) await (other ??= world.work());
          return await bucket.put(name, content, options);
        },
      }),
    });
    expect(await world.index()).toHaveLength(2);
    expect((await world.batches()).map(({ state }) => state)).toEqual(['complete', 'complete']);
  });

  it('is left to the next call when others change it again and again', async () => {
    const world = await openExportWorld();
    await world.configure(anExport());
    await world.publish(3, { window: hour(11) });
    await world.cut();
    const bucket = world.deps.openBucket('exports');
    const report = await world.work({
      openBucket: () => ({
        ...bucket,
        put: async (name, content, options) =>
          name.endsWith('index.txt') ? 'conflict' : await bucket.put(name, content, options),
      }),
    });
    expect(report).toMatchObject({ kind: 'failed', done: 1 });
    expect((await world.batches()).map(({ state }) => state)).toEqual(['stored']);
  });

  it('moves with its export: new files in the new place, old ones where they were', async () => {
    const world = await openStarted();
    await world.configure(anExport({ bucket: 'elsewhere', filenameRoot: 'v2' }));
    await world.publish(3, { window: hour(12) });
    await afterHours(world, 1);
    await world.work();
    expect(await world.index()).toEqual([NOON_FILE]);
    expect(await world.index('v2', 'elsewhere')).toEqual(['v2/1768478400-1768482000-00001.zip']);
    expect(await world.download('v2', 'elsewhere')).toHaveLength(10);
  });
});

describe('the verification keys', () => {
  it('are those of the export, newest first, before they sign as well', async () => {
    const world = await openStarted();
    await world.configure(anExport({ signingKeys: ['k1', 'k2'] }));
    await world.declare(aSigningKey('k2', { from: hour(20) }));
    await afterHours(world, 1);
    await world.work();
    expect(await keysDocument(world)).toMatchObject([
      { keyVersion: 'k2', from: hour(20), publicKey: world.signers.get('key-of-k2')?.pem },
      { keyVersion: 'k1', publicKey: world.signers.get('key-of-k1')?.pem },
    ]);
  });

  it('stay published while listed files need them, also when the key is gone', async () => {
    const world = await openStarted();
    await world.declare(aSigningKey('k1', { thru: hour(12) }), aSigningKey('k2'));
    await world.configure(anExport({ signingKeys: ['k2'] }));
    world.signers.delete('key-of-k1');
    await world.publish(3, { window: hour(12) });
    await afterHours(world, 1);
    await world.work();
    expect(await keysDocument(world)).toHaveLength(2);
    expect(await world.download()).toHaveLength(20);
  });

  it('are left out when they ended before anything that is listed', async () => {
    const world = await openStarted();
    await world.declare(aSigningKey('k1', { thru: hour(12) }), aSigningKey('k2'));
    await world.configure(halfDaily({ signingKeys: ['k1', 'k2'] }));
    await afterHours(world, 15 * 24);
    await world.work();
    expect(await keysDocument(world)).toMatchObject([{ keyVersion: 'k2' }]);
  });

  it('are left out when nobody knows their public half', async () => {
    const world = await openExportWorld();
    await world.declare(aSigningKey('k2'));
    world.signers.delete('key-of-k2');
    await world.configure(anExport({ signingKeys: ['k1', 'k2'] }));
    await world.publish(3, { window: hour(11) });
    await world.run();
    expect(await keysDocument(world)).toMatchObject([{ keyVersion: 'k1' }]);
  });
});

describe('an archive that is gone', () => {
  const gone = async (world: ExportWorld): Promise<void> => {
    await world.deps.openBucket('exports').delete(NOON_FILE);
  };

  it('is not listed again, and alerts, when the next file is', async () => {
    const world = await openStarted();
    await gone(world);
    await world.publish(3, { window: hour(12) });
    await afterHours(world, 1);
    expect(await world.work()).toMatchObject({
      kind: 'failed',
      done: 1,
      problems: ['1 archives of export us are missing'],
    });
    expect(await world.index()).toEqual(['us/1768478400-1768482000-00001.zip']);
    expect(world.log.events('export.archive_missing')[0]).toMatchObject({
      ...{ severity: 'ALERT', config: 'us', files: 1 },
    });
    await expect(world.deps.missingArchives.probe()).rejects.toMatchObject({
      code: 'archive_missing',
    });
  });

  it('is noticed within the hour when there is no next file', async () => {
    const world = await openStarted();
    await gone(world);
    world.clock.advance(HOUR);
    expect(await world.work()).toMatchObject({ kind: 'failed', done: 0 });
    expect(await world.index()).toEqual([]);
  });

  it('is listed again where it was once it is back', async () => {
    const world = await openStarted();
    await world.publish(3, { window: hour(12) });
    await afterHours(world, 1);
    await world.work();
    const bucket = world.deps.openBucket('exports');
    const { info, content } = (await bucket.read(NOON_FILE))!;
    await gone(world);
    world.clock.advance(HOUR);
    await world.work();
    await bucket.put(
      NOON_FILE,
      (async function* () {
        yield await Promise.resolve(content);
      })(),
      { headers: info, expected: 'absent' },
    );
    world.clock.advance(HOUR);
    await expect(world.deps.missingArchives.probe()).rejects.toThrow('1 archives of export us');
    expect(await world.work()).toMatchObject({ kind: 'done' });
    expect((await world.index())?.[0]).toBe(NOON_FILE);
    await expect(world.deps.missingArchives.probe()).resolves.toBeUndefined();
  });
});

describe('retention of the index', () => {
  it('takes the files of an ended export out as well, with no batch of it at work', async () => {
    const world = await openStarted();
    await world.configure(anExport({ thru: hour(12) }));
    world.clock.advance(14 * DAY - 2 * HOUR);
    await world.run();
    expect(await world.index()).toEqual([NOON_FILE]);
    world.clock.advance(HOUR);
    expect(await world.work()).toMatchObject({ kind: 'done', done: 0 });
    expect(await world.index()).toEqual([]);
  });

  it('empties the index at an old place of a moved export', async () => {
    const world = await openStarted();
    await world.configure(halfDaily({ filenameRoot: 'v2' }));
    world.clock.advance(14 * DAY);
    await world.run();
    expect(await world.index('us')).toEqual([]);
  });

  it('makes no index for an export that has none', async () => {
    const world = await openExportWorld();
    await world.configure(anExport());
    await world.work();
    expect(await world.index()).toBeUndefined();
  });

  it('looks once an hour', async () => {
    const world = await openStarted();
    await world.work();
    await world.deps.openBucket('exports').delete(NOON_FILE);
    world.clock.advance(59 * MINUTE);
    expect(await world.work()).toMatchObject({ kind: 'done' });
    world.clock.advance(MINUTE);
    expect(await world.work()).toMatchObject({ kind: 'failed' });
  });

  it('lets go of files that were past it before they could be listed', async () => {
    const world = await openExportWorld();
    await world.configure(anExport());
    await world.publish(3, { window: hour(11) });
    await world.cut();
    world.clock.advance(13 * DAY);
    await world.work({
      listings: {
        ...world.deps.listings,
        markListed: async () => {
          await Promise.resolve();
        },
      },
    });
    world.clock.advance(2 * DAY);
    await world.work();
    expect(await world.deps.listings.unlisted(10)).toEqual([]);
    expect(await world.index()).toEqual([]);
  });
});
