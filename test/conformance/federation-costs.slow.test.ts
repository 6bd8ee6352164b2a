import { readFileSync } from 'node:fs';
import type { DocumentStore } from '@keyserver/docstore';
import type { Partner, ReceivedKey, SyncStore } from '@keyserver/federation';
import { aPartner } from '@keyserver/federation/testing';
import { openFirestoreStore } from '@keyserver/firestore';
import { randomId, systemRandom } from '@keyserver/random';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import {
  type Units,
  federationSync,
  findPartner,
  keyBatchDocument,
  keyBatches,
  partnerDocument,
  partnerVersionChange,
  partners,
  readEpoch,
  storeFormat,
  unitsOfPartners,
} from '@keyserver/stores';
import { NOON, SETTINGS, aKey, recordsOf } from '@keyserver/stores/testing';
import {
  DAY,
  HOUR,
  MINUTE,
  type SimulatedClock,
  simulatedClock,
  unixMillis,
} from '@keyserver/time';
import { rowsOf, sectionOf, textOf } from '../docs/pages.ts';
import { machine } from '../support/machine.ts';

const INDEXES = new URL('../../terraform/firestore-indexes.json', import.meta.url);
const indexes = JSON.parse(readFileSync(INDEXES, 'utf8')) as never;

const WINDOW = unixMillis(NOON - 2 * HOUR);
const PAGE = 500;
const CHUNK = 300;

let clock: SimulatedClock;
let firestore: FirestoreStandIn;
let store: DocumentStore;
beforeEach(async () => {
  clock = simulatedClock(NOON);
  firestore = await startFirestoreStandIn({ now: () => clock.now(), indexes });
  const place = { projectId: 'costs', emulatorHost: firestore.address };
  store = await openFirestoreStore({ ...machine, ...place, clock });
});
afterEach(async () => {
  await store.close();
  await firestore.close();
});

/** What a step costs, as a row of the page has it. */
async function row(name: string, step: () => Promise<unknown>): Promise<readonly string[]> {
  firestore.usage();
  await step();
  const { reads, writes, deletes } = firestore.usage();
  return [name, ...[reads, writes, deletes].map((count) => count.toLocaleString('en-US'))];
}

const documented = (): readonly (readonly string[])[] =>
  rowsOf(sectionOf(textOf('docs/data-model.md'), 'What partners cost in Firestore'));

/** The partner, an upload, and the units that a service finds. */
async function served(): Promise<{ readonly partner: Partner; readonly units: Units }> {
  const partner = aPartner();
  await store.transact(async (tx) => {
    const from = unixMillis(NOON - 5 * DAY);
    const keep = await partnerVersionChange(tx, { id: partner.id, from });
    keep(partner);
    tx.set(partners, partner.id, partnerDocument(partner));
    tx.set(storeFormat, 'format', {
      ...{ version: 1, storeId: 'store', shards: 64, closingDelay: store.closingDelay },
      windows: SETTINGS.windows(),
    });
    const batch = {
      ...({ window: WINDOW, kind: 'primary', origin: 'local', sourceId: '' } as const),
      ...{ regions: ['US'], traveler: false, app: 'app', authority: undefined },
      records: recordsOf(aKey(1)),
    };
    const document = keyBatchDocument(batch, SETTINGS, systemRandom);
    tx.create(keyBatches, randomId(systemRandom), document);
  });
  const { retention } = SETTINGS;
  return { partner, units: unitsOfPartners(store, { retention, profile: 'production', clock }) };
}

it('finds and reads the unit of a fresh partner for as much as the page says', async () => {
  const { partner, units } = await served();
  const find = async (at: number) => await units.findUnit(partner, unixMillis(at));
  const read = async (): Promise<void> => {
    const unit = await find(WINDOW);
    if (unit.kind !== 'available') throw new Error(unit.kind);
    for await (const page of units.readUnit(unit.unit)) expect(page.length).toBeGreaterThan(0);
  };
  const { issuer, subject } = partner;
  const counted = [
    await row('finding a partner', async () => await findPartner(store)({ issuer, subject })),
    await row('reading the epoch of store time', async () => await readEpoch(store)),
    await row('finding a unit for the first time', async () => await find(WINDOW)),
    await row('finding it again', async () => await find(WINDOW)),
    await row('finding and reading a unit of one upload', read),
    await row('finding nothing, five minutes later', async () => {
      clock.advance(5 * MINUTE);
      await find(NOON);
    }),
  ];
  expect(documented().slice(0, counted.length)).toEqual(counted);
});

/** Begins a run, does something with it, and ends it. */
async function run(sync: SyncStore, pages: readonly (readonly ReceivedKey[])[]): Promise<void> {
  const begun = await sync.begin({ id: 'neighbour', server: 'keys.neighbour.example' });
  if (begun.kind !== 'begun') throw new Error(begun.kind);
  for (const keys of pages) {
    const at = { timestamp: 7200, token: 'a' };
    const next = { state: { keys: at, revisions: at }, more: false };
    await sync.store(begun.sync, { keys: keys.slice(0, CHUNK) });
    await sync.store(begun.sync, { keys: keys.slice(CHUNK), next });
  }
  await sync.end(begun.sync, { kind: 'caught up' });
}

it('stores what was received for as much as the page says', async () => {
  const sync = federationSync(store, { ...SETTINGS, clock }, systemRandom);
  const page = Array.from({ length: PAGE }, (_, n) => ({
    ...({ kind: 'primary', key: aKey(n), regions: ['US'] } as const),
    ...{ traveler: false, verifiedBy: undefined },
  }));
  await run(sync, []);
  const counted = [
    await row('a run without a page', async () => {
      await run(sync, []);
    }),
    await row('a run with one page of 500 new keys', async () => {
      await run(sync, [page]);
    }),
    await row('a run with one page of 500 known keys', async () => {
      await run(sync, [page]);
    }),
  ];
  expect(documented().slice(-counted.length)).toEqual(counted);
});
