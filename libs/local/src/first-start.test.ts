import { machine } from '../../../test/support/machine.ts';
import { seededRandom } from '@keyserver/random/testing';
import { access, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stateOf } from './first-start.ts';
import { openLocalPlatform } from './platform.ts';
import { DataDirectoryFault } from './unusable-data-directory.ts';

let root = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'keyserver-first-start-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const at = (place: string): string => join(root, place);
const state = async (databaseMayBeNew = false) =>
  await stateOf(root, { random: seededRandom('state'), databaseMayBeNew });

async function has(...places: readonly string[]): Promise<void> {
  for (const place of places) {
    await mkdir(dirname(at(place)), { recursive: true, mode: 0o700 });
    await writeFile(at(place), 'something', { mode: 0o600 });
  }
}

const opened = async (): Promise<Uint8Array> => {
  const platform = await openLocalPlatform({ ...machine, dataDirectory: root });
  await platform.close();
  return platform.keyHashSecret;
};

/** Opens a directory once, as a finished first start leaves it. */
async function aStore(): Promise<void> {
  await opened();
  await rm(at('first-start'));
}

describe('a data directory', () => {
  it.each([[[]], [['keys/signing/export-2024.pem']], [['logs/publish.log']]])(
    'is filled when it holds no part of a store, but %j',
    async (places) => {
      await has(...places);
      expect(await state()).toBe('first_start');
      await access(at('first-start'));
    },
  );

  it('is filled on when its first start was killed at any step', async () => {
    for (const step of ['first-start', 'keys/key-hash.secret', 'keyserver.sqlite']) {
      await has(step);
      expect(await state()).toBe('first_start');
    }
  });

  it('is a store once its parts carry an id, whatever a killed start has left', async () => {
    await has('first-start', 'keys/key-hash.secret', 'keyserver.sqlite', 'keys/store-id');
    expect(await state()).toBe('store');
    await rm(at('keyserver.sqlite'));
    await expect(state()).rejects.toThrow(DataDirectoryFault);
  });

  it.each(['keys/store-id', 'keys/key-hash.secret', 'buckets/exports/v1/index.txt/@1.json'])(
    'is refused without a database beside %s',
    async (trace) => {
      await has(trace);
      await expect(state()).rejects.toThrow(
        /^The database of .* is gone: keyserver\.sqlite is missing or empty, but .* is there; nothing was made anew; put it back from a copy/,
      );
      expect(await readdir(root)).toEqual([trace.split('/')[0]]);
    },
  );

  it('is refused with an emptied database', async () => {
    await has('keys/store-id');
    await writeFile(at('keyserver.sqlite'), '');
    await expect(state()).rejects.toThrow('keyserver.sqlite is missing or empty');
  });

  it('may lack the database that an import is about to make', async () => {
    await has('keys/key-hash.secret', 'buckets/exports/v1/index.txt/@1.json');
    expect(await state(true)).toBe('store');
  });
});

describe('opening a data directory', () => {
  it('goes on with the secret that a killed first start has drawn', async () => {
    const secret = await opened();
    expect(await opened()).toEqual(secret);
    await rm(at('keyserver.sqlite'));
    expect(await opened()).toEqual(secret);
  });

  it('never draws another key-hash secret over a store', async () => {
    await aStore();
    await rm(at('keys/key-hash.secret'));
    await expect(opened()).rejects.toThrow(
      /^The key-hash secret is gone: .*key-hash\.secret is missing, .*put it back from a copy/,
    );
    await expect(access(at('keys/key-hash.secret'))).rejects.toThrow('ENOENT');
  });

  it('does not put another secret in the place of a damaged one', async () => {
    await aStore();
    await writeFile(at('keys/key-hash.secret'), 'short');
    await expect(opened()).rejects.toThrow('must have exactly 32 bytes');
    expect(await readFile(at('keys/key-hash.secret'), 'utf8')).toBe('short');
  });

  it.each(['keys', 'keyserver.sqlite'])('refuses a store whose %s vanished', async (part) => {
    await aStore();
    await rm(at(part), { recursive: true });
    await expect(opened()).rejects.toThrow(DataDirectoryFault);
  });
});
