import type { DocumentStore } from '@keyserver/docstore';
import type { BatchSpan, ExportConfig } from '@keyserver/export-file';
import { type Plan, asItTakesEffect } from '@keyserver/padding';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { systemRandom } from '@keyserver/random';
import {
  DAY,
  HOUR,
  MINUTE,
  type SimulatedClock,
  type UnixMillis,
  alwaysWindow,
  simulatedClock,
  unixMillis,
  windowLength,
} from '@keyserver/time';
import {
  authorityDocument,
  exportConfigDocument,
  exportConfigs,
  authorizedApps,
  healthAuthorities,
} from './configuration.ts';
import { exportBatches, exportProgress } from './export-batch-document.ts';
import { exportStore } from './export-store.ts';
import { exportVersions, padPlans } from './padding-documents.ts';
import { changesFrom, listPlanned, planIn, readPlans, versionChange } from './plan-store.ts';
import { NOON, SETTINGS } from './testing/uploads.ts';
import { forgetful } from './testing/unreliable-store.ts';

const TODAY = unixMillis(NOON - 12 * HOUR);
/** An hour of today, counted from midnight; of other days when it is below 0 or above 23. */
const at = (hour: number): UnixMillis => unixMillis(TODAY + hour * HOUR);
const KEEP = { span: DAY, keepMs: 74 * DAY } as const;

const anExport = (overrides: Partial<ExportConfig> = {}): ExportConfig => ({
  ...{ id: 'us', bucket: 'exports', filenameRoot: 'us', period: 4 * HOUR, outputRegion: 'US' },
  ...{ inputRegions: [], excludeRegions: [], includeTravelers: false, onlyNonTravelers: false },
  ...{ from: unixMillis(0), thru: undefined, signingKeys: ['k1'] },
  ...{ minRecords: 10, paddingRange: 0, maxRecords: 1000, padEmpty: false },
  ...overrides,
});

let clock: SimulatedClock;
let store: DocumentStore;

beforeEach(async () => {
  clock = simulatedClock(NOON);
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

/** Changes exports as an applied configuration does; gives the midnight from which that holds. */
async function apply(...configs: readonly ExportConfig[]): Promise<UnixMillis | undefined> {
  let midnight: UnixMillis | undefined;
  for (const config of configs)
    midnight = await store.transact(async (tx) => {
      const from = await changesFrom(tx, DAY);
      const [before] = await tx.get(exportConfigs, [config.id]);
      const write = await versionChange(tx, { id: config.id, from });
      const known = before === undefined ? undefined : { ...before, id: config.id };
      const effect = { span: DAY, midnight: from, now: tx.now };
      const effective = asItTakesEffect(config, known as ExportConfig | undefined, effect);
      write(effective);
      tx.set(exportConfigs, config.id, exportConfigDocument(effective));
      return from;
    });
  return midnight;
}

/** Cuts all that is due; the spans of all batches of an export, oldest first, in hours of today. */
async function cut(id = 'us', over = store): Promise<readonly string[]> {
  const { cutBatches } = exportStore(over, {
    ...{ random: systemRandom, keys: SETTINGS, ...KEEP },
    windows: () => alwaysWindow(windowLength(HOUR)!),
  });
  for (let more = true; more;) ({ more } = await cutBatches(id, { minWindowAge: 0, limit: 100 }));
  const found: BatchSpan[] = [];
  for await (const page of store.pages(exportBatches, {}))
    for (const { value } of page)
      if (value.config === id)
        found.push({ start: unixMillis(value.start), end: unixMillis(value.end) });
  const hours = (t: number): number => (t - TODAY) / HOUR;
  return found
    .toSorted((a, b) => a.start - b.start)
    .map(({ start, end }) => `${hours(start)}-${hours(end)}`);
}

const planAt = async (t: UnixMillis): Promise<Plan> => await readPlans(store, DAY)(t);
const periodsAt = async (t: UnixMillis): Promise<Readonly<Record<string, number>>> =>
  Object.fromEntries((await planAt(t)).exports.map(({ id, period }) => [id, period / HOUR]));
const storedPlans = async (): Promise<readonly string[]> => {
  const ids: string[] = [];
  for await (const page of store.pages(padPlans, {})) ids.push(...page.map(({ id }) => id));
  return ids.toSorted();
};

describe('a first configuration', () => {
  it('holds at once, as often as it is changed before the first plan', async () => {
    expect(await apply(anExport())).toBeUndefined();
    expect(await apply(anExport({ period: 2 * HOUR }))).toBeUndefined();
    expect(await cut()).toEqual(['10-12']);
    expect(await storedPlans()).toEqual(['2026-01-15T00:00']);
    for await (const page of store.pages(exportVersions, {})) expect(page).toEqual([]);
  });

  it('is not what a store is given that has cut batches before there were plans', async () => {
    await apply(anExport());
    await store.transact(async (tx) => {
      await Promise.resolve();
      tx.set(exportProgress, 'us', { coveredUntil: at(8) });
    });
    expect(await apply(anExport({ period: 2 * HOUR }))).toBe(at(24));
    expect(await cut()).toEqual(['8-12']);
  });
});

describe('a change', () => {
  beforeEach(async () => {
    await apply(anExport());
    await cut();
  });

  it('holds from the next midnight on, and nothing is cut by it before', async () => {
    expect(await apply(anExport({ period: 2 * HOUR }))).toBe(at(24));
    clock.set(at(23));
    expect(await cut()).toEqual(['8-12', '12-16', '16-20']);
    clock.set(at(28));
    expect(await cut()).toEqual(['8-12', '12-16', '16-20', '20-24', '24-26', '26-28']);
  });

  it('holds from that midnight on however late the first cut after it comes', async () => {
    await apply(anExport({ period: 2 * HOUR }));
    clock.set(at(26));
    await apply(anExport({ period: HOUR }));
    clock.set(at(5 * 24));
    expect(await periodsAt(at(23))).toEqual({ us: 4 });
    expect(await periodsAt(at(24))).toEqual({ us: 2 });
    expect(await periodsAt(at(48))).toEqual({ us: 1 });
    const spans = await cut();
    expect(spans.slice(0, 6)).toEqual(['8-12', '12-16', '16-20', '20-24', '24-26', '26-28']);
    expect(spans.slice(-2)).toEqual(['118-119', '119-120']);
  });

  it('takes the place of another of the same day', async () => {
    await apply(anExport({ period: 2 * HOUR }));
    await apply(anExport({ period: HOUR }));
    clock.set(at(30));
    expect(await periodsAt(at(30))).toEqual({ us: 1 });
    expect(await periodsAt(at(10))).toEqual({ us: 4 });
  });

  it('that is taken back on the same day changes nothing', async () => {
    await apply(anExport({ period: 2 * HOUR }));
    await apply(anExport());
    clock.set(at(28));
    expect(await cut()).toEqual(['8-12', '12-16', '16-20', '20-24', '24-28']);
  });

  it('that is made exactly at midnight holds from the midnight after it', async () => {
    clock.set(at(24));
    expect(await apply(anExport({ period: HOUR }))).toBe(at(48));
    expect(await periodsAt(at(24))).toEqual({ us: 4 });
  });

  it('keeps one version for a midnight when the answer to a commit was lost', async () => {
    const before = store;
    store = forgetful(store);
    await apply(anExport({ period: 2 * HOUR }));
    store = before;
    const versions: number[] = [];
    for await (const page of store.pages(exportVersions, {}))
      versions.push(...page.map(({ value }) => value.from));
    expect(versions.toSorted()).toEqual([0, at(24)]);
  });

  it('does not touch a plan that is stored, even if the configuration is written without it', async () => {
    await store.transact(async (tx) => {
      await Promise.resolve();
      tx.set(exportConfigs, 'us', exportConfigDocument(anExport({ period: HOUR })));
    });
    expect(await periodsAt(NOON)).toEqual({ us: 4 });
  });
});

describe('an export that is added later', () => {
  beforeEach(async () => {
    await apply(anExport());
    await cut();
  });

  it('begins at the midnight at which it takes effect, and does not reach back', async () => {
    expect(await apply(anExport({ id: 'ca', period: 2 * HOUR }))).toBe(at(24));
    expect(await cut('ca')).toEqual([]);
    clock.set(at(26));
    expect(await periodsAt(at(10))).toEqual({ us: 4 });
    expect(await periodsAt(at(25))).toEqual({ ca: 2, us: 4 });
    expect(await cut('ca')).toEqual(['24-26']);
  });

  it('begins at its own midnight when that is later', async () => {
    await apply(anExport({ id: 'ca', from: at(48) }));
    clock.set(at(52));
    expect(await periodsAt(at(30))).toEqual({ us: 4 });
    expect(await cut('ca')).toEqual(['48-52']);
  });
});

describe('an export that ends', () => {
  beforeEach(async () => {
    await apply(anExport());
    await cut();
    await apply(anExport({ thru: at(24) }));
  });

  it('is cut up to the midnight of its end, and no further', async () => {
    clock.set(at(24 * 9));
    expect(await cut()).toEqual(['8-12', '12-16', '16-20', '20-24']);
    expect(await periodsAt(at(24))).toEqual({});
  });

  it('begins anew at the midnight of its re-opening, once the rest before its end is cut', async () => {
    clock.set(at(60));
    expect(await apply(anExport({ thru: undefined, period: 2 * HOUR }))).toBe(at(72));
    expect(await cut()).toEqual(['8-12', '12-16', '16-20', '20-24']);
    clock.set(at(76));
    expect(await cut()).toEqual(['8-12', '12-16', '16-20', '20-24', '72-74', '74-76']);
    expect(await periodsAt(at(60))).toEqual({});
  });
});

describe('the plan of a day', () => {
  it('is stored once by two workers that cut at once, and again when an answer was lost', async () => {
    await apply(anExport(), anExport({ id: 'ca' }));
    await Promise.all([cut('us'), cut('ca'), cut('us', forgetful(store))]);
    expect(await storedPlans()).toEqual(['2026-01-15T00:00']);
    expect(await cut('ca')).toEqual(['8-12']);
  });

  it('cannot be read before the day has begun', async () => {
    await apply(anExport());
    await expect(planAt(at(24))).rejects.toThrow('has not begun');
    await expect(store.transact(async (tx) => await planIn(tx, at(24), KEEP))).rejects.toThrow();
  });

  it('is worked out where none was stored, and not kept', async () => {
    await apply(anExport());
    expect(await planAt(at(-30))).toMatchObject({ start: at(-48), end: at(-24), exports: [{}] });
    expect(await storedPlans()).toEqual([]);
  });

  it('stays as it is while its batches do', async () => {
    await apply(anExport());
    await cut();
    const read = readPlans(store, DAY);
    const first = await read(at(9));
    await apply(anExport({ minRecords: 77 }), anExport({ id: 'ca' }));
    expect(await read(at(10))).toEqual(first);
  });

  it('holds for a minute where things are tried out', async () => {
    await apply(anExport());
    const plan = await readPlans(store, MINUTE)(unixMillis(NOON - 30_000));
    expect(plan).toMatchObject({ start: NOON - MINUTE, end: NOON });
  });

  it('names who may publish only where somebody fills what nobody published', async () => {
    await store.transact(async (tx) => {
      await Promise.resolve();
      const keys = { issuer: 'https://a.example', audience: 'keys', keys: [], stats: true };
      tx.set(healthAuthorities, '7', authorityDocument({ id: 7, name: 'Health', ...keys }));
      const app = { regions: ['US'], authorities: ['7'], bypassCertificate: false };
      tx.set(authorizedApps, 'app', app);
      tx.set(authorizedApps, 'tests', { ...app, bypassCertificate: true });
      tx.set(authorizedApps, 'nowhere', { ...app, regions: [] });
    });
    await apply(anExport());
    expect((await planAt(at(-30))).publishers).toEqual([]);
    await apply(anExport({ padEmpty: true }));
    await cut();
    const { publishers } = await planAt(NOON);
    expect(publishers.toSorted((a, b) => (a.app < b.app ? -1 : 1))).toEqual([
      { app: 'app', regions: ['US'], authority: { id: 7, name: 'Health' } },
      { app: 'tests', regions: ['US'], authority: undefined },
    ]);
  });

  it('is read where it was stored before exports could fill what nobody published', async () => {
    await apply(anExport());
    await store.transact(async (tx) => {
      await Promise.resolve();
      const { padEmpty, ...before } = anExport();
      expect(padEmpty).toBe(false);
      tx.set(exportVersions, 'us-0', { from: 0, settings: before as ExportConfig });
    });
    expect(await planAt(NOON)).toMatchObject({ exports: [{ id: 'us', padEmpty: false }] });
  });
});

describe('the exports that should have batches by now', () => {
  it('are those in force today as they are planned, and those that have ended', async () => {
    await apply(anExport(), anExport({ id: 'later', from: at(48) }));
    await cut();
    await apply(anExport({ period: 2 * HOUR }), anExport({ id: 'ca' }));
    const periods = async () =>
      (await listPlanned(store, DAY)())
        .map(({ id, period }) => `${id} ${period / HOUR}`)
        .toSorted();
    expect(await periods()).toEqual(['us 4']);
    clock.set(at(24));
    expect(await periods()).toEqual(['ca 4', 'us 2']);
    clock.set(at(48));
    expect(await periods()).toEqual(['ca 4', 'later 4', 'us 2']);
  });
});
