import type { DocumentStore } from '@keyserver/docstore';
import type { ExportConfig } from '@keyserver/export-file';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { systemRandom } from '@keyserver/random';
import {
  HOUR,
  MINUTE,
  SECOND,
  type SimulatedClock,
  simulatedClock,
  unixMillis,
  alwaysWindow,
  windowLength,
} from '@keyserver/time';
import { exportConfigDocument, exportConfigs } from './configuration.ts';
import { CoverageFault, coveredAhead, rememberedCoverage } from './covered-windows.ts';
import { exportProgress } from './export-batch-document.ts';
import { keyBatches } from './key-batch-document.ts';
import type { Partner } from '@keyserver/federation';
import { partnerProgress } from './partner-unit-document.ts';
import { partnerDocument, partners } from './partners.ts';
import { aPaddedPartner } from './testing/a-partner.ts';
import { storeUploads } from './key-store.ts';
import { NOON, SETTINGS, aKey, aKeyUntil, anUpload, batchesIn } from './testing/uploads.ts';
import { totalDeltas } from './total-deltas.ts';

let clock: SimulatedClock;
let store: DocumentStore;

beforeEach(async () => {
  clock = simulatedClock(unixMillis(NOON + 10 * MINUTE));
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

const anExport = (overrides: Partial<ExportConfig> = {}): ExportConfig => ({
  ...{ id: 'us', bucket: 'exports', filenameRoot: 'us', period: HOUR, outputRegion: 'US' },
  ...{ inputRegions: [], excludeRegions: [], includeTravelers: false, onlyNonTravelers: false },
  ...{ from: unixMillis(0), thru: undefined, signingKeys: ['k1'] },
  ...{ minRecords: 0, paddingRange: 0, maxRecords: 1000, padEmpty: false },
  ...overrides,
});

async function covered(until: number, config = anExport()): Promise<void> {
  await store.transact(async (tx) => {
    tx.set(exportConfigs, config.id, exportConfigDocument(config));
    tx.set(exportProgress, config.id, { coveredUntil: until });
    await Promise.resolve();
  });
}

const publish = () => storeUploads(store, { ...SETTINGS, clock }, systemRandom);

describe('keys for a window that is covered already', () => {
  it('are refused, and nothing of the upload is stored or counted', async () => {
    await covered(NOON + 5 * MINUTE);
    const valid = aKeyUntil(2, unixMillis(NOON + 2 * HOUR));
    const refused = publish()(anUpload([aKey(1), valid]));
    await expect(refused).rejects.toThrow(new CoverageFault('us'));
    expect(await batchesIn(store, 0, NOON + 10 * HOUR)).toEqual([]);
    for await (const page of store.pages(totalDeltas, {})) expect(page).toEqual([]);
  });

  it.each([
    ['whose window is the first one behind it', NOON, {}],
    ['of another region', NOON + HOUR, { outputRegion: 'MX' }],
    ['of an excluded region', NOON + HOUR, { excludeRegions: ['CA'] }],
    ['of an export that has ended before', NOON + HOUR, { thru: NOON }],
  ])('are no others: keys are taken %s', async (_, until, config: Partial<ExportConfig>) => {
    await covered(until, anExport(config));
    expect(await publish()(anUpload([aKey(1)]))).toMatchObject({ kind: 'stored', inserted: 1 });
  });

  it('are refused while only one of several exports has left them behind', async () => {
    await covered(NOON, anExport({ id: 'a' }));
    await covered(NOON + HOUR, anExport({ id: 'b', inputRegions: ['CA'] }));
    await expect(publish()(anUpload([aKey(1)]))).rejects.toThrow(new CoverageFault('b'));
  });

  it('are taken again once their window lies behind what is covered', async () => {
    await covered(NOON + HOUR);
    const upload = publish();
    await expect(upload(anUpload([aKey(1)]))).rejects.toThrow(CoverageFault);
    clock.advance(HOUR);
    expect(await upload(anUpload([aKey(1)]))).toMatchObject({ kind: 'stored' });
  });

  it('are noticed after ten seconds when the cut came later', async () => {
    await covered(NOON);
    const upload = publish();
    await upload(anUpload([aKey(1)]));
    await covered(NOON + HOUR);
    clock.advance(9 * SECOND);
    expect(await upload(anUpload([aKey(2)]))).toMatchObject({ kind: 'stored' });
    clock.advance(SECOND);
    await expect(upload(anUpload([aKey(3)]))).rejects.toThrow(CoverageFault);
  });

  it('are those of a process that begins with longer windows than the data has', async () => {
    await covered(NOON + 5 * MINUTE);
    const windows = () => alwaysWindow(windowLength(5 * MINUTE)!);
    const short = { ...SETTINGS, clock, windows };
    expect(await storeUploads(store, short, systemRandom)(anUpload([aKey(1)]))).toMatchObject({
      kind: 'stored',
    });
    await store.deleteAll(keyBatches, {});
    await expect(publish()(anUpload([aKey(1)]))).rejects.toThrow(CoverageFault);
  });
});

it('refuses keys for a window that a padded partner was given already', async () => {
  const admit = async (partner: Partner): Promise<void> => {
    await store.transact(async (tx) => {
      tx.set(partners, partner.id, partnerDocument(partner));
      tx.set(partnerProgress, partner.id, { coveredUntil: NOON + HOUR });
      await Promise.resolve();
    });
  };
  await admit(aPaddedPartner({ excludeRegions: ['CA', 'US'] }));
  expect(await publish()(anUpload([aKey(1)]))).toMatchObject({ kind: 'stored' });
  await admit(aPaddedPartner({ includeRegions: ['CA', 'US'] }));
  const refused = publish()(anUpload([aKey(2)]));
  await expect(refused).rejects.toThrow(new CoverageFault('partner:neighbour'));
});

describe('what is remembered of the exports', () => {
  it('is asked for once in ten seconds, however many ask, and again when the clock was set back', async () => {
    let asked = 0;
    const counting: DocumentStore = Object.assign(Object.create(store) as DocumentStore, {
      get: async (...args: Parameters<DocumentStore['get']>) => {
        asked++;
        return await store.get(...args);
      },
    });
    const recall = rememberedCoverage(counting, clock);
    await Promise.all([recall(), recall(), recall()]);
    expect(asked).toBe(1);
    clock.advance(10 * SECOND);
    await recall();
    expect(asked).toBe(2);
    clock.set(NOON);
    await recall();
    expect(asked).toBe(3);
  });

  it('is asked for again after a fault', async () => {
    let away = true;
    const flaky: DocumentStore = Object.assign(Object.create(store) as DocumentStore, {
      get: async (...args: Parameters<DocumentStore['get']>) => {
        if (away) throw new Error('away');
        return await store.get(...args);
      },
    });
    const recall = rememberedCoverage(flaky, clock);
    await expect(recall()).rejects.toThrow('away');
    away = false;
    expect(await recall()).toEqual([]);
  });

  it('tells which export is ahead of the windows that are open', async () => {
    const ahead = async () =>
      coveredAhead(await rememberedCoverage(store, clock)(), clock.now(), SETTINGS.windows());
    await covered(NOON);
    expect(await ahead()).toBeUndefined();
    await covered(NOON + 1);
    expect(await ahead()).toBe('us');
    await covered(NOON + 1, anExport({ thru: NOON }));
    expect(await ahead()).toBeUndefined();
  });
});
