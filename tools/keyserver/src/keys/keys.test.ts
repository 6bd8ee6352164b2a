import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packRecords } from '@keyserver/exposure-keys';
import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import { seededRandom } from '@keyserver/random/testing';
import {
  appDocument,
  appDocumentId,
  authorizedApps,
  keyBatchDocument,
  keyBatches,
  keyHasher,
  openStoreFormat,
} from '@keyserver/stores';
import { SETTINGS, aKeyUntil, auditedSteps } from '@keyserver/stores/testing';
import { DAY, HOUR, simulatedClock, systemTimers, unixMillis } from '@keyserver/time';
import { NOW, keyserver, slowTimers } from '../testing/run-cli.ts';

const clock = simulatedClock(NOW);
const random = seededRandom('keys');
let dataDirectory = '';

const onPlatform = async <T>(work: (platform: LocalPlatform) => Promise<T>): Promise<T> => {
  const machine = { clock, timers: systemTimers, random };
  const platform = await openLocalPlatform({ ...machine, dataDirectory });
  try {
    return await work(platform);
  } finally {
    await platform.close();
  }
};

const WINDOW = unixMillis(NOW - 3 * HOUR);

beforeEach(async () => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'keyserver-keys-'));
  await onPlatform(async ({ store, keyHashSecret }) => {
    const known = { place: dataDirectory, keyHashSecret, profile: 'production' as const };
    await openStoreFormat(store, { ...known, window: SETTINGS.windows()[0].length }, random);
    const settings = { ...SETTINGS, hashKey: keyHasher(keyHashSecret) };
    const app = { regions: ['US'], authorities: [], bypassCertificate: false };
    await store.transact(async (tx) => {
      await tx.get(keyBatches, ['none']);
      for (const [n, id] of ['one.app', 'other.app'].entries()) {
        tx.set(
          authorizedApps,
          appDocumentId(id),
          appDocument({ ...app, id, bypassRevisionToken: false }),
        );
        const batch = {
          ...({ kind: 'primary', origin: 'local' } as const),
          ...{ window: WINDOW, sourceId: '', regions: ['US'] },
          ...{ traveler: false, app: id },
          records: packRecords([aKeyUntil(n, unixMillis(NOW - DAY))]),
        };
        tx.create(keyBatches, `document-${n}`, keyBatchDocument(batch, settings, random));
      }
    });
  });
});
afterEach(() => {
  rmSync(dataDirectory, { recursive: true });
});

const cli = async (...argv: readonly string[]) => await keyserver(argv, { dataDirectory });
const FROM = ['--from', '2024-05-20T00:00:00Z'] as const;

async function stored(): Promise<{ readonly apps: readonly string[]; readonly audited: number }> {
  return await onPlatform(async ({ store }) => {
    const apps: string[] = [];
    for await (const page of store.pages(keyBatches, {}))
      apps.push(...page.map(({ value }) => value.app));
    const audited = (await auditedSteps(store)).length;
    return { apps: apps.toSorted(), audited };
  });
}

describe('keyserver keys', () => {
  it('shows counts of what it would delete, and changes nothing', async () => {
    const { code, out } = await cli('keys', 'delete', ...FROM, '--app', 'one.app');
    expect(code).toBe(0);
    expect(out).toContain(
      'Seen by nobody yet:       1 key in 1 document: keyserver keys delete.\n',
    );
    expect(out).toContain('Nothing was changed.');
    expect(await stored()).toEqual({ apps: ['one.app', 'other.app'], audited: 0 });
  });

  it('deletes what nobody has seen, of the named app alone, and says how far it is', async () => {
    const argv = ['keys', 'delete', ...FROM, '--app', 'ONE.app', '--yes'];
    const { code, out, err } = await keyserver(argv, { dataDirectory, timers: slowTimers() });
    expect(code).toBe(0);
    expect(out).toContain('Deleted 1 key in 1 document, and 0 revisions of them.\n');
    expect(err).toBe('2024-05-20: 1 document so far\n');
    expect(await stored()).toEqual({ apps: ['other.app'], audited: 1 });
  });

  it('takes nothing back that is in no file', async () => {
    const { code, out } = await cli('keys', 'revoke', ...FROM, '--app', 'one.app', '--yes');
    expect(code).toBe(0);
    expect(out).toContain('Took back 0 keys in 0 documents, and 0 generated documents with them.');
    expect((await stored()).apps).toEqual(['one.app', 'other.app']);
  });

  it.each([
    [[], /--from/u],
    [[...FROM], /say whose keys/u],
    [[...FROM, '--app', 'one.app', '--all'], /say whose keys/u],
    [['--from', 'yesterday', '--all'], /must be a time in UTC/u],
    [[...FROM, '--until', '2024-05-20T00:00:00Z', '--all'], /nothing between/u],
    [[...FROM, '--until', 'x', '--all'], /must be a time in UTC/u],
    [[...FROM, '--region', 'U S'], /letters, digits/u],
    [[...FROM, '--query', 'A b'], /must be 1 to 40/u],
    [[...FROM, '--all', '--max-key-age-hours', '0'], /whole number/u],
    [[...FROM, '--all', '--key-retention-hours', '9999'], /whole number/u],
    [[...FROM, '--all', 'more'], /too many arguments/u],
  ])('refuses %j in one sentence, and changes nothing', async (argv, sentence) => {
    for (const command of ['revoke', 'delete']) {
      const { code, out, err } = await cli('keys', command, ...argv, '--yes');
      expect(code).toBe(2);
      expect(out).toBe('');
      expect(err).toMatch(sentence);
      expect(err.trim().split('\n')).toHaveLength(1);
    }
    expect(await stored()).toEqual({ apps: ['one.app', 'other.app'], audited: 0 });
  });

  it('refuses a store that no service was started over', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'keyserver-empty-'));
    const { code, err } = await keyserver(['keys', 'revoke', ...FROM, '--all'], {
      dataDirectory: directory,
    });
    expect(code).toBe(2);
    expect(err).toMatch(/is not the data directory of a server/u);
    rmSync(directory, { recursive: true });
  });
});

describe('keyserver pause and resume', () => {
  it('pause, list and resume an app, each once', async () => {
    expect(await cli('pause')).toMatchObject({ code: 0, out: 'Nothing is paused.\n' });
    const paused = await cli('pause', '--app', 'One.App');
    expect(paused).toMatchObject({ code: 0, err: '' });
    expect(paused.out).toContain('The app one.app is paused.');
    expect((await cli('pause', '--app', 'one.app')).out).toContain('is paused since 2024-05-20T');
    await cli('pause', '--region', 'us');
    const listed = (await cli('pause')).out.split('\n');
    expect(listed[1]).toMatch(/^app +one\.app +2024-05-20T12:00:0\dZ +not soon$/u);
    expect(listed[2]).toMatch(/^region +US /u);
    expect((await cli('resume', '--app', 'one.app')).out).toBe('The app one.app is resumed.\n');
    expect((await stored()).audited).toBe(3);
  });

  it.each([
    [['pause', '--app', 'nobody'], /there is no app nobody/u],
    [['pause', '--app', ''], /there is no app/u],
    [['pause', '--query', 'nobody'], /there is no query nobody/u],
    [['pause', '--app', 'one.app', '--region', 'US'], /only one of/u],
    [['pause', '--region', 'ÄÖ'], /letters, digits/u],
    [['resume'], /say what to resume/u],
    [['resume', '--app', 'one.app'], /is not paused/u],
    [['resume', '--region', 'US', '--query', 'a'], /only one of/u],
  ])('refuse %j in one sentence, and change nothing', async (argv, sentence) => {
    const { code, out, err } = await cli(...argv);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(sentence);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect((await stored()).audited).toBe(0);
  });
});
