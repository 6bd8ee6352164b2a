import { keyHex, unpackRecords } from '@keyserver/exposure-keys';
import {
  type FederationServer,
  type Started,
  type StoredBatch,
  federationServer,
} from '@keyserver/federation-serve/testing';
import { closeTestStores } from '@keyserver/sqlite/testing';
import { NOON, aKey } from '@keyserver/stores/testing';
import { HOUR, unixMillis } from '@keyserver/time';
import { type PullingServer, pullingServer } from './pulling-server.ts';
import { type RawServer, rawFetch, serveRaw } from './raw-frames.ts';
import { type Echo, ReferenceClient } from './reference-client.ts';
import type { WireKey, WireRequest, WireResponse, WireState } from './wire.ts';

/*
 * What is known to be wrong in the key server of reference, fault by fault: none of it is wrong here. F1 to F14 are the names that
 * its description gives them.
 */
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await closeTestStores();
});

describe('what serves keys', () => {
  let server: FederationServer;
  let started: Started;
  let token = '';

  async function serving(
    change: Parameters<FederationServer['configure']>[0],
    ...batches: readonly StoredBatch[]
  ): Promise<void> {
    server = await federationServer();
    closers.push(server.remove);
    await server.configure(change);
    await server.storeKeys(...batches);
    started = await server.start();
    closers.push(started.stop);
    token = (await server.tokenFor()).slice('Bearer '.length);
  }
  const fetch = async (request: Partial<WireRequest> = {}): Promise<WireResponse> =>
    await rawFetch(started.service.url, request, token);
  const many = (from: number, count: number) =>
    Array.from({ length: count }, (_, n) => aKey(from + n));
  const window = (hoursAgo: number) => unixMillis(NOON - hoursAgo * HOUR);
  const numbersOf = ({ keys }: Pick<WireResponse, 'keys'>): readonly number[] =>
    keys.map(({ exposureKey }) => exposureKey.readUInt32BE());

  it.each<[string, Partial<WireRequest>]>([
    ['asks for nothing', {}],
    ['asks for a region that is not granted', { includeRegions: ['FR'] }],
    ['refuses all that is granted', { excludeRegions: ['US'] }],
  ])('F3: gives no key that is not granted to who %s', async (_, request) => {
    await serving(
      { includeRegions: ['US'] },
      { keys: [aKey(1)], regions: ['FR'] },
      { keys: [aKey(2)] },
    );
    const { keys } = await fetch(request);
    const asksForAll = Object.keys(request).length === 0;
    expect(numbersOf({ keys })).toEqual(asksForAll ? [2] : []);
  });

  it('F4: filters by several regions at once, and gives no key without a granted one', async () => {
    await serving(
      { includeRegions: ['US', 'CA'], excludeRegions: ['MX', 'FR'] },
      { keys: [aKey(1)], regions: ['US'] },
      { keys: [aKey(2)], regions: ['CA', 'DE'] },
      { keys: [aKey(3)], regions: ['US', 'MX'] },
      { keys: [aKey(4)], regions: ['CA', 'FR'] },
      { keys: [aKey(5)], regions: ['DE'] },
    );
    const { keys } = await fetch();
    expect(numbersOf({ keys })).toEqual([1, 2]);
    expect(keys.map(({ regions }) => regions)).toEqual([['US'], ['CA']]);
  });

  it('F5: gives every key of an hour that is larger than a page, each once', async () => {
    await serving({ maxPageKeys: 500 }, { keys: many(0, 603) });
    const seen: number[] = [];
    let state: WireState | undefined;
    for (let pages = 0; pages < 10; pages++) {
      const page = await fetch({ state });
      seen.push(...numbersOf(page));
      state = page.nextFetchState;
      if (!page.partialResponse) break;
      expect(state?.keyCursor?.nextToken).not.toBe('');
    }
    expect(seen).toEqual(many(0, 603).map((_, n) => n));
  });

  it('F6: goes on behind the last key after a page of any size', async () => {
    await serving({}, { keys: many(0, 40), window: window(3) }, { keys: many(40, 40) });
    const seen: number[] = [];
    let state: WireState | undefined;
    for (let size = 1, more = true; more; size++) {
      const page = await fetch({ state, maxExposureKeys: size });
      seen.push(...numbersOf(page));
      ({ nextFetchState: state, partialResponse: more } = page);
    }
    expect(seen).toEqual(many(0, 80).map((_, n) => n));
  });

  it('F7: gives a revision with its own risk', async () => {
    const revised = aKey(1, { reportType: 'negative', risk: 6 });
    await serving({}, { keys: [aKey(1, { risk: 3 })] }, { keys: [revised], kind: 'revision' });
    const { keys, revisedKeys } = await fetch();
    expect(keys).toMatchObject([{ transmissionRisk: 3 }]);
    expect(revisedKeys).toMatchObject([{ reportType: 5, transmissionRisk: 6 }]);
  });

  it.each<[string, WireState]>([
    ['both cursors', {}],
    ['the cursor of revised keys', { keyCursor: { timestamp: 0, nextToken: '' } }],
    ['the cursor of keys', { revisedKeyCursor: { timestamp: 0, nextToken: '' } }],
  ])('F8: answers a state that lacks %s', async (_, state) => {
    await serving({}, { keys: [aKey(1)] });
    expect(numbersOf(await fetch({ state }))).toEqual([1]);
    expect(numbersOf(await fetch({ state }))).toEqual([1]);
  });

  it('F9: does not give the last revisions again with every call', async () => {
    const revised = aKey(1, { reportType: 'negative' });
    await serving(
      {},
      { keys: [aKey(1)] },
      { keys: [revised], kind: 'revision', window: window(1) },
    );
    server.clock.advance(HOUR);
    const { nextFetchState: state, revisedKeys } = await fetch();
    expect(revisedKeys).toHaveLength(1);
    expect((await fetch({ state })).revisedKeys).toEqual([]);
  });

  it('F10: does not move where it has nothing to give', async () => {
    await serving({}, { keys: [aKey(1)] });
    const { nextFetchState: first } = await fetch();
    const { nextFetchState: second } = await fetch({ state: first });
    expect(second).toEqual(first);
  });

  const ECHOES: readonly Echo[] = [
    ...(['all', 'no tokens', 'no state', 'primary half', 'revised half'] as const),
    'year 1 instead of zero',
  ];
  it.each(ECHOES)('gives everything to a client of reference that echoes: %s', async (echo) => {
    // Each hour fits into a page, so that a client which loses the token gets on by the time alone.
    const hours = [4, 3, 2].map((ago, n) => ({ keys: many(n * 250, 250), window: window(ago) }));
    await serving({ maxPageKeys: 500 }, ...hours);
    const client = new ReferenceClient(echo);
    const end = await client.run(fetch, 12);
    // Who sends no state back never gets beyond the first page.
    expect([end, client.stored.size]).toEqual(
      echo === 'no state' ? ['no end', 500] : ['complete', 750],
    );
  });

  it('asks who lost the token of an hour that is larger than a page to echo it', async () => {
    await serving({ maxPageKeys: 500 }, { keys: many(0, 501) });
    const client = new ReferenceClient('no tokens');
    await expect(client.run(fetch)).rejects.toMatchObject({ status: 8 });
  });
});

describe('what fetches keys', () => {
  let server: PullingServer;
  let partner: RawServer;
  let answers: WireResponse[] = [];
  let asked: WireRequest[] = [];

  beforeEach(async () => {
    [answers, asked] = [[], []];
    partner = await serveRaw((request) => {
      asked.push(request);
      return answers.shift() ?? { ...NOTHING, nextFetchState: request.state };
    });
    server = await pullingServer();
    closers.push(partner.close, server.close);
    await server.configure({ server: partner.address });
  });

  const NOTHING: WireResponse = { keys: [], revisedKeys: [], partialResponse: false };
  const YESTERDAY = aKey(0).start;
  const wire = (n: number, more: Partial<WireKey> = {}): WireKey => ({
    exposureKey: Buffer.from(aKey(n).data),
    ...{ transmissionRisk: 0, intervalNumber: YESTERDAY, intervalCount: 144, reportType: 1 },
    ...{ daysSinceOnsetOfSymptoms: 0, hasSymptomOnset: false, traveler: false, regions: ['US'] },
    verificationAuthorityName: '',
    ...more,
  });
  const state = (n: number): WireState => {
    const cursor = { timestamp: n * 3600, nextToken: String(n) };
    return { keyCursor: cursor, revisedKeyCursor: cursor };
  };
  const page = (n: number, more: Partial<WireResponse>): WireResponse => ({
    ...{ ...NOTHING, nextFetchState: state(n) },
    ...more,
  });
  const storedKeys = async (kind: 'primary' | 'revision') =>
    (await server.stored())
      .filter((batch) => batch.kind === kind)
      .flatMap(({ records, regions }) =>
        unpackRecords(records).map(({ data, reportType, onsetDays, risk }) => ({
          ...{ key: keyHex(data), reportType, onsetDays, risk, regions },
        })),
      );
  const hex = (n: number): string => keyHex(aKey(n).data);

  it('F1: takes keys with an onset, reported by the person, and of day 0', async () => {
    await server.configure({ server: partner.address, acceptSelfReport: true });
    const onset = { hasSymptomOnset: true, daysSinceOnsetOfSymptoms: -3 };
    answers = [
      page(1, {
        keys: [wire(1, onset), wire(2, { hasSymptomOnset: true }), wire(3, { reportType: 3 })],
      }),
    ];
    expect((await server.pull()).status).toBe(200);
    expect(await storedKeys('primary')).toMatchObject([
      { key: hex(1), onsetDays: -3 },
      { key: hex(2), onsetDays: 0 },
      { key: hex(3), onsetDays: undefined, reportType: 'likely' },
    ]);
  });

  it('F2: applies a revision of a key that the same partner gave', async () => {
    answers = [
      page(1, { keys: [wire(1, { reportType: 2 })] }),
      page(2, { revisedKeys: [wire(1, { reportType: 5 })] }),
    ];
    await server.pull();
    await server.pull();
    expect(await storedKeys('revision')).toMatchObject([{ key: hex(1), reportType: 'negative' }]);
  });

  it('F11: keeps the state of every page, so that a run which breaks off goes on where it was', async () => {
    answers = [
      page(1, { keys: [wire(1)], partialResponse: true }),
      page(1, { partialResponse: true }),
    ];
    expect((await server.pull()).status).toBe(500); // the second page leads back to itself
    expect((await server.standing())?.state?.keys.token).toBe('1');
    server.clock.advance(5 * HOUR);
    await server.pull();
    expect(asked.at(-1)?.state).toEqual(state(1));
  });

  it('F11: keeps the state of a page that brought nothing new', async () => {
    answers = [page(1, { keys: [wire(1)] }), page(2, { keys: [wire(1)] })];
    await server.pull();
    await server.pull();
    expect((await server.standing())?.state?.keys.token).toBe('2');
  });

  it.each<[string, Partial<WireKey>]>([
    ['of an unknown type', { reportType: 0 }],
    ['that may not follow', { reportType: 2 }],
    ['of a key that is not there', { exposureKey: Buffer.alloc(16, 9), reportType: 5 }],
    ['with a key of 15 bytes', { exposureKey: Buffer.alloc(15), reportType: 5 }],
    ['with a risk out of bounds', { transmissionRisk: 9, reportType: 5 }],
  ])('F12: goes on behind a bad revision %s', async (_, bad) => {
    const keys = [wire(1), wire(2, { reportType: 2 })];
    const revisedKeys = [wire(1, bad), wire(2, { reportType: 5 })];
    answers = [page(1, { keys, revisedKeys })];
    expect((await server.pull()).status).toBe(200);
    expect(await storedKeys('revision')).toMatchObject([{ key: hex(2) }]);
    expect((await server.standing())?.state?.keys.token).toBe('1');
  });

  it('F13: keeps regions that come with a revision', async () => {
    const revised = wire(1, { reportType: 1, regions: ['CA', 'US'] });
    answers = [
      page(1, { keys: [wire(1, { reportType: 2 })] }),
      page(2, { revisedKeys: [revised] }),
    ];
    await server.pull();
    await server.pull();
    const regions = (await storedKeys('primary')).flatMap((one) => one.regions);
    expect(regions.toSorted()).toEqual(['CA', 'US']);
  });

  it('F14: asks for local keys only where the configuration says so', async () => {
    await server.pull();
    await server.configure({ server: partner.address, onlyLocalProvenance: true });
    await server.pull();
    expect(asked.map(({ onlyLocalProvenance }) => onlyLocalProvenance)).toEqual([false, true]);
  });

  it.each<[string, Partial<WireResponse>]>([
    ['the state of the call', { partialResponse: true, nextFetchState: state(1) }],
    ['no state at all', { partialResponse: true, nextFetchState: undefined }],
  ])('stops where a partner says that more is to come and gives %s', async (_, answer) => {
    answers = [page(1, { keys: [wire(1)], partialResponse: true }), page(1, answer)];
    const { status, body } = await server.pull();
    expect(status).toBe(500);
    expect(body).toContain('query neighbour: ');
    expect(asked).toHaveLength(2);
    expect(server.events('federation.stopped')).toHaveLength(1);
  });

  it('stops where a partner leads in a circle of several states', async () => {
    answers = [1, 2, 3, 1].map((n) => page(n, { keys: [wire(n)], partialResponse: true }));
    expect((await server.pull()).status).toBe(500);
    expect(await storedKeys('primary')).toHaveLength(3);
  });

  it('does not echo tokens to a server of reference, and asks again for the revisions of 26 hours', async () => {
    await server.configure({ server: partner.address, partner: 'reference' });
    answers = [page(400_000, { keys: [wire(1)] })];
    await server.pull();
    await server.pull();
    const at = 400_000 * 3600;
    expect(asked.at(-1)?.state).toEqual({
      keyCursor: { timestamp: at, nextToken: '' },
      revisedKeyCursor: { timestamp: at - 26 * 3600, nextToken: '' },
    });
  });

  it('stops at a full hour of a server of reference, and alerts', async () => {
    await server.configure({ server: partner.address, partner: 'reference' });
    const full = { keys: [wire(1)], partialResponse: true };
    answers = [page(1, full), page(1, full), page(1, full)];
    expect((await server.pull()).status).toBe(500);
    expect(server.events('federation.stopped')).toMatchObject([{ problem: 'hour_full' }]);
  });
});
