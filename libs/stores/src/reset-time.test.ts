import type { DocumentStore } from '@keyserver/docstore';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { HOUR, type UnixMillis, simulatedClock, unixMillis } from '@keyserver/time';
import { exportConfigDocument, exportConfigs } from './configuration.ts';
import { exportBatches, exportProgress, openBatch } from './export-batch-document.ts';
import { leases } from './lease-store.ts';
import { bringBack, removeEarlyBatches } from './reset-time.ts';
import { NOON } from './testing/uploads.ts';

const CONFIG = {
  ...{ id: 'us', bucket: 'exports', filenameRoot: 'us', period: HOUR, outputRegion: 'US' },
  ...{ inputRegions: [], excludeRegions: [], includeTravelers: true, onlyNonTravelers: false },
  ...{ from: unixMillis(0), thru: undefined, signingKeys: ['k1'], minRecords: 10 },
  ...{ paddingRange: 0, maxRecords: 1000 },
};

let store: DocumentStore;
beforeEach(async () => {
  store = await openTestStore({ clock: simulatedClock(NOON) });
});
afterEach(closeTestStores);

/** Batches that end so many hours from noon on, the export that they belong to, and how far it has come. */
async function cutUntil(hours: readonly number[], coveredUntil: UnixMillis): Promise<void> {
  await store.transact(async (tx) => {
    tx.set(exportConfigs, 'us', exportConfigDocument(CONFIG));
    tx.set(exportProgress, 'us', { coveredUntil });
    for (const hour of hours) {
      const end = unixMillis(NOON + hour * HOUR);
      const span = { start: unixMillis(end - HOUR), end };
      tx.set(exportBatches, `ends-${hour}`, openBatch(CONFIG, span, end + 2 ** 40));
    }
    await Promise.resolve();
  });
}

const batches = async (): Promise<readonly string[]> => {
  const ids: string[] = [];
  for await (const page of store.pages(exportBatches, {})) ids.push(...page.map(({ id }) => id));
  return ids.toSorted();
};
const covered = async () => (await store.get(exportProgress, ['us']))[0]?.coveredUntil;

describe('bringing back what is ahead of the present', () => {
  it('waits until a single batch that ends later is removed', async () => {
    await cutUntil([0, 1], unixMillis(NOON + HOUR));
    expect(await store.transact(bringBack)).toBe(false);
    expect(await covered()).toBe(NOON + HOUR);
    expect(await store.transact(removeEarlyBatches)).toBe(1);
    expect(await batches()).toEqual(['ends-0']);
    expect(await store.transact(bringBack)).toBe(true);
    expect(await covered()).toBe(NOON);
  });

  it('removes a hundred batches in a transaction', async () => {
    await cutUntil(
      Array.from({ length: 101 }, (_, n) => n + 1),
      unixMillis(NOON + 101 * HOUR),
    );
    expect(await store.transact(removeEarlyBatches)).toBe(100);
    expect(await store.transact(removeEarlyBatches)).toBe(1);
    expect(await batches()).toEqual([]);
  });

  it('ends leases that last longer than now, and leaves those that have ended', async () => {
    await store.transact(async (tx) => {
      tx.set(leases, 'ahead', { fence: 3, holder: 'a', expiresAt: NOON + HOUR });
      tx.set(leases, 'ended', { fence: 4, holder: 'b', expiresAt: NOON - HOUR });
      await Promise.resolve();
    });
    await cutUntil([0], NOON);
    await store.transact(async (tx) => {
      const [batch] = await tx.get(exportBatches, ['ends-0']);
      tx.set(exportBatches, 'ends-0', { ...batch!, leaseExpires: NOON + HOUR });
    });
    expect(await store.transact(bringBack)).toBe(true);
    expect(await store.get(leases, ['ahead', 'ended'])).toMatchObject([
      { fence: 3, holder: 'a', expiresAt: NOON },
      { fence: 4, holder: 'b', expiresAt: NOON - HOUR },
    ]);
    expect(await store.get(exportBatches, ['ends-0'])).toMatchObject([{ leaseExpires: NOON }]);
    expect(await covered()).toBe(NOON);
  });
});
