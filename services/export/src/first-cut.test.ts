import { machine } from '../../../test/support/machine.ts';
import type { DocumentStore } from '@keyserver/docstore';
import { openLocalPlatform } from '@keyserver/local';
import { openTestBucket } from '@keyserver/local/testing';
import { closeTestStores } from '@keyserver/sqlite/testing';
import { type ExposureKey, keyHex } from '@keyserver/exposure-keys';
import { systemRandom } from '@keyserver/random';
import {
  exportConfigDocument,
  exportConfigs,
  keyHasher,
  skippedCountsId,
  storeUploads,
} from '@keyserver/stores';
import {
  DAY,
  HOUR,
  intervalAt,
  intervalNumber,
  simulatedClock,
  unixMillis,
  alwaysWindow,
  windowLength,
} from '@keyserver/time';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NOON, anExport } from './testing/export-builders.ts';
import { openExportFixture } from './testing/export-fixture.ts';

let dataDirectory: string;

beforeEach(() => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'keyserver-first-cut-'));
});
afterEach(async () => {
  await closeTestStores();
  rmSync(dataDirectory, { recursive: true });
});

const keys: readonly ExposureKey[] = [1, 2, 3, 4, 5].map((n) => ({
  data: Buffer.alloc(16, n),
  start: intervalNumber(intervalAt(NOON) - 288),
  period: 144,
  risk: 1,
  reportType: 'confirmed',
  onsetDays: undefined,
}));

/** A server that is configured, takes one upload, and is stopped before any batch was cut. */
async function uploadAndStop(at: number): Promise<void> {
  const clock = simulatedClock(unixMillis(at));
  const { store } = await openLocalPlatform({
    ...machine,
    dataDirectory,
    clock,
    random: systemRandom,
  });
  await store.transact(async (tx) => {
    tx.set(exportConfigs, 'us', exportConfigDocument(anExport({ minRecords: 0 })));
    await Promise.resolve();
  });
  const settings = {
    windows: () => alwaysWindow(windowLength(HOUR)!),
    retention: 14 * DAY,
    maxKeyAge: 15 * DAY,
    hashKey: keyHasher(Buffer.alloc(32, 1)),
    skippedCountsId: skippedCountsId(Buffer.alloc(32, 1)),
    partialRevisions: false,
    clock,
  };
  const outcome = await storeUploads(
    store,
    settings,
    systemRandom,
  )({
    ...{
      keys,
      regions: ['US'],
      traveler: false,
      app: 'app',
      authority: undefined,
      token: 'none',
      bypassToken: false,
    },
    statistics: { platform: 'ios', oldestKeyDays: 2, onsetDays: 'missing' },
  });
  expect(outcome).toMatchObject({ kind: 'stored', inserted: 5, revised: 0 });
  await store.close();
}

it.each([1, 5, 40, 13 * 24])(
  'finds keys in a file that were uploaded %d hours before the first cut, and before a restart',
  async (hours) => {
    await uploadAndStop(NOON - hours * HOUR);
    let opened: DocumentStore | undefined;
    const fixture = await openExportFixture({
      openStore: async (clock) => {
        const platform = await openLocalPlatform({
          ...machine,
          dataDirectory,
          clock,
          random: systemRandom,
        });
        opened = platform.store;
        return opened;
      },
      openBucket: openTestBucket,
    });
    await fixture.run({ limit: 400 });
    expect((await fixture.download()).toSorted()).toEqual(keys.map(({ data }) => keyHex(data)));
    await opened?.close();
  },
);
