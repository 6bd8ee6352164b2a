import type { DocumentStore } from '@keyserver/docstore';
import { packRecords } from '@keyserver/exposure-keys';
import type { JobReport } from '@keyserver/jobs';
import { recordingLog } from '@keyserver/log/testing';
import { seededRandom } from '@keyserver/random/testing';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import {
  exportConfigDocument,
  exportConfigs,
  foldTotals,
  keyBatchDocument,
  keyBatches,
  leases,
  readFindings,
  totalDeltas,
  totals,
} from '@keyserver/stores';
import { NOON, SETTINGS, aKey, exportProgress } from '@keyserver/stores/testing';
import { DAY, HOUR, type SimulatedClock, simulatedClock, unixMillis } from '@keyserver/time';
import { type CleanKeysDeps, cleanKeys } from './clean-keys.ts';
import { findingProbes } from './health.ts';

const { retention: keyRetention, windows } = SETTINGS;
const random = seededRandom('clean keys');

let clock: SimulatedClock;
let store: DocumentStore;
let log: ReturnType<typeof recordingLog>;

beforeEach(async () => {
  clock = simulatedClock(NOON);
  store = await openTestStore({ clock });
  log = recordingLog();
  await store.certainTime();
  clock.advance(HOUR); // by now the clock has been plausible for long enough
});
afterEach(closeTestStores);

const fold =
  (on: DocumentStore): CleanKeysDeps['fold'] =>
  async (folding) =>
    await foldTotals(on, {
      ...folding,
      retention: 14 * DAY,
      windows: async () => await Promise.resolve(windows()),
    });
const run = async (
  over: Partial<CleanKeysDeps> = {},
  signal = new AbortController().signal,
): Promise<JobReport> =>
  await cleanKeys(
    { store, log: log.log, keyRetention, fold: fold(over.store ?? store), ...over },
    signal,
  );

/** Keys, a count, a total and a lease that are all past their retention fifty days after noon. */
async function fill(): Promise<void> {
  const document = keyBatchDocument(
    {
      ...{ window: unixMillis(NOON), kind: 'primary', origin: 'local', sourceId: '' },
      ...{ regions: ['US'], traveler: false, app: 'app', authority: undefined },
      records: packRecords([aKey(1)]),
    },
    SETTINGS,
    random,
  );
  const count = { hour: NOON, authority: 7, platform: 'ios', keys: 1, onsetMissing: 1 } as const;
  await store.transact(async (tx) => {
    await Promise.resolve();
    tx.set(keyBatches, 'keys', document);
    tx.set(totalDeltas, 'count', { ...count, expireAt: NOON + 90 * DAY });
    tx.set(leases, 'pull of nobody', { fence: 1, holder: 'gone', expiresAt: NOON });
  });
}
const held = async (): Promise<readonly string[]> => {
  const names: string[] = [];
  for (const collection of [keyBatches, totalDeltas, totals, leases])
    for await (const page of store.pages<object>(collection, {}))
      names.push(...page.map(() => collection.layout.name));
  return names;
};
const events = (): readonly string[] => log.events().map(({ message }) => message);
const problems = async (): Promise<readonly string[]> => {
  const failed: string[] = [];
  for (const probe of findingProbes(store, clock))
    await probe().catch((fault: unknown) => failed.push((fault as { code: string }).code));
  return failed;
};
const doubtful = (of: Partial<DocumentStore>): DocumentStore =>
  Object.assign(Object.create(store) as DocumentStore, of);
const uncertain = () =>
  doubtful({
    certainTime: async () => {
      await Promise.resolve(undefined);
    },
  });

describe('a run of /keys', () => {
  it('folds counts first and deletes what is past its retention, of each kind', async () => {
    await fill();
    clock.advance(HOUR);
    expect(await run()).toEqual({ kind: 'done', done: 1, left: 0 });
    expect(await held()).toEqual(['keyBatches', 'totals', 'leases']);
    clock.advance(50 * DAY);
    expect(await run()).toEqual({ kind: 'done', done: 3, left: 0 });
    expect(await held()).toEqual([]);
    expect(await run()).toEqual({ kind: 'done', done: 0, left: 0 });
    expect(events()).toEqual([]);
  });

  it('deletes nothing while the time is not certain, and says that all is left', async () => {
    await fill();
    clock.advance(50 * DAY);
    const on = uncertain();
    expect(await run({ store: on })).toMatchObject({ kind: 'done', left: 1 });
    expect(await held()).toEqual(['keyBatches', 'leases']);
    expect(events()).toContain('cleanup.clock_unsettled');
  });

  it('deletes keys though counts cannot be folded, and fails all the same', async () => {
    await fill();
    clock.advance(50 * DAY);
    const broken = async () => await Promise.reject(new Error('a count cannot be read'));
    await expect(run({ fold: broken })).rejects.toThrow('a count cannot be read');
    expect(await held()).toEqual(['totalDeltas']);
  });

  it('deletes nothing once its time is over, and leaves it to the next run', async () => {
    await fill();
    clock.advance(50 * DAY);
    expect(await run({}, AbortSignal.abort())).toMatchObject({ kind: 'failed' });
    expect(await held()).toEqual(['keyBatches', 'totalDeltas', 'leases']);
    expect(await run()).toMatchObject({ kind: 'done', left: 0 });
  });

  it('goes on in the next run where it died after the keys', async () => {
    await fill();
    clock.advance(50 * DAY);
    const dying = doubtful({
      deleteAll: async () => await Promise.reject(new Error('the process dies')),
    });
    await expect(run({ store: dying })).rejects.toThrow('the process dies');
    expect(await held()).toEqual(['leases']);
    expect(await run()).toEqual({ kind: 'done', done: 1, left: 0 });
    expect(await held()).toEqual([]);
  });

  it('tells of keys that an export has still to take, and of those that went without it', async () => {
    await fill();
    const config = {
      ...{ id: 'us', bucket: 'exports', filenameRoot: 'us', period: HOUR, outputRegion: 'US' },
      ...{ inputRegions: [], excludeRegions: [], includeTravelers: false, onlyNonTravelers: false },
      ...{ from: unixMillis(0), thru: undefined, signingKeys: ['k1'] },
      ...{ minRecords: 0, paddingRange: 0, maxRecords: 1000, padEmpty: false },
    };
    await store.transact(async (tx) => {
      await Promise.resolve();
      tx.set(exportConfigs, 'us', exportConfigDocument(config));
      tx.set(exportProgress, 'us', { coveredUntil: NOON });
    });
    clock.advance(18 * DAY);
    await run();
    expect(events()).toEqual(['cleanup.counts_expired', 'cleanup.keys_held']);
    expect(await problems()).toEqual(['keys_held']);
    clock.advance(7 * DAY);
    await run();
    expect(events().slice(2)).toEqual(['cleanup.keys_lost']);
    expect(await problems()).toEqual([]);
  });
});

describe('a service that is always started anew before it is certain of the time', () => {
  const runEvery = async (ms: number, times: number): Promise<void> => {
    for (let n = 0; n < times; n++) {
      await run({ store: uncertain() });
      clock.advance(ms);
    }
  };

  it('is well for three runs, and then says that nothing is deleted', async () => {
    await runEvery(4 * HOUR, 3);
    expect(await problems()).toEqual([]);
    clock.advance(1);
    expect(await problems()).toEqual(['deletion_waits']);
  });

  it('is well again after a run that is certain', async () => {
    await runEvery(4 * HOUR, 4);
    await run();
    expect(await problems()).toEqual([]);
    expect(await readFindings(store, ['deletion_waits'])).toEqual([]);
  });
});
