import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import { systemRandom } from '@keyserver/random';
import { keyHasher, openStoreFormat, skippedCountsId, storeUploads } from '@keyserver/stores';
import { HOUR, simulatedClock, unixMillis, windowLength } from '@keyserver/time';
import { NOON, SETTINGS, aKey, anUpload, batchesIn, keysOf } from '@keyserver/stores/testing';
import { machine } from '../support/machine.ts';

// A data directory as the server left it before its array indexes had a file of their own. Three uploads were made at NOON: of
// the keys 1 to 3, 4 and 5, and 6; the index of the first two was a sorted run, the third was not in it yet.
const BEFORE = join(import.meta.dirname, 'form-1');

let dataDirectory: string;
let platform: LocalPlatform;
let made: number[];

beforeEach(async () => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'form-1-'));
  cpSync(BEFORE, dataDirectory, { recursive: true });
  const database = gunzipSync(readFileSync(join(BEFORE, 'keyserver.sqlite.gz')));
  rmSync(join(dataDirectory, 'keyserver.sqlite.gz'));
  writeFileSync(join(dataDirectory, 'keyserver.sqlite'), database);
  // Git keeps no such modes.
  chmodSync(join(dataDirectory, 'keys'), 0o700);
  for (const name of ['key-hash.secret', 'store-id'])
    chmodSync(join(dataDirectory, 'keys', name), 0o600);
  made = [];
  await open();
});
afterEach(async () => {
  await platform.close();
  rmSync(dataDirectory, { recursive: true });
});

const clock = simulatedClock(unixMillis(NOON + HOUR));

async function open(): Promise<void> {
  const onArraysMade = (entries: number): void => {
    made.push(entries);
  };
  platform = await openLocalPlatform({ ...machine, dataDirectory, clock, onArraysMade });
}

const upload = async (...keys: readonly number[]): Promise<unknown> => {
  const { store, keyHashSecret } = platform;
  const hash = {
    hashKey: keyHasher(keyHashSecret),
    skippedCountsId: skippedCountsId(keyHashSecret),
    partialRevisions: false,
  };
  const storeUpload = storeUploads(store, { ...SETTINGS, ...hash, clock }, systemRandom);
  return await storeUpload(anUpload(keys.map((n) => aKey(n))));
};

const known = { kind: 'refused', code: 'missing_revision_token' };

describe('a data directory of the step before', () => {
  it('is opened as the store that it was, and lacks no commit', async () => {
    const { store, keyHashSecret } = platform;
    const window = windowLength(HOUR)!;
    const of = { place: dataDirectory, window, profile: 'production', keyHashSecret } as const;
    const { storeId } = await openStoreFormat(store, of, systemRandom);
    const kept = readFileSync(join(BEFORE, 'keys/store-id'), 'latin1').trim();
    expect(storeId).toBe(kept);
    expect(platform.missingCommits).toBe(0);
  });

  it('has its keys, knows each of them again, and takes new ones', async () => {
    const stored = await batchesIn(platform.store, NOON - 24 * HOUR, NOON + 24 * HOUR);
    expect(keysOf(stored)).toHaveLength(6);
    for (const n of [1, 3, 4, 6]) expect(await upload(n)).toEqual(known);
    expect(made).toEqual([6]);
    expect(await upload(7, 8)).toMatchObject({ kind: 'stored', inserted: 2, revised: 0 });
    // Its window has not ended, so it is known and answered as the first time.
    expect(await upload(8)).toMatchObject({ kind: 'stored', inserted: 0, revised: 0 });
    const now = await batchesIn(platform.store, NOON - 24 * HOUR, NOON + 24 * HOUR);
    expect(keysOf(now)).toHaveLength(8);
  });

  it('is brought over once', async () => {
    expect(await upload(6)).toEqual(known);
    await platform.close();
    made = [];
    await open();
    expect(await upload(1)).toEqual(known);
    expect(made).toEqual([]);
    expect(platform.checkArrayIndex()).toEqual({ missing: 0, stray: 0 });
  });
});
