import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  applyConfiguration,
  parseConfiguration,
  showConfiguration,
} from '@keyserver/configuration';
import { openLocalPlatform } from '@keyserver/local';
import { seededRandom } from '@keyserver/random/testing';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { machine } from '../../../test/support/machine.ts';
import { FIRST_EXPORT, configureFirstStart, firstStart } from './first-start.ts';
import { LaunchFault, profileOf } from './settings.ts';

let root = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'keyserver-launch-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function started(profile: 'development' | 'production' = 'development') {
  const platform = await openLocalPlatform({ ...machine, dataDirectory: root });
  try {
    return await firstStart(platform, { profile, random: seededRandom('launcher') });
  } finally {
    await platform.close();
  }
}

describe('the first start of the development profile', () => {
  it('gives the same key at every later start', async () => {
    const key = await started();
    expect(key).toContain('BEGIN PUBLIC KEY');
    expect(await started()).toBe(key);
  });

  it.each([
    ['signing', 'dev-export-1.pem'],
    ['authority', 'dev.pem'],
  ])(
    'makes no other key in the place of one that vanished from keys/%s',
    async (directory, file) => {
      await started();
      await rm(join(root, 'keys', directory, file));
      const again = started();
      await expect(again).rejects.toThrow(LaunchFault);
      await expect(again).rejects.toThrow(`keys/${directory}/${file} is gone`);
      expect(await readdir(join(root, 'keys', directory))).toEqual([]);
    },
  );

  it('makes no key for the production profile', async () => {
    expect(await started('production')).toBeUndefined();
    expect(await readdir(join(root, 'keys'))).not.toContain('signing');
  });
});

afterEach(closeTestStores);

const authorityKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
  type: 'spki',
  format: 'pem',
}) as string;

const first = {
  profile: profileOf('development'),
  makeKeys: () => Promise.resolve(authorityKey),
  random: seededRandom('first'),
};

describe('the first start', () => {
  it('configures an empty store as an operator could have', async () => {
    const store = await openTestStore();
    expect(await configureFirstStart(store, first)).toBe('configured');
    const shown = await showConfiguration(store);
    expect(parseConfiguration(shown)).toMatchObject({ kind: 'configuration' });
    expect(shown).toContain('period: 20s');
    expect(shown).toContain(FIRST_EXPORT.signingKey);
  });

  it('does nothing the second time', async () => {
    const store = await openTestStore();
    await configureFirstStart(store, first);
    const before = await showConfiguration(store);
    const later = { ...first, random: seededRandom('later'), profile: profileOf('production') };
    expect(await configureFirstStart(store, later)).toBe('present');
    expect(await showConfiguration(store)).toBe(before);
  });

  it('makes no key once the store is configured', async () => {
    const store = await openTestStore();
    await configureFirstStart(store, first);
    const makeKeys = (): Promise<string> => Promise.reject(new Error('no key may be made'));
    expect(await configureFirstStart(store, { ...first, makeKeys })).toBe('present');
  });

  it('leaves the configuration of an operator alone', async () => {
    const store = await openTestStore();
    const apps = [
      {
        id: 'a.b',
        regions: ['ZZ'],
        authorities: [],
        bypassCertificate: false,
        bypassRevisionToken: false,
      },
    ];
    const own = { authorities: [], apps, signingKeys: [], exports: [], queries: [] };
    await applyConfiguration(store, own, { actor: 'operator', random: seededRandom('own') });
    const before = await showConfiguration(store);
    expect(await configureFirstStart(store, first)).toBe('foreign');
    expect(await showConfiguration(store)).toBe(before);
  });

  it('is done once when two launchers start at once', async () => {
    const store = await openTestStore();
    const states = await Promise.all([
      configureFirstStart(store, { ...first, random: seededRandom('one') }),
      configureFirstStart(store, { ...first, random: seededRandom('two') }),
    ]);
    expect(states.toSorted()).toEqual(['configured', 'present']);
  });
});
