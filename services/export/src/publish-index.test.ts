import { parseVerificationKeys } from '@keyserver/export-file';
import { closeTestStores } from '@keyserver/sqlite/testing';
import { DAY, HOUR, MINUTE } from '@keyserver/time';
import { aSigningKey, anExport, hour } from './testing/export-builders.ts';
import { type ExportFixture, openExportFixture } from './testing/export-fixture.ts';

afterEach(closeTestStores);

const NOON_FILE = 'us/1768474800-1768478400-00001.zip';

/** One export that has covered the hour before noon. */
async function openStarted(): Promise<ExportFixture> {
  const fixture = await openExportFixture();
  await fixture.configure(anExport());
  await fixture.publish(3, { window: hour(11) });
  await fixture.run();
  return fixture;
}

/** What an export is from noon on where days pass: a batch for every hour of them would only take longer. */
const halfDaily = (of?: Parameters<typeof anExport>[0]) => anExport({ period: 12 * HOUR, ...of });

async function afterHours(fixture: ExportFixture, hours: number): Promise<void> {
  fixture.clock.advance(hours * HOUR);
  await fixture.cut({ limit: 480 });
}

const keysDocument = async (fixture: ExportFixture) =>
  parseVerificationKeys(await fixture.object('us/keys.json')) ?? [];

describe('the index', () => {
  it('is served as text that caches keep for a minute, with what it lists', async () => {
    const fixture = await openStarted();
    const found = await fixture.deps.openBucket('exports').find('us/index.txt');
    expect(found).toMatchObject({ contentType: 'text/plain', cacheControl: 'public, max-age=60' });
    expect(await fixture.index()).toEqual([NOON_FILE]);
  });

  it('ends before a batch that is not finished, and goes on once it is', async () => {
    const fixture = await openStarted();
    await fixture.publish(3, { window: hour(13) });
    await afterHours(fixture, 2);
    const held = await fixture.deps.queue.lease({ lengthMs: MINUTE, wants: () => true });
    await fixture.work();
    expect(await fixture.index()).toEqual([NOON_FILE]);
    expect(fixture.log.events('export.prefix_held')).toEqual([]);
    await fixture.deps.queue.release(held!);
    await fixture.work();
    expect(await fixture.index()).toEqual([NOON_FILE, 'us/1768482000-1768485600-00001.zip']);
    expect((await fixture.batches()).map(({ state }) => state)).toEqual([
      'complete',
      'empty',
      'complete',
    ]);
  });

  it('grows at its end, with another period from the next midnight on', async () => {
    const fixture = await openStarted();
    await fixture.publish(3, { window: hour(13) });
    await afterHours(fixture, 2);
    await fixture.work();
    const before = await fixture.index();
    await fixture.configure(anExport({ period: 4 * HOUR }));
    await fixture.publish(3, { window: hour(15) });
    await fixture.publish(3, { window: hour(25) });
    await afterHours(fixture, 14);
    await fixture.work();
    expect(await fixture.index()).toEqual([
      ...before!,
      'us/1768489200-1768492800-00001.zip',
      'us/1768521600-1768536000-00001.zip',
    ]);
  });

  it('alerts when a batch holds back the others for longer than a period', async () => {
    const fixture = await openStarted();
    await fixture.publish(3, { window: hour(13) });
    await afterHours(fixture, 2);
    await fixture.deps.queue.lease({ lengthMs: DAY, wants: () => true });
    await fixture.work();
    await afterHours(fixture, 1);
    await fixture.work();
    expect(fixture.log.events('export.prefix_held').at(-1)).toMatchObject({
      config: 'us',
      batch: 'us-1768478400-1768482000',
    });
  });

  it('alerts for no batch that could not be made earlier, as its window had to be old enough', async () => {
    const fixture = await openStarted();
    await fixture.publish(3, { window: hour(13) });
    await afterHours(fixture, 2);
    await fixture.deps.queue.lease({ lengthMs: DAY, wants: () => true });
    await fixture.work({ minWindowAge: HOUR });
    fixture.clock.advance(HOUR);
    await fixture.work({ minWindowAge: HOUR });
    expect(fixture.log.events('export.prefix_held')).toEqual([]);
    fixture.clock.advance(1);
    await fixture.work({ minWindowAge: HOUR });
    expect(fixture.log.events('export.prefix_held')).toHaveLength(1);
  });

  it('is not written again while nothing changes', async () => {
    const fixture = await openStarted();
    const bucket = fixture.deps.openBucket('exports');
    const before = [await bucket.find('us/index.txt'), await bucket.find('us/keys.json')];
    await afterHours(fixture, 2);
    await fixture.work();
    expect([await bucket.find('us/index.txt'), await bucket.find('us/keys.json')]).toEqual(before);
  });

  it('is mended by the next batch when it was lost, also by an empty one', async () => {
    const fixture = await openStarted();
    await fixture.deps.openBucket('exports').delete('us/index.txt');
    await fixture.deps.openBucket('exports').delete('us/keys.json');
    await afterHours(fixture, 1);
    await fixture.work();
    expect(await fixture.index()).toEqual([NOON_FILE]);
    expect((await fixture.download()).length).toBeGreaterThanOrEqual(10);
  });

  it('drops files that started before its time', async () => {
    const fixture = await openStarted();
    await fixture.configure(halfDaily());
    await afterHours(fixture, 13 * 24);
    await fixture.work();
    expect(await fixture.index()).toEqual([NOON_FILE]);
    await afterHours(fixture, 24);
    await fixture.work();
    expect(await fixture.index()).toEqual([]);
  });

  it('is listed by the next call when the one that stored the files could not', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport());
    await fixture.publish(3, { window: hour(11) });
    await fixture.cut();
    const broken = fixture.deps.openBucket('exports');
    const report = await fixture.work({
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
    expect(await fixture.index()).toBeUndefined();
    expect(await fixture.work()).toEqual({ kind: 'done', done: 0, left: 0 });
    expect((await fixture.download()).length).toBeGreaterThanOrEqual(10);
  });

  it('lists what another worker stored while it was being written', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport());
    await fixture.publish(3, { window: hour(11) });
    await fixture.cut();
    await afterHours(fixture, 1);
    await fixture.publish(3, { window: hour(12) });
    const bucket = fixture.deps.openBucket('exports');
    let other: Promise<unknown> | undefined;
    await fixture.work({
      openBucket: () => ({
        ...bucket,
        put: async (name, content, options) => {
          if (name.endsWith('index.txt')) await (other ??= fixture.work());
          return await bucket.put(name, content, options);
        },
      }),
    });
    expect(await fixture.index()).toHaveLength(2);
    expect((await fixture.batches()).map(({ state }) => state)).toEqual(['complete', 'complete']);
  });

  it('is left to the next call when others change it again and again', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport());
    await fixture.publish(3, { window: hour(11) });
    await fixture.cut();
    const bucket = fixture.deps.openBucket('exports');
    const report = await fixture.work({
      openBucket: () => ({
        ...bucket,
        put: async (name, content, options) =>
          name.endsWith('index.txt') ? 'conflict' : await bucket.put(name, content, options),
      }),
    });
    expect(report).toMatchObject({ kind: 'failed', done: 1 });
    expect((await fixture.batches()).map(({ state }) => state)).toEqual(['stored']);
  });

  it('moves with its export: new files in the new place, old ones where they were', async () => {
    const fixture = await openStarted();
    await fixture.configure(anExport({ bucket: 'elsewhere', filenameRoot: 'v2' }));
    await fixture.publish(3, { window: hour(24) });
    await afterHours(fixture, 13);
    await fixture.work();
    expect(await fixture.index()).toEqual([NOON_FILE]);
    expect(await fixture.index('v2', 'elsewhere')).toEqual(['v2/1768521600-1768525200-00001.zip']);
    expect((await fixture.download('v2', 'elsewhere')).length).toBeGreaterThanOrEqual(10);
  });
});

describe('the verification keys', () => {
  it('are those of the export, newest first, before they sign as well', async () => {
    const fixture = await openStarted();
    await fixture.configure(anExport({ signingKeys: ['k1', 'k2'] }));
    await fixture.declare(aSigningKey('k2', { from: hour(20) }));
    await afterHours(fixture, 1);
    await fixture.work();
    expect(await keysDocument(fixture)).toMatchObject([
      { keyVersion: 'k2', from: hour(20), publicKey: fixture.signers.get('key-of-k2')?.pem },
      { keyVersion: 'k1', publicKey: fixture.signers.get('key-of-k1')?.pem },
    ]);
  });

  it('stay published while listed files need them, also when the key is gone', async () => {
    const fixture = await openStarted();
    await fixture.declare(aSigningKey('k1', { thru: hour(12) }), aSigningKey('k2'));
    await fixture.configure(anExport({ signingKeys: ['k2'] }));
    fixture.signers.delete('key-of-k1');
    await fixture.publish(3, { window: hour(12) });
    await afterHours(fixture, 1);
    await fixture.work();
    expect(await keysDocument(fixture)).toHaveLength(2);
    expect((await fixture.download()).length).toBeGreaterThanOrEqual(20);
  });

  it('are left out when they ended before anything that is listed', async () => {
    const fixture = await openStarted();
    await fixture.declare(aSigningKey('k1', { thru: hour(12) }), aSigningKey('k2'));
    await fixture.configure(halfDaily({ signingKeys: ['k1', 'k2'] }));
    await afterHours(fixture, 15 * 24);
    await fixture.work();
    expect(await keysDocument(fixture)).toMatchObject([{ keyVersion: 'k2' }]);
  });

  it('are left out when nobody knows their public half', async () => {
    const fixture = await openExportFixture();
    await fixture.declare(aSigningKey('k2'));
    fixture.signers.delete('key-of-k2');
    await fixture.configure(anExport({ signingKeys: ['k1', 'k2'] }));
    await fixture.publish(3, { window: hour(11) });
    await fixture.run();
    expect(await keysDocument(fixture)).toMatchObject([{ keyVersion: 'k1' }]);
  });
});

describe('an archive that is gone', () => {
  const gone = async (fixture: ExportFixture): Promise<void> => {
    await fixture.deps.openBucket('exports').delete(NOON_FILE);
  };

  it('is not listed again, and alerts, when the next file is', async () => {
    const fixture = await openStarted();
    await gone(fixture);
    await fixture.publish(3, { window: hour(12) });
    await afterHours(fixture, 1);
    expect(await fixture.work()).toMatchObject({
      kind: 'failed',
      done: 1,
      problems: ['1 archives of export us are missing'],
    });
    expect(await fixture.index()).toEqual(['us/1768478400-1768482000-00001.zip']);
    expect(fixture.log.events('export.archive_missing')[0]).toMatchObject({
      ...{ severity: 'ALERT', config: 'us', files: 1 },
    });
    await expect(fixture.deps.missingArchives.probe()).rejects.toMatchObject({
      code: 'archive_missing',
    });
  });

  it('is noticed within the hour when there is no next file', async () => {
    const fixture = await openStarted();
    await gone(fixture);
    fixture.clock.advance(HOUR);
    expect(await fixture.work()).toMatchObject({ kind: 'failed', done: 0 });
    expect(await fixture.index()).toEqual([]);
  });

  it('is listed again where it was once it is back', async () => {
    const fixture = await openStarted();
    await fixture.publish(3, { window: hour(12) });
    await afterHours(fixture, 1);
    await fixture.work();
    const bucket = fixture.deps.openBucket('exports');
    const { info, content } = (await bucket.read(NOON_FILE))!;
    await gone(fixture);
    fixture.clock.advance(HOUR);
    await fixture.work();
    await bucket.put(
      NOON_FILE,
      (async function* () {
        yield await Promise.resolve(content);
      })(),
      { headers: info, expected: 'absent' },
    );
    fixture.clock.advance(HOUR);
    await expect(fixture.deps.missingArchives.probe()).rejects.toThrow('1 archives of export us');
    expect(await fixture.work()).toMatchObject({ kind: 'done' });
    expect((await fixture.index())?.[0]).toBe(NOON_FILE);
    await expect(fixture.deps.missingArchives.probe()).resolves.toBeUndefined();
  });
});

describe('retention of the index', () => {
  it('takes the files of an ended export out as well, with no batch of it at work', async () => {
    const fixture = await openStarted();
    await fixture.configure(anExport({ thru: hour(12) }));
    fixture.clock.advance(14 * DAY - 2 * HOUR);
    await fixture.run();
    expect(await fixture.index()).toEqual([NOON_FILE]);
    fixture.clock.advance(HOUR);
    expect(await fixture.work()).toMatchObject({ kind: 'done', done: 0 });
    expect(await fixture.index()).toEqual([]);
  });

  it('empties the index at an old place of a moved export', async () => {
    const fixture = await openStarted();
    await fixture.configure(halfDaily({ filenameRoot: 'v2' }));
    fixture.clock.advance(14 * DAY);
    await fixture.run();
    expect(await fixture.index('us')).toEqual([]);
  });

  it('makes no index for an export that has none', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport());
    await fixture.work();
    expect(await fixture.index()).toBeUndefined();
  });

  it('looks once an hour', async () => {
    const fixture = await openStarted();
    await fixture.work();
    await fixture.deps.openBucket('exports').delete(NOON_FILE);
    fixture.clock.advance(59 * MINUTE);
    expect(await fixture.work()).toMatchObject({ kind: 'done' });
    fixture.clock.advance(MINUTE);
    expect(await fixture.work()).toMatchObject({ kind: 'failed' });
  });

  it('lets go of files that were past it before they could be listed', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport());
    await fixture.publish(3, { window: hour(11) });
    await fixture.cut();
    fixture.clock.advance(13 * DAY);
    await fixture.work({
      listings: {
        ...fixture.deps.listings,
        markListed: async () => {
          await Promise.resolve();
        },
      },
    });
    fixture.clock.advance(2 * DAY);
    await fixture.work();
    expect(await fixture.deps.listings.unlisted(10)).toEqual([]);
    expect(await fixture.index()).toEqual([]);
  });
});
