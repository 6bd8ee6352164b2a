import type { DocumentStore } from '@keyserver/docstore';
import { type ExportConfig, dueBatches } from '@keyserver/export-file';
import { openTestStore } from '@keyserver/sqlite/testing';
import { seededRandom } from '@keyserver/random/testing';
import {
  auditEntries,
  exportBatches,
  exportConfigDocument,
  exportConfigs,
  exportStore,
  keyHasher,
  openStoreFormat,
  readKeyBatches,
  readStoreFormat,
  rememberedWindows,
  skippedCountsId,
  storeUploads,
  storedWindows,
} from '@keyserver/stores';
import {
  DAY,
  HOUR,
  MINUTE,
  SECOND,
  type SimulatedClock,
  type UnixMillis,
  alwaysWindow,
  intervalAt,
  intervalNumber,
  simulatedClock,
  unixMillis,
  windowLength,
} from '@keyserver/time';
import fc from 'fast-check';
import { changeWindow, planWindow } from './change-window.ts';

const NOON = unixMillis(Date.UTC(2026, 0, 15, 12));
const SECRET = Buffer.alloc(32, 1);
const KEYS = { retention: 14 * DAY, maxKeyAge: 15 * DAY, hashKey: keyHasher(SECRET) };
const random = seededRandom('windows');
const BY = { actor: 'alex', random };
const length = (ms: number) => windowLength(ms)!;
const [SHORT, LONG] = [length(5 * MINUTE), length(HOUR)];

const anExport = (
  id: string,
  period: number,
  fields: Partial<ExportConfig> = {},
): ExportConfig => ({
  ...{ id, period, bucket: 'exports', filenameRoot: id, outputRegion: 'US', inputRegions: [] },
  ...{ excludeRegions: [], includeTravelers: false, onlyNonTravelers: false, thru: undefined },
  ...{ from: unixMillis(0), signingKeys: [], minRecords: 0, paddingRange: 0, maxRecords: 1000 },
  ...fields,
});

async function openedStore(
  window: number,
  configs: readonly ExportConfig[],
): Promise<{ store: DocumentStore; clock: SimulatedClock }> {
  const clock = simulatedClock(NOON);
  const store = await openTestStore({ clock });
  await openStoreFormat(store, { place: 'here', window: length(window) }, random);
  await store.transact(async (tx) => {
    for (const config of configs) tx.set(exportConfigs, config.id, exportConfigDocument(config));
    await Promise.resolve();
  });
  return { store, clock };
}

/** A service that takes uploads; it remembers windows as a process does. Gives the key that it was sent. */
function publisher(store: DocumentStore, clock: SimulatedClock) {
  const windows = rememberedWindows();
  const upload = storeUploads(
    store,
    { ...KEYS, clock, windows, skippedCountsId: skippedCountsId(SECRET) },
    random,
  );
  return async (n: number, endsIn: number): Promise<string> => {
    const data = Buffer.alloc(16);
    data.writeUInt32BE(n);
    const end = intervalAt(unixMillis(clock.now() + endsIn));
    const outcome = await upload({
      keys: [
        {
          ...{ data, start: intervalNumber(end - 144), period: 144, risk: 2 },
          ...{ reportType: 'confirmed' as const, onsetDays: 0 },
        },
      ],
      ...{ regions: ['US'], traveler: false, app: 'app', authority: undefined, token: 'none' },
      statistics: { platform: 'android', oldestKeyDays: 1, onsetDays: 1 },
    });
    expect(outcome.kind).toBe('stored');
    return data.toString('hex');
  };
}

const keyIn = (records: Uint8Array): string => Buffer.from(records.subarray(0, 16)).toString('hex');

/** Cuts exports and reads each new batch at once: what comes into its windows later is in no file. */
function exporter(store: DocumentStore, minWindowAge: number) {
  const seen = new Set<string>();
  const files = new Map<string, string[]>();
  const { cutBatches } = exportStore(store, {
    ...{ random, keys: KEYS, windows: storedWindows, keepMs: 74 * DAY },
  });
  const read = readKeyBatches(store, KEYS);
  const cut = async (id: string): Promise<void> => {
    await cutBatches(id, (state) =>
      dueBatches(state.config, {
        ...state,
        eff: unixMillis(state.now - minWindowAge),
        limit: 400,
      }),
    );
    const spans: { readonly start: number; readonly end: number }[] = [];
    for await (const page of store.pages(exportBatches, {}))
      for (const { id: batch, value } of page)
        if (value.config === id && !seen.has(batch)) {
          seen.add(batch);
          spans.push(value);
        }
    if (spans.length === 0) return;
    const from = unixMillis(Math.min(...spans.map(({ start }) => start)));
    const until = unixMillis(Math.max(...spans.map(({ end }) => end)));
    for await (const page of read({ from, until }))
      for (const { window, records } of page)
        spans
          .filter(({ start, end }) => start <= window && window < end)
          .forEach(() => files.set(id, [...(files.get(id) ?? []), keyIn(records)]));
  };
  return { cut, keysOf: (id: string) => (files.get(id) ?? []).toSorted() };
}

/** A process that dies in its only transaction: before the commit, or after it. */
const dying = (store: DocumentStore, at: 'before' | 'after'): DocumentStore =>
  Object.assign(Object.create(store) as DocumentStore, {
    transact: async (decide: Parameters<DocumentStore['transact']>[0]) => {
      if (at === 'after') await store.transact(decide);
      throw new Error('killed');
    },
  });

const steps = fc.array(
  fc.record({
    wait: fc.oneof(fc.integer({ min: 0, max: 20 * MINUTE }), fc.constant(0), fc.constant(61_000)),
    does: fc.constantFrom('upload', 'upload', 'upload', 'embargoed', 'cut'),
    who: fc.nat({ max: 1 }),
    endsIn: fc.integer({ min: 0, max: 10 * HOUR }),
  }),
  { minLength: 10, maxLength: 30 },
);

describe('changing the length of windows', () => {
  const stores: DocumentStore[] = [];
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });
  const opened = async (window: number, configs: readonly ExportConfig[] = []) => {
    const found = await openedStore(window, configs);
    stores.push(found.store);
    return found;
  };

  it.each([
    [LONG, SHORT],
    [SHORT, LONG],
  ])('from %d ms to %d ms loses no key and doubles none, whoever dies', async (before, after) => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.record({
          at: fc.nat({ max: 20 }),
          kills: fc.array(fc.constantFrom('before' as const, 'after' as const), { maxLength: 2 }),
          minWindowAge: fc.constantFrom(0, 2 * HOUR),
        }),
        async (played, { at, kills, minWindowAge }) => {
          const exports = [
            // Its batches show at once when a writer and the cut disagree; it must be gone before long windows.
            ...(before === LONG ? [anExport('quick', SHORT)] : []),
            ...[anExport('hourly', HOUR), anExport('slow', 4 * HOUR)],
          ];
          const { store, clock } = await opened(before, exports);
          const publishers = [publisher(store, clock), publisher(store, clock)];
          const { cut, keysOf } = exporter(store, minWindowAge);
          const sent: string[] = [];
          for (const [n, step] of played.entries()) {
            clock.advance(step.wait);
            if (n === at) {
              for (const kill of kills)
                await expect(changeWindow(dying(store, kill), after, BY)).rejects.toThrow();
              expect((await changeWindow(store, after, BY)).kind).toMatch(/planned|decided/);
            }
            if (step.does === 'cut') for (const { id } of exports) await cut(id);
            else {
              const endsIn = step.does === 'upload' ? -DAY : step.endsIn;
              sent.push(await publishers[step.who]!(sent.length, endsIn));
            }
          }
          clock.advance(DAY);
          for (const { id } of exports) {
            await cut(id);
            expect(keysOf(id)).toEqual(sent.toSorted());
          }
          expect(await audited(store)).toHaveLength(played.length > at ? 1 : 0);
        },
      ),
      { numRuns: 15 },
    );
  });

  const audited = async (store: DocumentStore) => {
    const found = [];
    for await (const page of store.pages(auditEntries, {})) found.push(...page);
    return found.map(({ value }) => value);
  };

  it('begins where both windows begin, and no sooner than everybody has heard of it', async () => {
    const { store, clock } = await opened(LONG);
    clock.set(unixMillis(NOON + 59 * MINUTE));
    const plan = await planWindow(store, SHORT);
    expect(plan).toEqual({
      kind: 'planned',
      before: LONG,
      change: { from: NOON + 2 * HOUR, length: SHORT },
    });
    expect((await readStoreFormat(store))?.windows).toEqual(alwaysWindow(LONG));
    expect(await changeWindow(store, SHORT, BY)).toEqual(plan);
    expect((await readStoreFormat(store))?.windows?.at(-1)).toEqual({
      from: NOON + 2 * HOUR,
      length: SHORT,
    });
    expect(await audited(store)).toMatchObject([
      { actor: 'alex', operation: 'store.set-window', changes: [{ id: 'format' }] },
    ]);
  });

  it('is known in time to a writer that read the windows a moment before it was decided', async () => {
    const { store, clock } = await opened(LONG, [anExport('quick', SHORT)]);
    const send = publisher(store, clock);
    clock.set(unixMillis(NOON + 57 * MINUTE + 59 * SECOND));
    await send(0, -DAY);
    expect(await changeWindow(store, SHORT, BY)).toMatchObject({ change: { from: NOON + HOUR } });
    clock.set(unixMillis(NOON + HOUR + 34 * MINUTE));
    await send(1, -DAY);
    const windows: UnixMillis[] = [];
    const read = readKeyBatches(store, KEYS);
    for await (const page of read({ from: NOON, until: unixMillis(NOON + DAY) }))
      windows.push(...page.map(({ window }) => window));
    expect(windows.toSorted()).toEqual([NOON, NOON + HOUR + 30 * MINUTE]);
  });

  it('is asked for twice without harm, and waits for the one before', async () => {
    const { store, clock } = await opened(LONG);
    await changeWindow(store, SHORT, BY);
    expect(await changeWindow(store, SHORT, BY)).toMatchObject({ kind: 'decided' });
    expect(await changeWindow(store, length(10 * MINUTE), BY)).toEqual({
      kind: 'refused',
      reason: 'the windows become 300 s long at 2026-01-15T13:00:00.000Z: wait until then',
    });
    expect(await audited(store)).toHaveLength(1);
    clock.advance(HOUR);
    expect(await changeWindow(store, SHORT, BY)).toEqual({ kind: 'unchanged' });
    expect(await planWindow(store, LONG)).toMatchObject({ kind: 'planned', before: SHORT });
  });

  it('is refused for a period of another export that it does not divide, unless that has ended', async () => {
    const configs = [
      anExport('ended', 20 * SECOND, { thru: NOON }),
      anExport('quick', 20 * SECOND, { thru: unixMillis(NOON + DAY) }),
    ];
    const { store } = await opened(10 * SECOND, configs);
    expect(await changeWindow(store, SHORT, BY)).toEqual({
      kind: 'refused',
      reason:
        'the period of export quick, 20 s, is no multiple of 300 s: change it first with `npx keyserver config apply`',
    });
    expect((await readStoreFormat(store))?.windows).toEqual(alwaysWindow(length(10 * SECOND)));
    const { store: other } = await opened(10 * SECOND, configs.slice(0, 1));
    expect(await changeWindow(other, SHORT, BY)).toMatchObject({ kind: 'planned' });
  });

  it('is refused for a store that does not say its windows', async () => {
    const store = await openTestStore({ clock: simulatedClock(NOON) });
    stores.push(store);
    expect(await planWindow(store, SHORT)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('start the services once') as string,
    });
  });

  it('is refused on Google Cloud for windows of seconds', async () => {
    const { store } = await opened(LONG);
    const cloud = Object.assign(Object.create(store) as DocumentStore, { closingDelay: 330_000 });
    expect(await planWindow(cloud, length(30 * SECOND))).toMatchObject({ kind: 'refused' });
    expect(await planWindow(cloud, length(MINUTE))).toMatchObject({ kind: 'planned' });
  });
});
