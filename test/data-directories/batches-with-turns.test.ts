import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collection, int, json, optional, text } from '@keyserver/docstore';
import type { ExportStore } from '@keyserver/export-file';
import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import { systemRandom } from '@keyserver/random';
import { exportConfigDocument, exportConfigs, exportStore } from '@keyserver/stores';
import { exportProgress } from '@keyserver/stores/testing';
import { DAY, HOUR, alwaysWindow, simulatedClock, unixMillis, windowLength } from '@keyserver/time';
import { NOON, SETTINGS } from '@keyserver/stores/testing';
import { machine } from '../support/machine.ts';

// Batches as the server stored them while they were frozen in turn, with a padding sequence and a number to pad to.
const earlier = collection({
  name: 'exportBatches',
  fields: {
    ...{ config: text(), state: text(), turn: text(), start: int(), end: int(), attempt: int() },
    ...{ fence: int(), holder: text(), leaseExpires: int(), settings: json((value) => value) },
    ...{ frozen: optional(json((value) => value)), files: json((value) => value) },
    ...{ expireAt: int(), padTo: optional(int()) },
  },
  indexes: [
    ['config', 'state', 'end'],
    ['state', 'turn'],
  ],
  expiry: 'expireAt',
});

const CONFIG = {
  ...{ id: 'us', bucket: 'exports', filenameRoot: 'us', period: HOUR, outputRegion: 'US' },
  ...{ inputRegions: [], excludeRegions: [], includeTravelers: false, onlyNonTravelers: false },
  ...{ from: unixMillis(0), signingKeys: ['k1'] },
  ...{ minRecords: 10, paddingRange: 0, maxRecords: 1000 },
};
const clock = simulatedClock(NOON);
const FILE = { name: 'us/1-2-00001.zip', digest: 'ab', keys: 3 };
const SIGNER = { id: 'k1', signingKey: 'key', keyId: '310', keyVersion: 'v1' };

let dataDirectory: string;
let platform: LocalPlatform;

const open = async (): Promise<void> => {
  platform = await openLocalPlatform({ ...machine, dataDirectory, clock });
};

beforeEach(async () => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'turns-'));
  await open();
  const batch = (hour: number, state: string) => ({
    ...{ config: 'us', state, turn: `t${hour}`, attempt: 0, fence: 1, holder: 'h' },
    ...{ start: NOON - hour * HOUR, end: NOON - (hour - 1) * HOUR, leaseExpires: 0 },
    ...{ settings: CONFIG, files: [], expireAt: NOON + 60 * DAY },
  });
  const frozen = { paddingSequence: 3, signers: [SIGNER], maxRecords: 1000, encoder: 'e' };
  await platform.store.transact(async (tx) => {
    await Promise.resolve();
    tx.set(
      exportConfigs,
      'us',
      exportConfigDocument({ ...CONFIG, thru: undefined, padEmpty: false }),
    );
    tx.set(exportProgress, 'us', { coveredUntil: NOON - HOUR });
    tx.set(earlier, 'listed', { ...batch(4, 'complete'), files: [FILE], frozen, padTo: 40 });
    tx.set(earlier, 'frozen', { ...batch(3, 'open'), frozen, padTo: 12 });
    tx.set(earlier, 'untouched', batch(2, 'open'));
  });
  await platform.close();
  await open();
});
afterEach(async () => {
  await platform.close();
  rmSync(dataDirectory, { recursive: true });
});

const exports = (): ExportStore =>
  exportStore(platform.store, {
    ...{ random: systemRandom, keys: SETTINGS, span: DAY, keepMs: 74 * DAY },
    windows: () => alwaysWindow(windowLength(HOUR)!),
  });

describe('a data directory whose batches were frozen in turn', () => {
  it('has its listed files, and knows when all was finished', async () => {
    const { listings } = exports();
    const since = unixMillis(NOON - 14 * DAY);
    expect(await listings.listing('us', since)).toMatchObject({
      batches: [{ id: 'listed', files: [FILE], config: { padEmpty: false } }],
    });
    expect(await listings.unlisted(5)).toEqual([]);
    expect(await listings.progressOf('us')).toMatchObject({ open: { id: 'frozen' } });
  });

  it('goes on with its open batches, oldest first, and with what is due after them', async () => {
    const { queue, work, cutBatches, listings } = exports();
    const lease = { lengthMs: HOUR, wants: () => true };
    expect(await cutBatches('us', { minWindowAge: 0, limit: 10 })).toMatchObject({ created: 1 });
    const first = await queue.lease(lease);
    expect(first).toMatchObject({ id: 'frozen', frozen: { generated: '', signers: [SIGNER] } });
    const decided = { ...first!.frozen!, generated: 'cd' };
    const outcome = await work.freeze(first!, { attempt: 1, frozen: decided });
    expect(outcome).toMatchObject({ kind: 'frozen', batch: { attempt: 1, frozen: decided } });
    expect(await work.finish(first!, { state: 'stored', files: [FILE] })).toBe(true);
    for (const start of [NOON - 2 * HOUR, NOON - HOUR]) {
      const next = await queue.lease(lease);
      expect(next).toMatchObject({ start, frozen: undefined, attempt: 0 });
      expect(await work.finish(next!, { state: 'empty' })).toBe(true);
    }
    expect(await queue.lease(lease)).toBeUndefined();
    expect(await listings.unlisted(5)).toMatchObject([{ id: 'frozen' }]);
  });
});
