import { machine } from '../../../test/support/machine.ts';
import { openLocalPlatform } from '@keyserver/local';
import { seededRandom } from '@keyserver/random/testing';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstStart } from './first-start.ts';
import { LaunchFault } from './settings.ts';

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
