import type { DocumentStore } from '@keyserver/docstore';
import { NO_KEYS, type PartnerState, type RejectCount, type Sync } from '@keyserver/federation';
import { seededRandom } from '@keyserver/random/testing';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { DAY, HOUR, SECOND, simulatedClock } from '@keyserver/time';
import {
  federationPositions,
  federationSyncs,
  readStandings,
  readSyncs,
} from './federation-positions.ts';
import { federationSync } from './federation-sync.ts';
import { isAnythingAhead, undoAllAhead } from './reset-time.ts';
import { NOON, SETTINGS } from './testing/uploads.ts';

// A store whose time was wrong for a while: runs at AHEAD, then the present is NOON.
const AHEAD = NOON + 20 * DAY;
const random = seededRandom('undo positions');
const TOO_OLD = [{ field: 'intervalNumber', reason: 'too_old', count: 2 }] as const;
const NOT_ASKED = [{ field: 'regions', reason: 'not_asked', count: 2 }] as const;
let store: DocumentStore;
beforeEach(async () => {
  store = await openTestStore({ clock: simulatedClock(NOON) });
});
afterEach(closeTestStores);

const at = (time: number, token = 'opaque'): PartnerState => ({
  keys: { timestamp: time / SECOND, token },
  revisions: { timestamp: time / SECOND, token },
});
const BEGINNING = at(0, '');

const sync = () => federationSync(store, { ...SETTINGS }, random);

/** A run of a query at a time, which ends at a state, unless it is to go on. */
async function ran(
  queryId: string,
  now: number,
  state: PartnerState,
  { rejects = [], goesOn = false }: { rejects?: readonly RejectCount[]; goesOn?: boolean } = {},
): Promise<Sync> {
  const begun = await sync().begin({ id: queryId, server: 'keys.partner.example' });
  if (begun.kind !== 'begun') throw new Error(begun.kind);
  await sync().store(begun.sync, {
    keys: [],
    next: { state, more: goesOn, others: { ...NO_KEYS, rejects } },
  });
  if (!goesOn) await sync().end(begun.sync, { kind: 'caught up' });
  await store.transact(async (tx) => {
    const [run] = await tx.get(federationSyncs, [begun.sync.id]);
    tx.set(federationSyncs, begun.sync.id, { ...run!, startedAt: now });
  });
  return begun.sync;
}

const states = async (...ids: readonly string[]) =>
  (await readStandings(store, ids)).map((standing) => standing?.state);
const undo = async () => await undoAllAhead(store.transact.bind(store));
const isAhead = async () => await store.transact(isAnythingAhead);

it('lets a query begin at the beginning that has come past the present', async () => {
  await ran('east', AHEAD, at(AHEAD - HOUR));
  await ran('west', NOON, at(NOON + SECOND));
  expect(await isAhead()).toBe(true);
  await undo();
  expect(await states('east', 'west')).toEqual([BEGINNING, BEGINNING]);
  expect(await isAhead()).toBe(false);
});

it('lets a query begin at the beginning that left out keys as too old while time was ahead', async () => {
  await ran('east', AHEAD, at(NOON - HOUR), { rejects: TOO_OLD });
  await undo();
  expect(await states('east')).toEqual([BEGINNING]);
  expect(await isAhead()).toBe(false);
});

it('lets one begin there whose revisions alone have come past the present', async () => {
  const revisions = { timestamp: AHEAD / SECOND, token: '' };
  await ran('east', NOON, { ...at(NOON - HOUR), revisions });
  await undo();
  expect(await states('east')).toEqual([BEGINNING]);
});

it.each([
  ['ran ahead and left out nothing as too old', AHEAD, NOT_ASKED],
  ['left out old keys at the right time', NOON, TOO_OLD],
])('leaves a query as it is that %s', async (_how, now, rejects) => {
  await ran('east', now, at(NOON - HOUR), { rejects });
  expect(await isAhead()).toBe(false);
  await undo();
  expect(await states('east')).toEqual([at(NOON - HOUR)]);
});

it('leaves a query as it is that has never stored anything', async () => {
  const begun = await sync().begin({ id: 'new', server: 'keys.partner.example' });
  await undo();
  const [position] = await store.get(federationPositions, ['new']);
  expect(begun).toMatchObject({ kind: 'begun', sync: { id: position?.sync } });
});

it('ends the run that is under way: it stores nothing more, and is recorded as dead', async () => {
  const running = await ran('east', NOON, at(AHEAD), { goesOn: true });
  await undo();
  const late = await sync().store(running, {
    ...{ keys: [], next: { state: at(AHEAD + HOUR), more: false } },
  });
  expect(late).toEqual({ kind: 'overtaken' });
  expect(await states('east')).toEqual([BEGINNING]);
  expect((await readSyncs(store, 'east', 0 as never)).map(({ outcome }) => outcome)).toEqual([
    'died',
  ]);
});

it('brings back every query, however many they are, and may be done twice', async () => {
  const ids = Array.from({ length: 12 }, (_, n) => `q${String(n).padStart(2, '0')}`);
  for (const id of ids) await ran(id, AHEAD, at(AHEAD));
  await undo();
  await undo();
  expect(new Set((await states(...ids)).map((state) => JSON.stringify(state)))).toEqual(
    new Set([JSON.stringify(BEGINNING)]),
  );
});
