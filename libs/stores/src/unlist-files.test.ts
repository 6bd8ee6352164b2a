import type { DocumentStore } from '@keyserver/docstore';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { HOUR, unixMillis } from '@keyserver/time';
import { openBatch, exportBatches } from './export-batch-document.ts';
import { exportIndexes } from './export-index-document.ts';
import { NOON } from './testing/uploads.ts';
import { unlistFiles } from './export-batch-listing.ts';

const CONFIG = {
  ...{ id: 'us', bucket: 'exports', filenameRoot: 'us', period: HOUR, outputRegion: 'US' },
  ...{ inputRegions: [], excludeRegions: [], includeTravelers: true, onlyNonTravelers: false },
  ...{ from: unixMillis(0), thru: undefined, signingKeys: ['k1'], minRecords: 10 },
  ...{ paddingRange: 0, maxRecords: 1000, padEmpty: false },
};
const file = (name: string) => ({ name, keys: 1, digest: 'aa' });

let store: DocumentStore;
beforeEach(async () => {
  store = await openTestStore();
  const span = { start: unixMillis(NOON - HOUR), end: NOON };
  const batch = { ...openBatch(CONFIG, span, NOON + 2 ** 40), state: 'complete' as const };
  await store.transact(async (tx) => {
    tx.set(exportBatches, 'batch', { ...batch, files: [file('a.zip'), file('b.zip')] });
    tx.set(exportIndexes, 'us', { coveredUntil: NOON, reach: 0, since: 0, open: [], batches: [] });
    await Promise.resolve();
  });
});
afterEach(closeTestStores);

const left = async () => {
  const [batch] = await store.get(exportBatches, ['batch']);
  const [index] = await store.get(exportIndexes, ['us']);
  return { files: batch?.files.map(({ name }) => name), hasIndex: index !== undefined };
};

describe('files that are lost for good', () => {
  it('are taken out of their batch, and the index is derived anew', async () => {
    await unlistFiles(store, 'batch', ['a.zip']);
    expect(await left()).toEqual({ files: ['b.zip'], hasIndex: false });
  });

  it.each([
    ['of another batch', 'other', ['a.zip']],
    ['that the batch does not have', 'batch', ['c.zip']],
  ])('change nothing when they are %s', async (_, id, names) => {
    await unlistFiles(store, id, names);
    expect(await left()).toEqual({ files: ['a.zip', 'b.zip'], hasIndex: true });
  });
});
