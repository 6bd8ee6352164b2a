import type { DocumentStore } from '@keyserver/docstore';
import type { ExportConfig } from '@keyserver/export-file';
import { openTestStore } from '@keyserver/sqlite/testing';
import {
  CHANGE_NOTICE,
  openStoreFormat,
  partners,
  readKeyBatches,
  readStoreFormat,
} from '@keyserver/stores';
import {
  DAY,
  HOUR,
  MINUTE,
  SECOND,
  type UnixMillis,
  alwaysWindow,
  simulatedClock,
  unixMillis,
} from '@keyserver/time';
import fc from 'fast-check';
import { changeWindow, planWindow } from './change-window.ts';
import {
  BY,
  KEYS,
  LONG,
  NOON,
  SHORT,
  anExport,
  anyPlay,
  audited,
  length,
  openedStore,
  playChange,
  publisher,
} from './testing/window-change.ts';

const MIDNIGHT = unixMillis(NOON + 12 * HOUR);

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
      fc.asyncProperty(anyPlay, async (play) => {
        const { sent, filed, changes } = await playChange(play, { before, after });
        expect(filed).toEqual(filed.map(() => sent));
        expect(changes).toBe(play.steps.length > play.at ? 1 : 0);
      }),
      { numRuns: 6 }, // many more in change-window.slow.test.ts
    );
  });

  it('begins at a midnight, and no sooner than everybody has heard of it', async () => {
    const { store, clock } = await opened(LONG);
    expect(await planWindow(store, SHORT)).toMatchObject({ change: { from: MIDNIGHT } });
    clock.set(unixMillis(MIDNIGHT - MINUTE));
    const plan = await planWindow(store, SHORT);
    expect(plan).toEqual({
      kind: 'planned',
      before: LONG,
      change: { from: MIDNIGHT + DAY, length: SHORT },
    });
    expect((await readStoreFormat(store))?.windows).toEqual(alwaysWindow(LONG));
    expect(await changeWindow(store, SHORT, BY)).toEqual(plan);
    expect((await readStoreFormat(store))?.windows?.at(-1)).toEqual({
      from: MIDNIGHT + DAY,
      length: SHORT,
    });
    expect(await audited(store)).toMatchObject([
      { actor: 'alex', operation: 'store.set-window', changes: [{ id: 'format' }] },
    ]);
  });

  it('is known in time to a writer that read the windows a moment before it was decided', async () => {
    const { store, clock } = await opened(LONG, [anExport('quick', SHORT)]);
    const send = publisher(store, clock);
    clock.set(unixMillis(MIDNIGHT - 2 * MINUTE - SECOND));
    await send(0, -DAY);
    expect(await changeWindow(store, SHORT, BY)).toMatchObject({ change: { from: MIDNIGHT } });
    clock.set(unixMillis(MIDNIGHT + 34 * MINUTE));
    await send(1, -DAY);
    const windows: UnixMillis[] = [];
    const read = readKeyBatches(store, KEYS);
    for await (const page of read({ from: NOON, until: unixMillis(NOON + DAY) }))
      windows.push(...page.map(({ window }) => window));
    expect(windows.toSorted()).toEqual([MIDNIGHT - HOUR, MIDNIGHT + 30 * MINUTE]);
  });

  it('is asked for twice without harm, and waits for the one before', async () => {
    const { store, clock } = await opened(LONG);
    await changeWindow(store, SHORT, BY);
    expect(await changeWindow(store, SHORT, BY)).toMatchObject({ kind: 'decided' });
    expect(await changeWindow(store, length(10 * MINUTE), BY)).toEqual({
      kind: 'refused',
      reason: 'the windows become 300 s long at 2026-01-16T00:00:00.000Z: wait until then',
    });
    expect(await audited(store)).toHaveLength(1);
    clock.set(MIDNIGHT);
    expect(await changeWindow(store, SHORT, BY)).toEqual({ kind: 'unchanged' });
    expect(await planWindow(store, LONG)).toMatchObject({ kind: 'planned', before: SHORT });
  });

  it('is refused for the unit of a padded partner that it does not divide, and not of a fresh one', async () => {
    const { store } = await opened(10 * SECOND, []);
    const admit = async (mode: 'padded' | 'fresh'): Promise<void> => {
      await store.transact(async (tx) => {
        await Promise.resolve();
        tx.set(partners, 'neighbour', {
          ...{ issuer: 'https://issuer.example', subject: 'neighbour' },
          ...{ audience: 'https://keys.example/federation', includeRegions: ['US'] },
          ...{ excludeRegions: [], includeTravelers: false, onlyLocalProvenance: true },
          ...{ mode, unit: 20 * SECOND, minRecords: 10, paddingRange: 0 },
          ...{ maxPageKeys: 500, callsPerMinute: 60, from: 0 },
        });
      });
    };
    await admit('padded');
    expect(await changeWindow(store, SHORT, BY)).toEqual({
      kind: 'refused',
      reason:
        'the unit of partner neighbour, 20 s, is no multiple of 300 s: change it first with `npx keyserver config apply`',
    });
    await admit('fresh');
    expect(await changeWindow(store, SHORT, BY)).toMatchObject({ kind: 'planned' });
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

  it('begins at the next minute in the development profile, and is refused for windows longer than that', async () => {
    const clock = simulatedClock(NOON);
    const store = await openTestStore({ clock });
    stores.push(store);
    const known = { place: 'here', window: length(10 * SECOND), profile: 'development' } as const;
    await openStoreFormat(store, known, BY.random);
    clock.advance(SECOND);
    expect(await planWindow(store, length(30 * SECOND))).toMatchObject({
      kind: 'planned',
      change: { from: NOON + CHANGE_NOTICE + MINUTE },
    });
    expect(await planWindow(store, SHORT)).toEqual({
      kind: 'refused',
      reason: 'a plan lasts 60 s in the profile development, and windows divide it',
    });
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
