import { openCloudBuckets } from '@keyserver/cloud-storage';
import type { DocumentStore } from '@keyserver/docstore';
import { openFirestoreStore } from '@keyserver/firestore';
import { type TestMachine, testAmbient, testMachine } from '@keyserver/platform/testing';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { type StorageStandIn, startStorageStandIn } from '@keyserver/stand-ins/storage';
import { exportBatches, exportConfigDocument, exportConfigs } from '@keyserver/stores';
import { exportProgress } from '@keyserver/stores/testing';
import { DAY, HOUR, MINUTE, simulatedClock, unixMillis } from '@keyserver/time';
import { impatient, machine } from '../../../test/support/machine.ts';
import { startCleanup } from './index.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const NOON = unixMillis(Date.UTC(2026, 0, 15, 12));
const CONFIG = {
  ...{ id: 'us', bucket: 'exports', filenameRoot: 'us', period: HOUR, outputRegion: 'US' },
  ...{ inputRegions: [], excludeRegions: [], includeTravelers: true, onlyNonTravelers: false },
  ...{ from: unixMillis(0), thru: undefined, signingKeys: ['k1'] },
  ...{ minRecords: 10, paddingRange: 0, maxRecords: 1000, padEmpty: false },
};
const ARCHIVE = 'us/1768474800-1768478400-00001.zip';
const STRAY = 'us/1768474800-1768478400-00009.zip';

const clock = simulatedClock(NOON);
const ambient = testAmbient('cleanup', { clock, random: impatient });

let firestore: FirestoreStandIn;
let storage: StorageStandIn;
let scheduler: TestMachine;
let store: DocumentStore;

beforeEach(async () => {
  clock.set(NOON);
  ambient.lines.length = 0;
  scheduler = await testMachine('cleanup', clock);
  firestore = await startFirestoreStandIn({ now: () => clock.now() });
  storage = await startStorageStandIn({ buckets: ['exports'], now: () => clock.now() });
  store = await openFirestoreStore({
    ...{ ...machine, clock, projectId: 'demo-project', emulatorHost: firestore.address },
  });
  await store.transact(async (tx) => {
    await Promise.resolve();
    tx.set(exportConfigs, 'us', exportConfigDocument(CONFIG));
    tx.set(exportProgress, 'us', { coveredUntil: NOON + 90 * DAY });
  });
});
afterEach(async () => {
  await store.close();
  await Promise.all([firestore.close(), storage.close(), scheduler.remove()]);
});

/** Starts the service for as long as `work` takes, which may call its jobs as the scheduler does. */
async function served<T>(
  work: (service: {
    readonly run: (route: string) => Promise<readonly [number, unknown]>;
    readonly health: () => Promise<unknown>;
  }) => Promise<T>,
): Promise<T> {
  const { DATA_DIR: _, ...identity } = scheduler.env;
  const service = await startCleanup(
    {
      ...identity,
      ...{ PLATFORM: 'gcp', GCP_PROJECT: 'demo-project', KEY_HASH_SECRET: 'ab'.repeat(32) },
      ...{ FIRESTORE_ENDPOINT: firestore.address, STORAGE_ENDPOINT: new URL(storage.url).host },
    },
    ambient,
  );
  try {
    return await work({
      run: async (route) => {
        const headers = await scheduler.caller();
        const response = await fetch(`${service.url}${route}`, { method: 'POST', headers });
        return [response.status, await response.json()];
      },
      health: async () => await (await fetch(`${service.url}/health`)).json(),
    });
  } finally {
    await service.close();
  }
}

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text));
}
const write = async (...names: readonly string[]): Promise<void> => {
  const { openBucket } = openCloudBuckets({
    ...{ ...machine, random: impatient, projectId: 'demo-project', apiEndpoint: storage.url },
  });
  const headers = { contentType: 'a/b', cacheControl: 'no-cache', digest: 'd' };
  for (const name of names)
    await openBucket('exports').put(name, bytes('x'), { headers, expected: 'absent' });
};

/** A complete batch that ended at noon, with its archive in no index. */
const aBatch = async (): Promise<void> => {
  await write(ARCHIVE);
  await store.transact(async (tx) => {
    await Promise.resolve();
    tx.set(exportBatches, 'us-noon', {
      ...{ config: 'us', state: 'complete', start: NOON - HOUR, end: NOON, attempt: 0, fence: 0 },
      ...{ holder: '', leaseExpires: 0, settings: CONFIG, expireAt: NOON + 20 * DAY },
      files: [{ name: ARCHIVE, keys: 1, digest: 'aa' }],
    });
  });
};
const objects = (): readonly string[] =>
  storage.objects('exports').filter((name) => name.endsWith('.zip'));
const states = async (): Promise<readonly string[]> => {
  const found: string[] = [];
  for await (const page of store.pages(exportBatches, {}))
    found.push(...page.map(({ value }) => value.state));
  return found;
};

describe('the cleanup service on Google Cloud', () => {
  it('deletes files a day after they are in no index, and their records when those expire', async () => {
    await served(async ({ run, health }) => {
      await run('/exports');
      await aBatch();
      clock.advance(14 * DAY);
      expect(await run('/exports')).toEqual([200, { ok: true }]);
      expect([objects(), await states()]).toEqual([[ARCHIVE], ['retired']]);
      clock.advance(DAY + 5 * MINUTE);
      await run('/exports');
      expect([objects(), await states()]).toEqual([[], ['deleted']]);
      clock.advance(6 * DAY);
      await run('/exports');
      expect(await states()).toEqual([]);
      expect(await health()).toEqual({ status: 'ok' });
    });
  });

  it('reports objects of which nobody knows, and deletes them a day later', async () => {
    await served(async ({ run, health }) => {
      await run('/exports');
      await write(STRAY);
      await run('/exports');
      expect(await health()).toEqual({ status: 'unhealthy', problems: ['objects_unknown'] });
    });
    clock.advance(DAY);
    await served(async ({ run, health }) => {
      expect(await health()).toEqual({ status: 'unhealthy', problems: ['objects_unknown'] });
      await run('/exports');
      expect(objects()).toEqual([]);
      clock.advance(MINUTE); // health remembers for a moment what it said
      expect(await health()).toEqual({ status: 'ok' });
    });
  });

  it('fails and keeps everything while Cloud Storage refuses', async () => {
    await served(async ({ run }) => {
      await run('/exports');
      await aBatch();
      clock.advance(14 * DAY);
      for (const op of ['get', 'download', 'list'] as const)
        storage.faults.fail({ op, status: 403, times: 50 });
      expect((await run('/exports'))[0]).toBe(500);
    });
    expect([objects(), await states()]).toEqual([[ARCHIVE], ['complete']]);
    expect(ambient.lines.join('\n')).toMatch('"message":"cleanup.place_failed"');
  });

  it('retires and deletes each once though commits are answered ABORTED', async () => {
    await served(async ({ run }) => {
      await run('/exports');
      await aBatch();
      for (const after of [0, 3]) {
        clock.advance(15 * DAY);
        firestore.faults.fail({ method: 'Commit', code: 'ABORTED', times: 1, after });
        expect((await run('/exports'))[0]).toBe(200);
      }
    });
    expect([objects(), await states()]).toEqual([[], []]);
  });

  it('folds and deletes keys with no index missing', async () => {
    await served(async ({ run }) => {
      expect(await run('/totals')).toEqual([200, { ok: true }]);
      expect(await run('/keys')).toEqual([200, { ok: true }]);
    });
  });
});
