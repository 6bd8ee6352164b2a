import type { Collection, DocumentStore } from '@keyserver/docstore';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { seededRandom } from '@keyserver/random/testing';
import {
  DAY,
  HOUR,
  MINUTE,
  type SimulatedClock,
  simulatedClock,
  unixMillis,
} from '@keyserver/time';
import { keepFindings, readFindings } from './cleanup-progress.ts';
import { exportConfigDocument, exportConfigs } from './configuration.ts';
import { deleteExpired } from './delete-expired.ts';
import { deleteLeases } from './delete-leases.ts';
import { deleteVersions } from './delete-versions.ts';
import { exportProgress } from './export-batch-document.ts';
import { federationSyncs } from './federation-positions.ts';
import { leaseStore, leases } from './lease-store.ts';
import { exportVersions, padBegun, padRevised, partnerVersions } from './padding-documents.ts';
import { partnerProgress } from './partner-unit-document.ts';
import { partnerDocument, partners } from './partners.ts';
import { aPaddedPartner } from './testing/a-partner.ts';
import { NOON } from './testing/uploads.ts';
import { noTotals, totals } from './totals.ts';

const { signal } = new AbortController();
let clock: SimulatedClock;
let store: DocumentStore;

beforeEach(async () => {
  clock = simulatedClock(NOON);
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

async function put<D>(into: Collection<D>, id: string, value: D): Promise<void> {
  await store.transact(async (tx) => {
    await Promise.resolve();
    tx.set(into, id, value);
  });
}

async function idsIn<D>(from: Collection<D>): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const page of store.pages(from, {})) ids.push(...page.map(({ id }) => id));
  return ids.sort();
}

describe('bookkeeping that has expired', () => {
  it('goes at its expiry from every collection that the job deletes from, and from no other', async () => {
    const hour = { authority: 7, hour: NOON };
    await put(totals, 'old', { ...noTotals(hour, DAY), expireAt: NOON });
    await put(totals, 'young', { ...noTotals(hour, DAY), expireAt: NOON + 1 });
    await put(padBegun, 'old', { expireAt: NOON - DAY });
    await put(padRevised, 'of another', { expireAt: NOON - DAY });
    await put(federationSyncs, 'old', {
      ...{ queryId: 'q', startedAt: 0, outcome: 'caught_up', pages: 0, inserted: 0, revised: 0 },
      ...{ known: 0, rejects: [], expireAt: NOON },
    });
    expect(await deleteExpired(store, { certain: NOON, signal })).toEqual({ deleted: 3, left: 0 });
    expect(await idsIn(totals)).toEqual(['young']);
    expect(await idsIn(padBegun)).toEqual([]);
    expect(await idsIn(federationSyncs)).toEqual([]);
    expect(await idsIn(padRevised)).toEqual(['of another']);
  });

  it('goes however much of it there is', async () => {
    for (let at = 0; at < 1100; at += 100)
      await store.transact(async (tx) => {
        await Promise.resolve();
        for (let n = at; n < at + 100; n++) tx.set(padBegun, `cell ${n}`, { expireAt: n });
      });
    expect((await deleteExpired(store, { certain: NOON, signal })).deleted).toBe(1100);
  });

  it('stays when a run has no time, and the run says what is left', async () => {
    await put(padBegun, 'old', { expireAt: 0 });
    const run = { certain: NOON, signal: AbortSignal.abort() };
    expect(await deleteExpired(store, run)).toEqual({ deleted: 0, left: 7 });
    expect(await idsIn(padBegun)).toEqual(['old']);
  });
});

describe('leases', () => {
  it('go a month after their end, and their fences still grow', async () => {
    const held = leaseStore(store, seededRandom('leases'));
    const first = await held.acquire('pull a', MINUTE);
    clock.advance(31 * DAY);
    await held.acquire('keys', MINUTE);
    const certain = await store.now();
    expect(await deleteLeases(store, { certain, signal })).toBe(1);
    expect(await idsIn(leases)).toEqual(['keys']);
    const again = await held.acquire('pull a', MINUTE);
    expect(again!.fence).toBeGreaterThan(first!.fence);
    expect(await held.renew(first!, MINUTE)).toBeUndefined();
  });

  it('stay while they are held, and for a month', async () => {
    await leaseStore(store, seededRandom('leases')).acquire('keys', DAY);
    clock.advance(31 * DAY - 1);
    expect(await deleteLeases(store, { certain: await store.now(), signal })).toBe(0);
  });
});

describe('versions of exports and partners', () => {
  const YEAR = 365 * DAY;
  const config = (thru?: number) => ({
    ...{ id: 'us', bucket: 'exports', filenameRoot: 'us', period: HOUR, outputRegion: 'US' },
    ...{ inputRegions: [], excludeRegions: [], includeTravelers: false, onlyNonTravelers: false },
    ...{ from: unixMillis(0), thru: thru === undefined ? undefined : unixMillis(thru) },
    ...{ signingKeys: [], minRecords: 0, paddingRange: 0, maxRecords: 1000, padEmpty: false },
  });
  const versions = async (...froms: readonly number[]): Promise<void> => {
    for (const from of froms) await put(exportVersions, `us-${from}`, { from, settings: config() });
  };
  const cutTo = async (coveredUntil: number, thru?: number): Promise<void> => {
    await put(exportConfigs, 'us', exportConfigDocument(config(thru)));
    await put(exportProgress, 'us', { coveredUntil });
  };

  it('go when a later one held already four months ago', async () => {
    await cutTo(NOON);
    await versions(0, NOON - YEAR, NOON - 120 * DAY, NOON - 119 * DAY, NOON + DAY);
    expect(await deleteVersions(store, NOON)).toBe(2);
    expect(await idsIn(exportVersions)).toEqual(
      [NOON - 120 * DAY, NOON - 119 * DAY, NOON + DAY].map((from) => `us-${from}`).sort(),
    );
    expect(await deleteVersions(store, NOON)).toBe(0);
  });

  it('stay while a day that goes by them is not cut', async () => {
    await cutTo(NOON - 200 * DAY);
    await versions(0, NOON - 199 * DAY);
    expect(await deleteVersions(store, NOON)).toBe(0);
    await cutTo(NOON - 200 * DAY, NOON - 200 * DAY);
    expect(await deleteVersions(store, NOON)).toBe(1);
  });

  it('stay when they are the last of an export, whatever their age', async () => {
    await cutTo(NOON);
    await versions(NOON - 2 * YEAR);
    expect(await deleteVersions(store, NOON)).toBe(0);
  });

  it('of partners go in the same way, each by its own later ones', async () => {
    const partner = aPaddedPartner();
    await put(partners, partner.id, partnerDocument(partner));
    await put(partnerProgress, partner.id, { coveredUntil: NOON });
    const put2 = async (id: string, of: string, from: number): Promise<void> => {
      await put(partnerVersions, id, { partner: of, from, settings: { ...partner, id: of } });
    };
    await put2('old', partner.id, 0);
    await put2('new', partner.id, NOON - YEAR);
    await put2('only', 'removed', 0);
    expect(await deleteVersions(store, NOON)).toBe(1);
    expect(await idsIn(partnerVersions)).toEqual(['new', 'only']);
  });
});

describe('what cleanup has found', () => {
  it('is kept until a run finds it mended, and what a run did not look for stays', async () => {
    await keepFindings(store, { keys_held: 'two documents', still_listed: 'files of us' });
    await keepFindings(store, { still_listed: undefined });
    expect(await readFindings(store, ['still_listed', 'keys_held'])).toEqual([
      ['keys_held', 'two documents'],
    ]);
  });
});
