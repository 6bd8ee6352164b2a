import type { DocumentStore, Transaction } from '@keyserver/docstore';
import type { ExportConfig } from '@keyserver/export-file';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import {
  DAY,
  HOUR,
  MINUTE,
  type SimulatedClock,
  simulatedClock,
  unixMillis,
} from '@keyserver/time';
import { exportConfigDocument, exportConfigs } from './configuration.ts';
import { batchId, exportBatches, exportProgress, openBatch } from './export-batch-document.ts';
import { openUnit, partnerProgress, partnerUnits, unitId } from './partner-unit-document.ts';
import { partnerDocument, partners } from './partners.ts';
import { aPaddedPartner } from './testing/a-partner.ts';
import { NOON } from './testing/uploads.ts';
import { uncoveredFrom } from './uncovered-from.ts';

const anExport = (overrides: Partial<ExportConfig> = {}): ExportConfig => ({
  ...{ id: 'us', bucket: 'exports', filenameRoot: 'us', period: HOUR, outputRegion: 'US' },
  ...{ inputRegions: [], excludeRegions: [], includeTravelers: false, onlyNonTravelers: false },
  ...{ from: unixMillis(0), thru: undefined, signingKeys: ['k1'] },
  ...{ minRecords: 0, paddingRange: 0, maxRecords: 1000, padEmpty: false },
  ...overrides,
});

let clock: SimulatedClock;
let store: DocumentStore;

beforeEach(async () => {
  clock = simulatedClock(unixMillis(NOON + 10 * MINUTE));
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

async function configure(config: ExportConfig, coveredUntil?: number): Promise<void> {
  await store.transact(async (tx) => {
    await Promise.resolve();
    tx.set(exportConfigs, config.id, exportConfigDocument(config));
    if (coveredUntil !== undefined) tx.set(exportProgress, config.id, { coveredUntil });
  });
}

async function openOne(config: ExportConfig, start: number): Promise<void> {
  const span = { start: unixMillis(start), end: unixMillis(start + HOUR) };
  await store.transact(async (tx) => {
    await Promise.resolve();
    tx.create(exportBatches, batchId(config.id, span), openBatch(config, span, NOON + 90 * DAY));
  });
}

const heldFrom = async (): Promise<number | undefined> => await uncoveredFrom(store);

describe('the windows that an export has still to take', () => {
  it('are none without an export', async () => {
    expect(await heldFrom()).toBeUndefined();
  });

  it('begin where a padded partner has still to be cut, or with its oldest open unit', async () => {
    await configure(anExport(), NOON);
    const partner = aPaddedPartner({ from: unixMillis(NOON - DAY) });
    const put = async (decide: (tx: Transaction) => void): Promise<void> => {
      await store.transact(async (tx) => {
        await Promise.resolve();
        decide(tx);
      });
    };
    await put((tx) => {
      tx.set(partners, partner.id, partnerDocument(partner));
    });
    expect(await heldFrom()).toBe(NOON - DAY);
    const span = { start: unixMillis(NOON - 8 * HOUR), end: unixMillis(NOON - 4 * HOUR) };
    await put((tx) => {
      tx.set(partnerProgress, partner.id, { coveredUntil: NOON });
      tx.set(partnerUnits, unitId(partner.id, span), openUnit(partner, span, NOON + 90 * DAY));
    });
    expect(await heldFrom()).toBe(span.start);
    await put((tx) => {
      tx.delete(partnerUnits, unitId(partner.id, span));
      tx.set(partners, partner.id, partnerDocument({ ...partner, mode: 'fresh' }));
      tx.set(partnerProgress, partner.id, { coveredUntil: NOON - 8 * HOUR });
    });
    expect(await heldFrom()).toBe(NOON);
  });

  it('begin where an export begins that was never cut', async () => {
    await configure(anExport({ from: unixMillis(NOON) }));
    expect(await heldFrom()).toBe(NOON);
  });

  it('begin where the hindmost export has come to', async () => {
    await configure(anExport(), NOON);
    await configure(anExport({ id: 'late' }), NOON - DAY);
    expect(await heldFrom()).toBe(NOON - DAY);
  });

  it('begin at a batch whose files are not made', async () => {
    await configure(anExport(), NOON);
    await openOne(anExport(), NOON - 5 * HOUR);
    await openOne(anExport(), NOON - 9 * HOUR);
    expect(await heldFrom()).toBe(NOON - 9 * HOUR);
  });

  it('are none of an export that has ended, but for its open batches', async () => {
    const ended = anExport({ thru: unixMillis(NOON) });
    await configure(ended, NOON);
    expect(await heldFrom()).toBeUndefined();
    await openOne(ended, NOON - HOUR);
    expect(await heldFrom()).toBe(NOON - HOUR);
  });

  it('are those of an ended export that was not cut to its end', async () => {
    await configure(anExport({ thru: unixMillis(NOON) }), NOON - HOUR);
    expect(await heldFrom()).toBe(NOON - HOUR);
  });
});
