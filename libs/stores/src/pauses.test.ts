import type { DocumentStore } from '@keyserver/docstore';
import type { SelectionRules } from '@keyserver/export-file';
import { aPartner, aQuery } from '@keyserver/federation/testing';
import { seededRandom } from '@keyserver/random/testing';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { DAY, HOUR, MINUTE, SECOND, simulatedClock, unixMillis } from '@keyserver/time';
import { appDocumentId } from './app-document-id.ts';
import { checkPause } from './check-pause.ts';
import { appDocument, authorizedApps } from './configuration.ts';
import { federationQueries, queryDocument } from './federation-queries.ts';
import {
  type Pause,
  type PauseTarget,
  beginPause,
  endPause,
  isQueryPaused,
  pauses,
  pausesReader,
  pausesUpload,
  pausesPartner,
  readPauses,
  rememberedPauses,
} from './pauses.ts';
import { partnerDocument, partners } from './partners.ts';
import { forgetful } from './testing/unreliable-store.ts';
import { NOON } from './testing/uploads.ts';
import { auditedSteps } from './testing/audited-steps.ts';

const clock = simulatedClock(NOON);
const by = { actor: 'alex', random: seededRandom('pauses') };
let store: DocumentStore;

beforeEach(async () => {
  clock.set(NOON);
  store = await openTestStore({ clock });
  const app = { authorities: [], bypassCertificate: false, bypassRevisionToken: false };
  await store.transact(async (tx) => {
    await tx.get(federationQueries, ['neighbour']);
    tx.set(federationQueries, 'neighbour', queryDocument(aQuery()));
    tx.set(partners, 'abroad', partnerDocument(aPartner({ id: 'abroad' })));
    for (const [id, regions] of [
      ['one.app', ['US', 'CA']],
      ['any app/of all', []],
    ] as const)
      tx.set(authorizedApps, appDocumentId(id), appDocument({ ...app, id, regions }));
  });
});
afterEach(closeTestStores);

const US: PauseTarget = { kind: 'region', target: 'US' };
const APP: PauseTarget = { kind: 'app', target: 'one.app' };
const QUERY: PauseTarget = { kind: 'query', target: 'neighbour' };
const PARTNER: PauseTarget = { kind: 'partner', target: 'abroad' };

async function operations(): Promise<readonly string[]> {
  return (await auditedSteps(store)).map(({ operation }) => operation).toSorted();
}

describe('a pause', () => {
  it.each<[string, PauseTarget]>([
    ['a region in lower case', { kind: 'region', target: 'us' }],
    ['what is no region', { kind: 'region', target: 'U S' }],
    ['no region', { kind: 'region', target: '' }],
    ['an app that is not configured', { kind: 'app', target: 'other.app' }],
    ['an app in upper case', { kind: 'app', target: 'ONE.APP' }],
    ['no app', { kind: 'app', target: '' }],
    ['a query that is not configured', { kind: 'query', target: 'nobody' }],
    ['a partner that is not configured', { kind: 'partner', target: 'nobody' }],
    ['a partner by the name of a query', { kind: 'partner', target: 'neighbour' }],
  ])('of %s is refused, and leaves no trace', async (_, target) => {
    expect(await beginPause(store, target, by)).toEqual({ kind: 'unknown' });
    expect(await readPauses(store)).toEqual([]);
    expect(await operations()).toEqual([]);
  });

  it.each([US, APP, QUERY, PARTNER, { kind: 'app', target: 'any app/of all' } as const])(
    'of %j begins once and ends once, each written down',
    async (target) => {
      expect(await beginPause(store, target, by)).toMatchObject({ kind: 'paused' });
      clock.advance(MINUTE);
      expect(await beginPause(store, target, by)).toMatchObject({
        ...{ kind: 'paused already', pause: { ...target, since: NOON } },
      });
      expect(await readPauses(store)).toMatchObject([{ ...target, since: NOON }]);
      expect(await endPause(store, target, by)).toBe(true);
      expect(await endPause(store, target, by)).toBe(false);
      expect(await readPauses(store)).toEqual([]);
      expect(await operations()).toEqual(['pause.begin', 'pause.end']);
    },
  );

  it('whose beginning and end were never heard of begins and ends once', async () => {
    expect(await beginPause(forgetful(store), US, by)).toMatchObject({ kind: 'paused' });
    expect(await endPause(forgetful(store), US, by)).toBe(true);
    expect(await operations()).toEqual(['pause.begin', 'pause.end']);
  });

  it('ends also when its app is configured no more', async () => {
    await beginPause(store, APP, by);
    await store.deleteAll(authorizedApps, {});
    expect(await endPause(store, APP, by)).toBe(true);
  });

  it('of a query is asked for by its id alone', async () => {
    expect(await isQueryPaused(store, 'neighbour')).toBe(false);
    await beginPause(store, QUERY, by);
    expect(await isQueryPaused(store, 'neighbour')).toBe(true);
    expect(await isQueryPaused(store, 'neighbours')).toBe(false);
  });

  it('of a partner keeps nobody else waiting, and no upload', async () => {
    await beginPause(store, PARTNER, by);
    const all = await readPauses(store);
    expect(pausesPartner(all, 'abroad')).toBe(true);
    expect(pausesPartner(all, 'neighbour')).toBe(false);
    expect(pausesReader(all, rules)).toBe(false);
    expect(pausesUpload(all, { app: 'abroad', regions: ['US'] })).toBe(false);
  });

  it('is remembered for ten seconds, and read again when the clock goes back', async () => {
    const recall = rememberedPauses(store, clock);
    expect(await recall()).toEqual([]);
    await beginPause(store, US, by);
    clock.advance(9 * SECOND);
    expect(await recall()).toEqual([]);
    clock.advance(SECOND);
    expect(await recall()).toHaveLength(1);
    await endPause(store, US, by);
    expect(await recall()).toHaveLength(1);
    clock.advance(10 * SECOND);
    expect(await recall()).toEqual([]);
  });
});

const aPause = (target: PauseTarget, regions: readonly string[] = []): Pause => ({
  ...{ ...target, id: 'id', regions, since: NOON, alertedAt: undefined },
  anyRegion: target.kind === 'app' && regions.length === 0,
});
const rules: SelectionRules = {
  ...{ outputRegion: 'US', inputRegions: ['US', 'CA'], excludeRegions: [] },
  ...{ includeTravelers: false, onlyNonTravelers: false },
};

describe('uploads', () => {
  it.each<[Pause, boolean]>([
    [aPause(US, ['US']), true],
    [aPause({ kind: 'region', target: 'MX' }, ['MX']), false],
    [aPause(APP, ['US', 'CA']), true],
    [aPause({ kind: 'app', target: 'one.app2' }, ['US']), false],
    [aPause({ kind: 'query', target: 'one.app' }), false],
  ])('wait for the end of %j: %s', (pause, waits) => {
    expect(pausesUpload([pause], { app: 'one.app', regions: ['CA', 'US'] })).toBe(waits);
  });
});

describe('an export', () => {
  it.each<[string, Pause, Partial<SelectionRules>, boolean]>([
    ['takes the region', aPause(US, ['US']), {}, true],
    ['takes another region', aPause(US, ['US']), { inputRegions: ['MX'] }, false],
    ['leaves the region out', aPause(US, ['US']), { excludeRegions: ['US'] }, false],
    [
      'takes the travelers of the region',
      aPause(US, ['US']),
      { inputRegions: ['MX'], includeTravelers: true },
      true,
    ],
    ['takes the app’s other region', aPause(APP, ['MX', 'CA']), {}, true],
    ['takes none of the app’s regions', aPause(APP, ['MX']), {}, false],
    ['may get keys of an app for any region', aPause(APP), { inputRegions: ['MX'] }, true],
    ['would get keys that a query fetches', aPause(QUERY), {}, false],
  ])('that %s waits: so it is', (_, pause, own, waits) => {
    expect(pausesReader([pause], { ...rules, ...own })).toBe(waits);
    expect(pausesReader([], { ...rules, ...own })).toBe(false);
  });
});

describe('a pause that would lose keys', () => {
  const RETENTION = 14 * DAY;
  const due = { retention: RETENTION, oldest: NOON, ...by };
  const check = async (pause: Pause, over = store) => await checkPause(over, pause, due);
  async function begun(): Promise<Pause> {
    await beginPause(store, US, by);
    return (await readPauses(store))[0]!;
  }

  it('lasts without an alert until three days before the oldest window expires', async () => {
    const pause = await begun();
    clock.set(unixMillis(NOON + RETENTION - 3 * DAY - SECOND));
    expect(await check(pause)).toEqual({ kind: 'lasts' });
    clock.advance(SECOND);
    expect(await check(pause)).toEqual({ kind: 'ends soon', endsAt: NOON + RETENTION - 2 * DAY });
    clock.advance(DAY - SECOND);
    expect(await check(pause)).toMatchObject({ kind: 'ends soon' });
    clock.advance(SECOND);
    expect(await check(pause)).toEqual({ kind: 'ended' });
    expect(await readPauses(store)).toEqual([]);
    expect(await operations()).toEqual(['pause.begin', 'pause.end']);
  });

  it('does not end at the first look, however late that is', async () => {
    const pause = await begun();
    clock.set(unixMillis(NOON + RETENTION));
    expect(await check(pause)).toMatchObject({ kind: 'ends soon' });
    clock.advance(HOUR - SECOND);
    expect(await check(pause)).toMatchObject({ kind: 'ends soon' });
    clock.advance(SECOND);
    expect(await check(pause)).toEqual({ kind: 'ended' });
  });

  it('does not end by an alert of a time that has not come', async () => {
    const pause = await begun();
    await store.transact(async (tx) => {
      const [stored] = await tx.get(pauses, [pause.id]);
      tx.set(pauses, pause.id, { ...stored!, alertedAt: NOON + 20 * DAY });
    });
    clock.set(unixMillis(NOON + RETENTION));
    expect(await check(pause)).toMatchObject({ kind: 'ends soon' });
    expect(await readPauses(store)).toMatchObject([{ alertedAt: NOON + RETENTION }]);
  });

  it('is another one when it was ended and begun again meanwhile', async () => {
    const pause = await begun();
    clock.set(unixMillis(NOON + RETENTION));
    await endPause(store, US, by);
    await beginPause(store, US, by);
    expect(await check(pause)).toEqual({ kind: 'lasts' });
    expect(await readPauses(store)).toMatchObject([{ alertedAt: undefined }]);
  });

  it('ends once, also when nobody heard of it', async () => {
    const pause = await begun();
    clock.set(unixMillis(NOON + RETENTION));
    await check(pause);
    clock.advance(HOUR);
    expect(await check(pause, forgetful(store))).toEqual({ kind: 'ended' });
    expect(await check(pause)).toEqual({ kind: 'lasts' });
    expect(await operations()).toEqual(['pause.begin', 'pause.end']);
  });
});
