import type { DocumentStore } from '@keyserver/docstore';
import type { ExportConfig } from '@keyserver/export-file';
import { openTestStore } from '@keyserver/sqlite/testing';
import { seededRandom } from '@keyserver/random/testing';
import {
  exportBatches,
  exportConfigDocument,
  exportConfigs,
  exportStore,
  keyHasher,
  openStoreFormat,
  readKeyBatches,
  rememberedWindows,
  skippedCountsId,
  storeUploads,
  storedWindows,
} from '@keyserver/stores';
import { auditedSteps } from '@keyserver/stores/testing';
import {
  DAY,
  HOUR,
  MINUTE,
  type SimulatedClock,
  type WindowLength,
  intervalAt,
  intervalNumber,
  simulatedClock,
  unixMillis,
  windowLength,
} from '@keyserver/time';
import fc from 'fast-check';
import { changeWindow } from '../change-window.ts';

/** The time at which stores of these tests begin. */
export const NOON = unixMillis(Date.UTC(2026, 0, 15, 12));
const LATE = unixMillis(NOON + 11 * HOUR);
const SECRET = Buffer.alloc(32, 1);
export const KEYS = { retention: 14 * DAY, maxKeyAge: 15 * DAY, hashKey: keyHasher(SECRET) };
const random = seededRandom('windows');
/** Who changes the windows. */
export const BY = { actor: 'alex', random };
export const length = (ms: number): WindowLength => windowLength(ms)!;
export const SHORT = length(5 * MINUTE);
export const LONG = length(HOUR);

/** An export of all keys with this period, in ms. */
export const anExport = (
  id: string,
  period: number,
  fields: Partial<ExportConfig> = {},
): ExportConfig => ({
  ...{ id, period, bucket: 'exports', filenameRoot: id, outputRegion: 'US', inputRegions: [] },
  ...{ excludeRegions: [], includeTravelers: false, onlyNonTravelers: false, thru: undefined },
  ...{
    from: unixMillis(0),
    signingKeys: [],
    minRecords: 0,
    paddingRange: 0,
    maxRecords: 1000,
    padEmpty: false,
  },
  ...fields,
});

/** A store that says its windows and has these exports. */
export async function openedStore(
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
export function publisher(
  store: DocumentStore,
  clock: SimulatedClock,
): (n: number, endsIn: number) => Promise<string> {
  const windows = rememberedWindows();
  const upload = storeUploads(
    store,
    { ...KEYS, clock, windows, skippedCountsId: skippedCountsId(SECRET), partialRevisions: false },
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
      ...{
        regions: ['US'],
        traveler: false,
        app: 'app',
        authority: undefined,
        token: 'none',
        bypassToken: false,
      },
      statistics: { platform: 'android', oldestKeyDays: 1, onsetDays: 1 },
    });
    if (outcome.kind !== 'stored') throw new Error(`the upload was ${outcome.kind}`);
    return data.toString('hex');
  };
}

const keyIn = (records: Uint8Array): string => Buffer.from(records.subarray(0, 16)).toString('hex');

/** Cuts exports and reads each new batch at once: what comes into its windows later is in no file. */
function exporter(
  store: DocumentStore,
  minWindowAge: number,
): { cut: (id: string) => Promise<void>; keysOf: (id: string) => readonly string[] } {
  const seen = new Set<string>();
  const files = new Map<string, string[]>();
  const { cutBatches } = exportStore(store, {
    ...{ random, keys: KEYS, windows: storedWindows, span: DAY, keepMs: 74 * DAY },
  });
  const read = readKeyBatches(store, KEYS);
  const cut = async (id: string): Promise<void> => {
    let more = true;
    while (more) ({ more } = await cutBatches(id, { minWindowAge, limit: 400 }));
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

const anySteps = fc.array(
  fc.record({
    wait: fc.oneof(fc.integer({ min: 0, max: 20 * MINUTE }), fc.constant(0), fc.constant(61_000)),
    does: fc.constantFrom('upload', 'upload', 'upload', 'embargoed', 'cut'),
    who: fc.nat({ max: 1 }),
    endsIn: fc.integer({ min: 0, max: 10 * HOUR }),
  }),
  { minLength: 10, maxLength: 30 },
);

/** Uploads and cuts of batches in some order, before which step the windows change, and the processes that die in doing so. */
export const anyPlay = fc.record({
  steps: anySteps,
  at: fc.nat({ max: 20 }),
  kills: fc.array(fc.constantFrom('before' as const, 'after' as const), { maxLength: 2 }),
  minWindowAge: fc.constantFrom(0, 2 * HOUR),
});

/** What was sent, what the files of each export hold at the end, and how often a change of windows was written down. */
export interface Played {
  readonly sent: readonly string[];
  readonly filed: readonly (readonly string[])[];
  readonly changes: number;
}

/** Has two publishers and some exports work while the windows change from one length to another. */
export async function playChange(
  { steps, at, kills, minWindowAge }: typeof anyPlay extends fc.Arbitrary<infer T> ? T : never,
  { before, after }: { readonly before: WindowLength; readonly after: WindowLength },
): Promise<Played> {
  const exports = [
    // Its batches show at once when a writer and the cut disagree; it must be gone before long windows.
    ...(before === LONG ? [anExport('quick', SHORT)] : []),
    ...[anExport('hourly', HOUR), anExport('slow', 4 * HOUR)],
  ];
  const { store, clock } = await openedStore(before, exports);
  clock.set(LATE); // so that most plays see the change, which begins at midnight
  const publishers = [publisher(store, clock), publisher(store, clock)];
  const { cut, keysOf } = exporter(store, minWindowAge);
  const sent: string[] = [];
  const cutAll = async (): Promise<void> => {
    for (const { id } of exports) await cut(id);
  };
  for (const [n, step] of steps.entries()) {
    clock.advance(step.wait);
    if (n === at) await changeDespite(kills, store, after);
    const endsIn = step.does === 'upload' ? -DAY : step.endsIn;
    if (step.does === 'cut') await cutAll();
    else sent.push(await publishers[step.who]!(sent.length, endsIn));
  }
  clock.advance(DAY);
  await cutAll();
  const filed = exports.map(({ id }) => keysOf(id));
  const changes = (await audited(store)).length;
  await store.close();
  return { sent: sent.toSorted(), filed, changes };
}

async function changeDespite(
  kills: readonly ('before' | 'after')[],
  store: DocumentStore,
  length: WindowLength,
): Promise<void> {
  for (const kill of kills)
    await changeWindow(dying(store, kill), length, BY).catch(() => undefined); // it was killed
  const { kind } = await changeWindow(store, length, BY);
  if (kind !== 'planned' && kind !== 'decided') throw new Error(`the change was ${kind}`);
}

/** All audit entries of a store. */
export async function audited(store: DocumentStore): Promise<readonly object[]> {
  return await auditedSteps(store);
}
