import type { DocumentStore } from '@keyserver/docstore';
import type { ExportBatch } from '@keyserver/export-file';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { DAY, HOUR, type SimulatedClock, simulatedClock, unixMillis } from '@keyserver/time';
import {
  type BatchDocument,
  batchId,
  exportBatches,
  exportProgress,
  openBatch,
} from './export-batch-document.ts';
import { batchListing } from './export-batch-listing.ts';
import { batchRetirement, deleteBatches } from './retire-batches.ts';
import { strayRecords } from './stray-objects.ts';
import { NOON } from './testing/uploads.ts';
import { exportIndexes } from './export-index-document.ts';

const CONFIG = {
  ...{ id: 'us', bucket: 'exports', filenameRoot: 'us', period: HOUR, outputRegion: 'US' },
  ...{ inputRegions: [], excludeRegions: [], includeTravelers: true, onlyNonTravelers: false },
  ...{ from: unixMillis(0), thru: undefined, signingKeys: ['k1'], minRecords: 10 },
  ...{ paddingRange: 0, maxRecords: 1000, padEmpty: false },
};
const { signal } = new AbortController();

let clock: SimulatedClock;
let store: DocumentStore;
beforeEach(async () => {
  clock = simulatedClock(NOON);
  store = await openTestStore({ clock });
  await store.transact(async (tx) => {
    await Promise.resolve();
    tx.set(exportProgress, 'us', { coveredUntil: NOON });
  });
});
afterEach(closeTestStores);

/** Stores a batch that ended some hours ago, and gives its id. */
async function put(hours: number, state: ExportBatch['state'] = 'complete'): Promise<string> {
  const span = {
    start: unixMillis(NOON - (hours + 1) * HOUR),
    end: unixMillis(NOON - hours * HOUR),
  };
  const id = batchId('us', span);
  const files = [{ name: `us/${hours}.zip`, keys: 1, digest: 'aa' }];
  await store.transact(async (tx) => {
    await Promise.resolve();
    tx.set(exportBatches, id, { ...openBatch(CONFIG, span, NOON + DAY), state, files });
  });
  return id;
}
const stored = async (id: string): Promise<BatchDocument | undefined> =>
  (await store.get(exportBatches, [id]))[0];
const listed = async (): Promise<readonly string[]> =>
  (await batchListing(store).indexed('us', unixMillis(NOON - 10 * DAY))).batches.flatMap(
    ({ names }) => names,
  );

describe('a batch that is retired', () => {
  it('is in no index any more, kept or derived, whatever the retention', async () => {
    const id = await put(5);
    await put(4);
    expect(await listed()).toEqual(['us/5.zip', 'us/4.zip']);
    await batchRetirement(store).retire(id);
    expect(await listed()).toEqual(['us/4.zip']);
    await store.transact(async (tx) => {
      await Promise.resolve();
      tx.delete(exportIndexes, 'us');
    });
    expect(await listed()).toEqual(['us/4.zip']);
    expect(await stored(id)).toMatchObject({ state: 'retired', retiredAt: NOON });
  });

  it('stays retired since the same time when the step is repeated', async () => {
    const id = await put(5);
    await batchRetirement(store).retire(id);
    clock.advance(HOUR);
    await batchRetirement(store).retire(id);
    expect((await stored(id))?.retiredAt).toBe(NOON);
  });

  it('is noted as deleted, without its files, once', async () => {
    const id = await put(5);
    const { retire, noteDeleted } = batchRetirement(store);
    await retire(id);
    for (let n = 0; n < 2; n++) await noteDeleted(id);
    expect(await stored(id)).toMatchObject({ state: 'deleted', files: [] });
  });

  it.each(['open', 'stored', 'empty', 'skipped', 'deleted'] as const)(
    'must have been complete, not %s',
    async (state) => {
      const id = await put(5, state);
      const { retire, noteDeleted } = batchRetirement(store);
      await retire(id);
      await noteDeleted(id);
      expect((await stored(id))?.state).toBe(state);
    },
  );

  it('is not noted as deleted before it is retired', async () => {
    const id = await put(5);
    await batchRetirement(store).noteDeleted(id);
    expect(await stored(id)).toMatchObject({ state: 'complete', files: [{ name: 'us/5.zip' }] });
  });
});

describe('records of batches that have expired', () => {
  it('go when there are no files, and wait while there are', async () => {
    const states = [
      'open',
      'stored',
      'complete',
      'retired',
      'deleted',
      'empty',
      'skipped',
    ] as const;
    for (const [n, state] of states.entries()) await put(n + 1, state);
    expect(await deleteBatches(store, { certain: unixMillis(NOON + DAY - 1), signal })).toBe(0);
    expect(await deleteBatches(store, { certain: unixMillis(NOON + DAY), signal })).toBe(3);
    const left: string[] = [];
    for await (const page of store.pages(exportBatches, {}))
      left.push(...page.map(({ value }) => value.state));
    expect(left.sort()).toEqual(['complete', 'open', 'retired', 'stored']);
  });
});

describe('objects that no record knows', () => {
  const note = async (...names: readonly string[]) =>
    await strayRecords(store).note(
      'exports',
      names.map((name) => ({ name, generation: '1' })),
    );

  it('are known since they were first seen', async () => {
    await note('us/a.zip');
    clock.advance(DAY);
    expect([...(await note('us/a.zip', 'us/b.zip'))]).toEqual([
      ['us/a.zip', NOON],
      ['us/b.zip', NOON + DAY],
    ]);
  });

  it('are seen for the first time again when they were away, or have another content', async () => {
    await note('us/a.zip', 'us/b.zip');
    clock.advance(DAY);
    await strayRecords(store).note('exports', [{ name: 'us/a.zip', generation: '2' }]);
    clock.advance(DAY);
    const since = await strayRecords(store).note('exports', [
      { name: 'us/a.zip', generation: '2' },
      { name: 'us/b.zip', generation: '1' },
    ]);
    expect([...since.values()]).toEqual([NOON + DAY, NOON + 2 * DAY]);
  });

  it('of one bucket are not those of another', async () => {
    await note('us/a.zip');
    clock.advance(DAY);
    const other = await strayRecords(store).note('other', [{ name: 'us/a.zip', generation: '1' }]);
    expect([...other.values()]).toEqual([NOON + DAY]);
    expect([...(await note('us/a.zip')).values()]).toEqual([NOON]);
  });
});
