import type { DocumentStore } from '@keyserver/docstore';
import type { BlobStore } from '@keyserver/export-file';
import { openTestBucket } from '@keyserver/local/testing';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { HOUR, SECOND, simulatedClock, unixMillis } from '@keyserver/time';
import { STORE_ID_OBJECT } from './bucket-part.ts';
import { exportConfigDocument, exportConfigs } from './configuration.ts';
import { exportBatches } from './export-batch-document.ts';
import { ownParts } from './own-parts.ts';
import { StorePartFault } from './store-parts.ts';

const OURS = 'a'.repeat(32);
const headers = { contentType: 'text/plain', cacheControl: 'no-cache', digest: '' };

const clock = simulatedClock(unixMillis(Date.UTC(2026, 0, 15)));
let store: DocumentStore;
let bucket: BlobStore;

beforeEach(async () => {
  store = await openTestStore({ clock });
  bucket = openTestBucket();
});
afterEach(closeTestStores);

const parts = async (over = bucket, storeId = OURS) =>
  await ownParts({ store, storeId, openBucket: () => over, clock });

async function* text(words: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(words));
}

const put = async (into: BlobStore, name: string) =>
  await into.put(name, text('words'), { headers, expected: 'absent' });

const contentOf = async (from: Pick<BlobStore, 'read'>, name: string): Promise<string> =>
  Buffer.from((await from.read(name))?.content ?? []).toString();

const config = {
  ...{ id: 'us', bucket: 'exports', filenameRoot: 'us', period: HOUR, outputRegion: 'US' },
  ...{ inputRegions: [], excludeRegions: [], includeTravelers: false, onlyNonTravelers: false },
  ...{ from: unixMillis(0), thru: undefined, signingKeys: ['k1'], minRecords: 1, paddingRange: 0 },
  ...{ maxRecords: 1000, padEmpty: false },
};

/** An export with a file that was listed, as a store of an earlier version knows it. */
async function aListedFile(): Promise<void> {
  await store.transact((tx) => {
    tx.set(exportConfigs, 'us', exportConfigDocument(config));
    tx.set(exportBatches, 'us-1-2', {
      ...{ config: 'us', state: 'complete', start: 1000, end: 2000, attempt: 0 },
      ...{ fence: 1, holder: 'h', leaseExpires: 0, settings: config, files: [], expireAt: 9e12 },
    });
    return Promise.resolve();
  });
}

describe('a bucket', () => {
  it('gets the id of the store before the first object, and no index names it', async () => {
    const { openBucket } = await parts();
    await put(openBucket('exports'), 'us/index.txt');
    const id = await bucket.read(STORE_ID_OBJECT);
    expect(Buffer.from(id?.content ?? []).toString()).toBe(`${OURS}\n`);
    expect(await openBucket('exports').find('us/index.txt')).toMatchObject({ size: 5 });
  });

  it('takes no object once it vanished and was made anew', async () => {
    await put((await parts()).openBucket('exports'), 'us/index.txt');
    const empty = openTestBucket();
    const { openBucket, checkBucket } = await parts(empty);
    await expect(checkBucket('exports')).rejects.toThrow(StorePartFault);
    await expect(put(openBucket('exports'), 'us/index.txt')).rejects.toThrow(
      'The bucket exports does not carry the id of the store any more',
    );
    await expect(openBucket('exports').delete('us/index.txt')).rejects.toThrow(StorePartFault);
    expect(await empty.find('us/index.txt')).toBeUndefined();
  });

  it('of another store takes no object', async () => {
    const { openBucket } = await parts();
    await put(openBucket('exports'), 'us/index.txt');
    const other = await parts(bucket, 'b'.repeat(32));
    await expect(other.checkBucket('exports')).rejects.toThrow('the id of another store');
  });

  it('is noticed to be gone while the process runs, within half a minute', async () => {
    const { openBucket, check } = await parts();
    await put(openBucket('exports'), 'us/index.txt');
    await bucket.delete(STORE_ID_OBJECT);
    clock.advance(30 * SECOND - 1);
    await expect(check()).resolves.toBeUndefined();
    clock.advance(1);
    await expect(check()).rejects.toThrow(StorePartFault);
    await expect(put(openBucket('exports'), 'us/other.txt')).rejects.toThrow(StorePartFault);
  });

  it('is asked once in a moment, and again when the clock was set back', async () => {
    await put((await parts()).openBucket('exports'), 'us/index.txt');
    let asked = 0;
    const counting: BlobStore = {
      ...bucket,
      read: async (name) => {
        asked += 1;
        return await bucket.read(name);
      },
    };
    const { checkBucket } = await parts(counting);
    for (let n = 0; n < 3; n += 1) await checkBucket('exports');
    expect(asked).toBe(1);
    clock.jump(-1);
    await checkBucket('exports');
    expect(asked).toBe(2);
  });

  it('of an earlier version is adopted with its index', async () => {
    await aListedFile();
    await put(bucket, 'us/index.txt');
    await (await parts()).checkBucket('exports');
    expect(await contentOf(bucket, STORE_ID_OBJECT)).toContain(OURS);
  });

  it('of an earlier version is refused when its index is gone', async () => {
    await aListedFile();
    await expect((await parts()).checkBucket('exports')).rejects.toThrow(
      'The bucket exports lacks us/index.txt, although files of the export us were listed there',
    );
    expect(await bucket.find(STORE_ID_OBJECT)).toBeUndefined();
  });

  it('can be read whosever it is', async () => {
    await put(bucket, 'us/index.txt');
    await put(bucket, STORE_ID_OBJECT);
    const { openBucket } = await parts();
    expect(await contentOf(openBucket('exports'), 'us/index.txt')).toBe('words');
  });
});
