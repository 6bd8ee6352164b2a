import { copyFileSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLocalPlatform } from '@keyserver/local';
import { storeParts } from '@keyserver/stores';
import { auditedSteps } from '@keyserver/stores/testing';
import { simulatedClock } from '@keyserver/time';
import { machine } from '../../../../test/support/machine.ts';
import { NOW, aFileWith, inScratch, keyserver } from '../testing/run-cli.ts';

// Each command opens a store, with a thread of its own.
let directories = 0;

/** The data directory of a configured server. */
async function aServer(): Promise<string> {
  const directory = inScratch(`store-${String((directories += 1))}`);
  const file = aFileWith('store.yaml', 'authorities: []\napps: []\nsigningKeys: []\nexports: []\n');
  await keyserver(['config', 'apply', file, '--yes', '--data-dir', directory]);
  return directory;
}

/** Commits something, as a service does. */
async function commit(dataDirectory: string): Promise<void> {
  const platform = await openLocalPlatform({
    ...machine,
    dataDirectory,
    clock: simulatedClock(NOW),
  });
  await platform.store.transact((tx) => {
    tx.set(storeParts, 'bucket:more', { since: 1 });
    return Promise.resolve();
  });
  await platform.close();
}

/** Who has made something anew, as it was written down. */
async function rebuilds(dataDirectory: string): Promise<readonly string[]> {
  const platform = await openLocalPlatform({
    ...machine,
    dataDirectory,
    clock: simulatedClock(NOW),
  });
  const steps = await auditedSteps(platform.store);
  await platform.close();
  return steps.filter(({ operation }) => operation === 'store.rebuild').map(({ actor }) => actor);
}

const adopting = async (directory: string, ...more: readonly string[]) =>
  await keyserver(['store', 'adopt', '--data-dir', directory, ...more]);
const shown = async (directory: string) =>
  await keyserver(['config', 'show', '--data-dir', directory]);

describe('store adopt', () => {
  it('finds nothing to do where everything belongs together', async () => {
    const ran = await adopting(await aServer(), '--yes');
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('All parts belong together; there is nothing to do.');
  });

  it('takes the keys of another store once it is told to, and not before', async () => {
    const directory = await aServer();
    writeFileSync(join(directory, 'keys', 'store-id'), 'another', { mode: 0o600 });
    expect(await shown(directory)).toMatchObject({ code: 2 });
    const looked = await adopting(directory);
    expect(looked.out).toContain('carries the id of another store');
    expect(looked.out).toContain('Nothing was changed.');
    expect(await shown(directory)).toMatchObject({ code: 2 });
    expect(await adopting(directory, '--yes')).toMatchObject({ code: 0 });
    expect(await shown(directory)).toMatchObject({ code: 0 });
  });

  it('accepts an older database only with --yes', async () => {
    const directory = await aServer();
    const file = join(directory, 'keyserver.sqlite');
    copyFileSync(file, `${file}.old`);
    await commit(directory);
    renameSync(`${file}.old`, file);
    expect((await shown(directory)).err).toMatch(/lacks its last \d+ commits: .*-wal is gone/);
    expect((await adopting(directory)).out).toMatch(
      /The database lacks the last \d+ commits? that were/,
    );
    expect((await shown(directory)).err).toMatch(/lacks its last/);
    expect(await adopting(directory, '--yes')).toMatchObject({ code: 0 });
    expect(await shown(directory)).toMatchObject({ code: 0 });
  });

  it('cannot make up for a lost secret', async () => {
    const directory = await aServer();
    rmSync(join(directory, 'keys', 'key-hash.secret'));
    expect(await adopting(directory, '--yes')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^keyserver: The key-hash secret is gone: /) as string,
    });
    expect(existsSync(join(directory, 'keys', 'key-hash.secret'))).toBe(false);
  });

  it('makes no store up', async () => {
    const nowhere = inScratch('nowhere');
    expect(await adopting(nowhere, '--yes')).toMatchObject({ code: 2 });
    expect(existsSync(nowhere)).toBe(false);
  });
});

describe('store rebuild', () => {
  it.each([
    ['files', 'Every keys.json and index.txt'],
    ['array-index', 'Made the array index anew'],
  ])('shows what it would do to %s, and does it with --yes', async (what, done) => {
    const directory = await aServer();
    const argv = ['store', 'rebuild', what, '--data-dir', directory];
    expect((await keyserver(argv)).out).toContain('--yes does');
    const ran = await keyserver([...argv, '--yes']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain(done);
    expect(await rebuilds(directory)).toEqual(['alex']);
  });

  it('refuses what it does not know', async () => {
    expect(await keyserver(['store', 'rebuild', 'everything'])).toMatchObject({
      code: 2,
      err: 'keyserver: everything is not files or array-index\n',
    });
  });
});
