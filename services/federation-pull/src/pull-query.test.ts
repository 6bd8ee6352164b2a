import type { DocumentStore } from '@keyserver/docstore';
import {
  type ExposureKey,
  type KeyBatch,
  type UploadToken,
  keyHex,
  unpackRecords,
} from '@keyserver/exposure-keys';
import type { FederationQuery, SyncStore } from '@keyserver/federation';
import {
  type AnswerParts,
  type AskedPage,
  aQuery,
  aWireKey,
  anAnswer,
  readRequest,
} from '@keyserver/federation/testing';
import { recordingLog } from '@keyserver/log/testing';
import { seededRandom } from '@keyserver/random/testing';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import {
  beginPause,
  endPause,
  federationQueries,
  federationSync,
  queryDocument,
  readStandings,
  readSyncs,
  storeUploads,
} from '@keyserver/stores';
import { NOON, SETTINGS, aKey, anUpload, batchesIn, keysOf } from '@keyserver/stores/testing';
import { DAY, HOUR, MINUTE, SECOND, simulatedClock, unixMillis } from '@keyserver/time';
import type { Fetched } from './page-call.ts';
import { type PullDeps, pullQuery } from './pull-query.ts';

const clock = simulatedClock(NOON);
let store: DocumentStore;
let sync: SyncStore;
let recorded = recordingLog();
const random = seededRandom('pull');

beforeEach(async () => {
  clock.set(NOON);
  store = await openTestStore({ clock });
  sync = federationSync(store, { ...SETTINGS, clock }, random);
  recorded = recordingLog();
});
afterEach(closeTestStores);

type Partner = (asked: AskedPage, call: number) => AnswerParts | Fetched;

/** Runs a query against a partner that answers each call as it is told; gives what became of it and what was asked. */
async function pull(
  partner: Partner,
  options: { query?: FederationQuery; sync?: SyncStore; callsLeft?: number } = {},
) {
  const asked: AskedPage[] = [];
  const { callsLeft = 50 } = options;
  const deps: PullDeps = {
    sync: options.sync ?? sync,
    fetch: async (_query, request) => {
      asked.push(readRequest(request));
      const answer = partner(asked.at(-1)!, asked.length);
      return await Promise.resolve(
        'kind' in answer ? answer : { kind: 'answer', bytes: anAnswer(answer) },
      );
    },
    log: recorded.log,
    ...{ callMs: MINUTE, maxOnsetMagnitude: 14 },
  };
  const job = {
    signal: new AbortController().signal,
    remaining: () => (asked.length < callsLeft ? MINUTE : 0),
  };
  return { report: await pullQuery(deps, options.query ?? aQuery(), job), asked };
}

const stored = async () =>
  await batchesIn(store, unixMillis(NOON - 20 * DAY), unixMillis(NOON + 20 * DAY));
const keysAre = (batches: readonly KeyBatch[], kind: KeyBatch['kind'] = 'primary') =>
  keysOf(batches.filter((batch) => batch.kind === kind));
const hexOf = (n: number) => keyHex(aWireKey(n).exposureKey);
const failing = (problem: 'unreachable' | 'state_refused'): Fetched => ({
  ...{ kind: 'failed', problem, fault: new Error('as the test wants') },
});
const standing = async () => (await readStandings(store, ['neighbour']))[0];
const numbers = (from: number, count: number) => Array.from({ length: count }, (_, n) => from + n);

/** A partner that has so many keys and gives pages of them, whose token is the number of the next key. */
const withKeys =
  (count: number, pageKeys: number, revised: readonly object[] = []): Partner =>
  ({ state }) => {
    const from = Number(state?.keys.token ?? 0);
    const keys = numbers(from, Math.min(pageKeys, count - from)).map((n) => aWireKey(n));
    const end = from + keys.length;
    const more = end < count;
    return { keys, more, next: [7200, String(end)], ...(more ? {} : { revisedKeys: revised }) };
  };

describe('a pull', () => {
  it('stores every key of every page, as federated and with its query as source', async () => {
    const { report, asked } = await pull(withKeys(700, 350));
    expect(report).toEqual({ kind: 'done', done: 700, left: 0 });
    expect(asked).toHaveLength(2);
    const batches = await stored();
    expect(keysAre(batches)).toEqual(numbers(0, 700).map(hexOf).sort());
    expect(
      new Set(batches.map(({ origin, sourceId, app }) => `${origin} ${sourceId} ${app}`)),
    ).toEqual(new Set(['federated neighbour ']));
  });

  it('says on its first call no state, and later the state that it was given', async () => {
    await pull(withKeys(10, 5));
    const { asked } = await pull(withKeys(10, 5));
    expect(asked.map(({ state }) => state?.keys)).toEqual([{ timestamp: 7200, token: '10' }]);
  });

  it('fetches a page again from its start when it died within it, and stores nothing twice', async () => {
    let chunks = 0;
    const dying: SyncStore = {
      ...sync,
      store: async (...chunk) => {
        if (++chunks === 4) throw new Error('died');
        return await sync.store(...chunk);
      },
    };
    await expect(pull(withKeys(1000, 400), { sync: dying })).rejects.toThrow('died');
    clock.advance(MINUTE);
    const { report, asked } = await pull(withKeys(1000, 400));
    expect(asked[0]?.state?.keys.token).toBe('400');
    expect(report).toEqual({ kind: 'done', done: 300, left: 0 });
    expect(keysAre(await stored())).toEqual(numbers(0, 1000).map(hexOf).sort());
    const [died] = await readSyncs(store, 'neighbour', unixMillis(0));
    expect([died?.outcome, died?.inserted]).toEqual(['died', 400]); // what its record says ends with a page
  });

  it('stops within a page when its query is paused, and fetches that page again from its start', async () => {
    await store.transact(async (tx) => {
      tx.set(federationQueries, 'neighbour', queryDocument(aQuery()));
      await Promise.resolve();
    });
    const paused = { kind: 'query', target: 'neighbour' } as const;
    let chunks = 0;
    const interrupted: SyncStore = {
      ...sync,
      store: async (...chunk) => {
        if (++chunks === 2) await beginPause(store, paused, { actor: 'alex', random });
        return await sync.store(...chunk);
      },
    };
    const { report } = await pull(withKeys(1000, 400), { sync: interrupted });
    expect(report).toEqual({ kind: 'done', done: 300, left: 1 });
    expect(keysAre(await stored())).toHaveLength(300);
    await endPause(store, paused, { actor: 'alex', random });
    const { asked } = await pull(withKeys(1000, 400));
    expect(asked[0]?.state).toBeUndefined();
    expect(keysAre(await stored())).toEqual(numbers(0, 1000).map(hexOf).sort());
  });

  it('drops and counts what it knows when it is given the same keys again', async () => {
    await pull(withKeys(5, 5));
    const again = ({ state }: AskedPage): AnswerParts => ({
      ...{ keys: numbers(0, 5).map((n) => aWireKey(n)), next: [7200, state?.keys.token ?? ''] },
    });
    expect((await pull(again)).report).toEqual({ kind: 'done', done: 0, left: 0 });
    expect(recorded.events('federation.pulled').at(-1)).toMatchObject({ known: 5, inserted: 0 });
    expect(keysAre(await stored())).toHaveLength(5);
  });

  it('ends at its deadline, says that there is more, and goes on from there', async () => {
    const { report } = await pull(withKeys(30, 10), { callsLeft: 2 });
    expect(report).toEqual({ kind: 'done', done: 20, left: 1 });
    const { asked } = await pull(withKeys(30, 10));
    expect(asked[0]?.state?.keys.token).toBe('20');
  });

  it('asks for the next page while it stores this one, and makes one call at a time', async () => {
    const calls: string[] = [];
    const partner = withKeys(30, 10);
    const deps: PullDeps = {
      sync: {
        ...sync,
        store: async (run, chunk) => {
          calls.push('store');
          return await sync.store(run, chunk);
        },
      },
      fetch: async (_query, request) => {
        calls.push('call');
        await new Promise(setImmediate);
        calls.push('answer');
        const answer = partner(readRequest(request), calls.length);
        return 'kind' in answer ? answer : { kind: 'answer', bytes: anAnswer(answer) };
      },
      log: recorded.log,
      ...{ callMs: MINUTE, maxOnsetMagnitude: 14 },
    };
    const job = { signal: new AbortController().signal, remaining: () => MINUTE };
    expect(await pullQuery(deps, aQuery(), job)).toMatchObject({ kind: 'done', done: 30 });
    const between = calls.filter((what) => what !== 'store');
    expect(between).toEqual(['call', 'answer', 'call', 'answer', 'call', 'answer']);
    expect(calls.slice(0, 4)).toEqual(['call', 'answer', 'call', 'store']);
  });

  it('leaves no call behind when it ends before the next page has come', async () => {
    let cut = 0;
    const partner = withKeys(30, 10);
    const deps: PullDeps = {
      sync: { ...sync, store: () => Promise.resolve({ kind: 'overtaken' }) },
      fetch: async (_query, request, { signal }) => {
        const asked = readRequest(request);
        const answer = partner(asked, 1);
        if (asked.state === undefined && !('kind' in answer))
          return { kind: 'answer', bytes: anAnswer(answer) };
        await new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => {
            cut++;
            resolve();
          });
        });
        return failing('unreachable');
      },
      log: recorded.log,
      ...{ callMs: MINUTE, maxOnsetMagnitude: 14 },
    };
    const job = { signal: new AbortController().signal, remaining: () => MINUTE };
    expect(await pullQuery(deps, aQuery(), job)).toEqual({ kind: 'too_early' });
    expect(cut).toBe(1);
  });

  it('takes an idle answer that repeats its state for what it is', async () => {
    await pull(withKeys(5, 5));
    clock.advance(HOUR);
    const idle = await pull(() => ({ next: [7200, '5'] }));
    expect(idle.report).toEqual({ kind: 'done', done: 0, left: 0 });
    expect(recorded.events('federation.pulled').at(-1)).toMatchObject({ lagSeconds: 0 });
  });

  it('moves on over a page without any key', async () => {
    const pages: Partner = (_asked, call) => ({ more: call === 1, next: [call * 3600, `${call}`] });
    expect((await pull(pages)).asked).toHaveLength(2);
    expect((await standing())?.state?.keys).toEqual({ timestamp: 7200, token: '2' });
  });
});

describe('a pull stops, alerts and skips nothing', () => {
  const stopped = async () => {
    const alerts = recorded.events('federation.stopped');
    const { problem: kept, failures } = (await standing()) ?? {};
    return {
      alerts: alerts.map(({ severity }) => severity),
      problem: alerts[0]?.['problem'],
      kept,
      failures,
    };
  };
  const as = (problem: string) => ({ alerts: ['ALERT'], problem, kept: problem, failures: 1 });

  it('when a partner repeats a state of this run while more is to come', async () => {
    const circle: Partner = (_asked, call) => ({
      ...{ keys: [aWireKey(call)], more: true, next: [3600, call % 2 === 0 ? 'a' : 'b'] },
    });
    const { report, asked } = await pull(circle);
    expect(report).toMatchObject({ kind: 'failed', done: 3 });
    expect(asked).toHaveLength(3);
    expect(await stopped()).toEqual(as('repeats'));
    expect((await standing())?.state?.keys.token).toBe('a');
  });

  it('when its first answer sends it back to where it began', async () => {
    await pull(withKeys(5, 5));
    await pull(() => ({ keys: [aWireKey(9)], more: true, next: [7200, '5'] }));
    expect(await stopped()).toEqual(as('repeats'));
  });

  it.each([
    ['no message at all', Buffer.from('<html>')],
    ['more to come without a state', anAnswer({ more: true })],
    ['an endless token', anAnswer({ next: [1, 'x'.repeat(5000)] })],
    ['a time outside of all years', anAnswer({ next: [2 ** 52, ''] })],
    ['more keys than were asked for', anAnswer({ keys: numbers(0, 1001).map((n) => aWireKey(n)) })],
  ])('when it is answered %s', async (_what, bytes) => {
    const { report } = await pull(() => ({ kind: 'answer', bytes }));
    expect(report.kind).toBe('failed');
    expect(await stopped()).toEqual(as('unreadable'));
    expect(await stored()).toEqual([]);
  });

  it('when a key begins more than a day from now, as a clock is wrong', async () => {
    const tomorrow = NOON / 600_000 + 144;
    const ahead: Partner = () => ({
      ...{ keys: [aWireKey(1, { intervalNumber: tomorrow + 1 })], next: [7200, 'x'] },
    });
    await pull(ahead);
    expect(await stopped()).toEqual(as('clock'));
    expect((await standing())?.state).toBeUndefined();
    expect(await stored()).toEqual([]);
  });

  it('when the partner refuses a state of our own', async () => {
    await pull(() => failing('state_refused'));
    expect(await stopped()).toEqual(as('state_refused'));
  });

  it('when where it stopped is gone though it ran before', async () => {
    await pull(withKeys(5, 5));
    const { federationPositions } = await import('@keyserver/stores/testing');
    await store.transact(async (tx) => {
      await tx.get(federationPositions, ['neighbour']);
      tx.delete(federationPositions, 'neighbour');
    });
    const { report, asked } = await pull(withKeys(5, 5));
    expect([report.kind, asked]).toEqual(['failed', []]);
    expect(recorded.events('federation.stopped')).toMatchObject([{ problem: 'position_lost' }]);
  });
});

describe('a pull that fails', () => {
  it('waits before it begins again, longer each time and four hours at most', async () => {
    const pauses: number[] = [];
    for (let n = 0; n < 12; n++) {
      expect((await pull(() => failing('unreachable'))).report.kind).toBe('failed');
      const now = await store.now();
      pauses.push(((await standing())?.notBefore ?? 0) - now);
      expect((await pull(() => ({}))).report).toEqual({ kind: 'too_early' });
      clock.advance(5 * HOUR);
    }
    expect(pauses[0]).toBeGreaterThanOrEqual(2.5 * MINUTE);
    expect(pauses[0]).toBeLessThanOrEqual(5 * MINUTE);
    expect(pauses.at(-1)).toBeGreaterThanOrEqual(2 * HOUR);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(4 * HOUR);
    expect(recorded.events('federation.stopped')).toEqual([]);
  });

  it('begins at once again after a success', async () => {
    await pull(() => failing('unreachable'));
    clock.advance(HOUR);
    await pull(withKeys(5, 5));
    expect(await standing()).toMatchObject({ failures: 0, problem: undefined });
    expect((await pull(withKeys(5, 5))).report.kind).toBe('done');
  });

  it('keeps what was stored before, and how far behind it is', async () => {
    await pull(withKeys(5, 5));
    clock.advance(3 * HOUR);
    await pull((_asked, call) =>
      call === 1 ? { keys: [aWireKey(9)], more: true, next: [9000, '6'] } : failing('unreachable'),
    );
    expect((await standing())?.state?.keys.token).toBe('6');
    const { lagSeconds } = recorded.events('federation.pulled').at(-1)!;
    expect(lagSeconds).toBe((3 * HOUR) / SECOND);
  });

  it('writes nothing any more once another run has begun', async () => {
    let overtaken = false;
    const late: SyncStore = {
      ...sync,
      store: async (...chunk) => {
        if (!overtaken) await sync.begin(aQuery());
        overtaken = true;
        return await sync.store(...chunk);
      },
    };
    expect((await pull(withKeys(5, 5), { sync: late })).report).toEqual({ kind: 'too_early' });
    expect(await stored()).toEqual([]);
  });
});

describe('with a reference server as partner, a pull', () => {
  const query = aQuery({ partner: 'reference' });
  const DAY_AND_TWO = 26 * 3600;

  it('never gives a token back', async () => {
    const pages: Partner = (_asked, call) => ({
      ...{ keys: [aWireKey(call)], more: call < 3, next: [call * 3600, 'offset'] },
    });
    const { asked } = await pull(pages, { query });
    await pull(pages, { query });
    expect(asked.slice(1).map(({ state }) => [state?.keys, state?.revisions])).toEqual(
      [3600, 7200].map((timestamp) => [
        { timestamp, token: '' },
        { timestamp, token: '' },
      ]),
    );
  });

  it('asks in each round for the revisions of 26 hours before', async () => {
    await pull(() => ({ next: [800_000, ''], nextRevised: [900_000, ''] }), { query });
    const { asked } = await pull(() => ({ next: [800_000, ''] }), { query });
    expect(asked[0]?.state).toEqual({
      keys: { timestamp: 800_000, token: '' },
      revisions: { timestamp: 900_000 - DAY_AND_TWO, token: '' },
    });
  });

  it('does not go back again within a round that its deadline has cut', async () => {
    const page: Partner = () => ({ more: true, next: [800_000, ''], nextRevised: [900_000, ''] });
    await pull(page, { query, callsLeft: 1 });
    const { asked } = await pull(page, { query, callsLeft: 1 });
    expect(asked[0]?.state?.revisions.timestamp).toBe(900_000);
  });

  it('stops with an alert in a full hour, whose first page comes again and again', async () => {
    const full: Partner = () => ({
      ...{ keys: numbers(0, 500).map((n) => aWireKey(n)), more: true, next: [3600, ''] },
    });
    const { asked } = await pull(full, { query });
    expect(asked).toHaveLength(2);
    expect(recorded.events('federation.stopped')).toMatchObject([{ problem: 'hour_full' }]);
    expect(keysAre(await stored())).toHaveLength(500);
  });
});

describe('keys that others have too', () => {
  const local = async (
    n: number,
    regions: readonly string[],
    fields: Partial<ExposureKey> = {},
    token: UploadToken = 'none',
  ) => {
    const { exposureKey } = aWireKey(n);
    const upload = storeUploads(store, { ...SETTINGS, clock }, random);
    const key = aKey(n, { data: exposureKey, ...fields });
    return await upload(anUpload([key], { regions, token }));
  };

  it('are stored once for each region, whoever comes first', async () => {
    await local(1, ['XA', 'XB']);
    await pull(() => ({ keys: [aWireKey(1, { regions: ['XB', 'XC'] })], next: [1, ''] }));
    const regions = (await stored()).map((batch) => [batch.origin, ...batch.regions]).sort();
    expect(regions).toEqual([
      ['federated', 'XC'],
      ['local', 'XA', 'XB'],
    ]);
  });

  it('are refused to a phone whose key came from a partner first, unless it is the same', async () => {
    await pull(() => ({ keys: [aWireKey(1)], next: [1, ''] }));
    expect(await local(1, ['XB'])).toEqual({ kind: 'refused', code: 'missing_revision_token' });
    expect(await stored()).toHaveLength(1);
  });

  it('are revised by their phone although a partner sent and revised them for another region', async () => {
    // Within one window, where chance decides which record comes first.
    for (let n = 1; n <= 8; n++) {
      await local(n, ['XB'], { reportType: 'likely' });
      const also = { regions: ['XC'], reportType: 2 };
      await pull(() => ({
        ...{ keys: [aWireKey(n, also)], next: [n, ''] },
        revisedKeys: [aWireKey(n, { ...also, reportType: 5 })],
      }));
      const token = [{ data: aWireKey(n).exposureKey, start: aKey(n).start, period: 144 }];
      expect(await local(n, ['XB'], { reportType: 'confirmed' }, token)).toMatchObject({
        ...{ kind: 'stored', revised: 1 },
      });
    }
  });

  it('are not revised by a partner when they were published here', async () => {
    await local(1, ['XB']);
    await pull(() => ({ revisedKeys: [aWireKey(1, { reportType: 5 })], next: [1, ''] }));
    expect(recorded.events('federation.rejected')).toMatchObject([
      { field: 'exposureKey', reason: 'other_source', count: 1 },
    ]);
    expect(keysAre(await stored(), 'revision')).toEqual([]);
  });
});

it('says of keys that are not taken how many there were, by field and reason, and nothing else', async () => {
  const bad = [
    aWireKey(1, { exposureKey: Buffer.alloc(15) }),
    aWireKey(2, { intervalCount: 145 }),
    aWireKey(3, { reportType: 0 }),
    aWireKey(4, { reportType: 3 }),
    aWireKey(5, { regions: [] }),
    aWireKey(6, { intervalNumber: NOON / 600_000 - 16 * 144 - 144 }),
    aWireKey(7, { daysSinceOnsetOfSymptoms: 15 }),
    aWireKey(8, { hasSymptomOnset: true, daysSinceOnsetOfSymptoms: 0 }),
    aWireKey(9, { hasSymptomOnset: false, daysSinceOnsetOfSymptoms: 0 }),
  ];
  await pull(() => ({ keys: bad, next: [1, ''] }));
  const rejects = [
    { field: 'daysSinceOnsetOfSymptoms', reason: 'left_out', count: 1 },
    { field: 'exposureKey', reason: 'bounds', count: 1 },
    { field: 'intervalCount', reason: 'bounds', count: 1 },
    { field: 'intervalNumber', reason: 'too_old', count: 1 },
    { field: 'regions', reason: 'missing', count: 1 },
    { field: 'reportType', reason: 'not_accepted', count: 2 },
  ];
  expect(recorded.events('federation.rejected')).toMatchObject(rejects);
  expect((await readSyncs(store, 'neighbour', unixMillis(0)))[0]?.rejects).toEqual(rejects);
  const taken = (await stored()).flatMap(({ records }) => unpackRecords(records));
  const onsets = new Map(taken.map(({ data, onsetDays }) => [keyHex(data), onsetDays]));
  expect([7, 8, 9].map((n) => onsets.get(hexOf(n)))).toEqual([undefined, 0, undefined]);
});
