import { readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigFault } from '@keyserver/config';
import type { HealthProbe } from '@keyserver/service';
import { StoreFormatFault, storeFormat } from '@keyserver/stores';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { simulatedClock, unixMillis } from '@keyserver/time';
import { impatient } from '../../../test/support/machine.ts';
import {
  type Beside,
  type TokenKeys,
  keysBelong,
  openPlatform,
  probesOf,
  sameStore,
  storeAlone,
  storeAnswers,
  tokenKeys,
} from './index.ts';
import { type TestMachine, testAmbient, testMachine } from './testing/index.ts';
import { cloudEnv, testSettings } from './testing/test-settings.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const clock = simulatedClock(unixMillis(Date.UTC(2026, 0, 15, 12)));
const wrapping = ({ wrapper }: TokenKeys) => wrapper;

/** Something beside the store that says when it is closed, and cannot be had when told so. */
const counted = (fault?: Error) => {
  const beside = {
    closed: 0,
    onMachine: async () => await (fault ? Promise.reject(fault) : Promise.resolve({ own: 1 })),
    onCloud: async () => {
      const close = async () => {
        beside.closed += 1;
        await Promise.resolve();
      };
      return await Promise.resolve({ used: { own: 2 }, close });
    },
  };
  return beside;
};

describe('the platform of one machine', () => {
  let machine: TestMachine;
  beforeEach(async () => {
    machine = await testMachine('cleanup', clock);
  });
  afterEach(async () => {
    await machine.remove();
  });

  const open = async <T extends object>(beside: Beside<T>, env: Record<string, string> = {}) =>
    await openPlatform(
      testSettings({ DATA_DIR: machine.directory, ...env }),
      testAmbient('cleanup', { clock }),
      beside,
    );
  /** SQLite removes the log of a database when the last one who has it open closes it. */
  const isOpen = (): boolean =>
    readdirSync(machine.directory).some((name) => name.endsWith('-wal'));

  it('is a store that belongs to the settings, and what is used beside it', async () => {
    const platform = await open(counted());
    expect(platform).toMatchObject({ own: 1, format: { profile: 'production' } });
    for (const probe of probesOf(platform)) await probe();
    expect(isOpen()).toBe(true);
    await platform.close();
    expect(isOpen()).toBe(false);
  });

  it.each([
    ['of another window', { TRUNCATE_WINDOW_SECONDS: '300' }, 'set-window 300'],
    ['of another profile', { PROFILE: 'development' }, 'set PROFILE=production'],
  ])('is refused over data %s, and closed', async (_which, env, advice) => {
    await (await open(storeAlone)).close();
    await expect(open(storeAlone, env)).rejects.toThrow(StoreFormatFault);
    await expect(open(storeAlone, env)).rejects.toThrow(advice);
    expect(isOpen()).toBe(false);
  });

  it('is refused over the keys of another store, and closed', async () => {
    await (await open(storeAlone)).close();
    writeFileSync(join(machine.directory, 'keys', 'store-id'), 'of another');
    await expect(open(storeAlone)).rejects.toThrow('carries the id of another store');
    expect(isOpen()).toBe(false);
  });

  it('is closed when what is used beside it cannot be had', async () => {
    await expect(open(counted(new Error('no such key')))).rejects.toThrow('no such key');
    expect(isOpen()).toBe(false);
  });

  it('knows its wrapping key again, for whoever makes data keys', async () => {
    const config = testSettings({ DATA_DIR: machine.directory });
    const ambient = testAmbient('trust', { clock });
    const openKeys = async () =>
      await openPlatform(config, ambient, tokenKeys(config), { wrapping });
    await (await openKeys()).close();
    await (await openKeys()).close();
    const file = join(machine.directory, 'keys', 'wrapping', 'revision-token.key');
    writeFileSync(file, Buffer.alloc(32, 1));
    await expect(openKeys()).rejects.toThrow('the wrapping key is not the one');
    await (await open(tokenKeys(config))).close(); // who only reads data keys finds out by them
  });

  it.each<[string, (of: Awaited<ReturnType<typeof open>>) => HealthProbe]>([
    ['the store is the same one', sameStore],
    ['the store answers', storeAnswers],
  ])('is unhealthy once another store is in its place, asked whether %s', async (_what, probe) => {
    const platform = await open(storeAlone);
    await platform.store.deleteAll(storeFormat, {});
    await expect(probe(platform)()).rejects.toMatchObject({ code: 'store_mismatch' });
    await expect(keysBelong(platform)()).resolves.toBeUndefined();
    await platform.close();
  });

  it('is unhealthy while its keys are gone, and well again with them', async () => {
    const platform = await open(storeAlone);
    const [keys, away] = [join(machine.directory, 'keys'), join(machine.directory, 'away')];
    renameSync(keys, away);
    await expect(keysBelong(platform)()).rejects.toMatchObject({ code: 'part_missing' });
    await expect(storeAnswers(platform)()).resolves.toBeUndefined();
    renameSync(away, keys);
    await expect(keysBelong(platform)()).resolves.toBeUndefined();
    await platform.close();
  });
});

describe('the platform of Google Cloud', () => {
  let firestore: FirestoreStandIn;
  beforeEach(async () => {
    firestore = await startFirestoreStandIn();
  });
  afterEach(async () => {
    await firestore.close();
  });

  const open = async <T extends object>(beside: Beside<T>, env: Record<string, string> = {}) =>
    await openPlatform(
      testSettings({ ...cloudEnv(firestore.address), ...env }),
      testAmbient('cleanup', { random: impatient }),
      beside,
    );

  it('is a store that belongs to the settings, and what is used beside it', async () => {
    const beside = counted();
    const platform = await open(beside);
    expect(platform).toMatchObject({ own: 2, format: { profile: 'production' }, probes: [] });
    for (const probe of probesOf(platform)) await probe();
    expect(beside.closed).toBe(0);
    await platform.close();
    expect(beside.closed).toBe(1);
  });

  it('gives back what is used beside the store when the store is refused', async () => {
    await (await open(storeAlone)).close();
    const beside = counted();
    await expect(open(beside, { KEY_HASH_SECRET: 'cd'.repeat(32) })).rejects.toThrow(
      StoreFormatFault,
    );
    expect(beside.closed).toBe(1);
  });

  it.each([
    ['a project', { GCP_PROJECT: '' }],
    ['the name of its wrapping key', { REVISION_TOKEN_KEY: '' }],
  ])('is not opened without %s', async (_what, env) => {
    const config = testSettings({ ...cloudEnv(firestore.address), ...env });
    await expect(
      openPlatform(config, testAmbient('trust', { clock }), tokenKeys(config)),
    ).rejects.toThrow(ConfigFault);
  });
});
