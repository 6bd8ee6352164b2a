import type { DocumentStore } from '@keyserver/docstore';
import { FOREIGN_AUTHORITY, keyEnd, keyHex, unpackRecords } from '@keyserver/exposure-keys';
import {
  type Chunk,
  type ReceivedKey,
  type Sync,
  type Tally,
  chunksOf,
} from '@keyserver/federation';
import { aQuery } from '@keyserver/federation/testing';
import { seededRandom } from '@keyserver/random/testing';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { DAY, HOUR, INTERVAL, MINUTE, simulatedClock, unixMillis } from '@keyserver/time';
import { auditedSteps } from './testing/audited-steps.ts';
import { exportConfigDocument, exportConfigs } from './configuration.ts';
import { CoverageFault } from './covered-windows.ts';
import { exportProgress } from './export-batch-document.ts';
import { federationPositions, readStandings, readSyncs } from './federation-positions.ts';
import { federationQueries, queryDocument } from './federation-queries.ts';
import { resetQuery } from './federation-reset.ts';
import { federationSync } from './federation-sync.ts';
import { counted, forgetful, interrupted } from './testing/unreliable-store.ts';
import { NOON, SETTINGS, aKey, batchesIn, keysOf } from './testing/uploads.ts';

const clock = simulatedClock(NOON);
const random = seededRandom('sync');
const EAST = aQuery({ id: 'east' });
const BEGINNING = unixMillis(0);
let store: DocumentStore;

beforeEach(async () => {
  clock.set(NOON);
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

const syncOver = (over: DocumentStore = store) =>
  federationSync(over, { ...SETTINGS, clock }, random);

const received = (n: number, fields: Partial<ReceivedKey> = {}): ReceivedKey => ({
  ...{ kind: 'primary', key: aKey(n), regions: ['XA'], traveler: false, verifiedBy: undefined },
  ...fields,
});
const chunk = (keys: readonly ReceivedKey[], token?: string): Chunk => {
  const at = { timestamp: 7200, token: token ?? '' };
  const next =
    token === undefined ? {} : { next: { state: { keys: at, revisions: at }, more: true } };
  return { keys, ...next };
};
async function begun(over: DocumentStore = store): Promise<Sync> {
  const outcome = await syncOver(over).begin(EAST);
  if (outcome.kind !== 'begun') throw new Error(outcome.kind);
  return outcome.sync;
}
const INSERTED: Tally = { inserted: 1, revised: 0, known: 0, rejects: [] };
const stored = async () => await batchesIn(store, NOON - 20 * DAY, NOON + 20 * DAY);
const standing = async () => (await readStandings(store, ['east']))[0];
const runs = async () => await readSyncs(store, 'east', BEGINNING);

describe('a run', () => {
  it('keeps keys and where they ended in one step, also when it does not hear that it was done', async () => {
    const over = forgetful(store);
    const sync = await begun(over);
    const outcome = await syncOver(over).store(sync, chunk([received(1), received(2)], 'a'));
    expect(outcome).toMatchObject({ kind: 'stored', inserted: 2, known: 0 });
    expect(keysOf(await stored())).toHaveLength(2);
    expect((await runs())[0]).toMatchObject({ inserted: 2, known: 0, pages: 1 });
    await syncOver(over).end(sync, { kind: 'failed', problem: 'slow' });
    expect(await standing()).toMatchObject({ state: { keys: { token: 'a' } }, failures: 1 });
  });

  it('moves nothing with a chunk that is not the last of its page', async () => {
    const sync = await begun();
    await syncOver().store(sync, chunk([received(1)]));
    expect((await standing())?.state).toBeUndefined();
    expect((await runs())[0]).toMatchObject({ inserted: 0, pages: 0 });
    const last = chunk([received(2)], 'a');
    await syncOver().store(sync, { ...last, next: { ...last.next!, others: INSERTED } });
    expect((await runs())[0]).toMatchObject({ inserted: 2, pages: 1 });
    await syncOver().store(sync, chunk([received(3)]));
    await syncOver().end(sync, { kind: 'more left' }, INSERTED);
    expect((await runs())[0]).toMatchObject({ inserted: 3, pages: 1, outcome: 'more_left' });
  });

  it('counts a chunk within a page once, also when it does not hear that it was done', async () => {
    const over = forgetful(store);
    const sync = await begun(over);
    const first = await syncOver(over).store(sync, chunk([received(1), received(2)]));
    expect(first).toMatchObject({ kind: 'stored', inserted: 2, known: 0 });
    const again = await syncOver(over).store(sync, chunk([received(1)]));
    expect(again).toMatchObject({ kind: 'stored', inserted: 0, known: 1 });
    expect(keysOf(await stored())).toHaveLength(2);
  });

  it('stores chunks of one page at the same time, of which none has to begin again', async () => {
    const sync = await begun();
    let attempts = 0;
    const counting = counted(store, () => attempts++);
    const outcomes = await Promise.all(
      [1, 2, 3, 4].map(async (n) => await syncOver(counting).store(sync, chunk([received(n)]))),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(['stored', 'stored', 'stored', 'stored']);
    expect([attempts, keysOf(await stored()).length]).toEqual([4, 4]);
  });

  it('is one of two that store the same new key at the same time, and once', async () => {
    const west = await syncOver().begin(aQuery({ id: 'west' }));
    const east = await begun();
    const over = interrupted(store, async () => {
      if (west.kind === 'begun') await syncOver().store(west.sync, chunk([received(1)], 'w'));
    });
    const outcome = await syncOver(over).store(east, chunk([received(1)], 'e'));
    expect(outcome).toMatchObject({ inserted: 0, known: 1 });
    expect((await stored()).map(({ sourceId }) => sourceId)).toEqual(['west']);
  });

  it('writes nothing once another has begun, neither keys nor its end', async () => {
    const first = await begun();
    await begun();
    expect(await syncOver().store(first, chunk([received(1)], 'a'))).toEqual({ kind: 'overtaken' });
    await syncOver().end(first, { kind: 'failed', problem: 'repeats' });
    expect(await standing()).toMatchObject({ failures: 0, problem: undefined });
    expect(await stored()).toEqual([]);
    expect((await runs()).map(({ outcome }) => outcome).sort()).toEqual(['died', 'running']);
  });

  it('stores nothing and moves nothing when a window is covered by an export', async () => {
    const from = unixMillis(NOON - 10 * DAY);
    await store.transact(async (tx) => {
      await tx.get(exportProgress, ['xa']);
      const config = {
        ...{ id: 'xa', bucket: 'exports', filenameRoot: 'v1', period: HOUR, outputRegion: 'XA' },
        ...{ inputRegions: [], excludeRegions: [], includeTravelers: false, from, thru: undefined },
        ...{ onlyNonTravelers: false, signingKeys: ['k'], minRecords: 0, paddingRange: 0 },
        ...{ maxRecords: 1000, padEmpty: false },
      };
      tx.set(exportConfigs, 'xa', exportConfigDocument(config));
      tx.set(exportProgress, 'xa', { coveredUntil: NOON + HOUR });
    });
    const sync = await begun();
    const storing = syncOver().store(sync, chunk([received(1)], 'a'));
    await expect(storing).rejects.toThrow(CoverageFault);
    expect([await stored(), (await standing())?.state]).toEqual([[], undefined]);
  });

  it('takes no more keys at once than fit into one transaction', async () => {
    const sync = await begun();
    const many = Array.from({ length: 301 }, (_, n) => received(n));
    await expect(syncOver().store(sync, chunk(many))).rejects.toThrow(RangeError);
  });

  it('fits with as many revisions that each bring a region and a name of their own', async () => {
    const sync = await begun();
    const many = Array.from({ length: 300 }, (_, n) =>
      received(n, { key: aKey(n, { reportType: 'likely' }) }),
    );
    await syncOver().store(sync, chunk(many, 'a'));
    const revisions = many.map(({ key }, n): ReceivedKey =>
      received(n, {
        ...{ kind: 'revision', key: { ...key, reportType: 'confirmed' } },
        ...{ regions: ['XB'], verifiedBy: `name ${n}` },
      }),
    );
    const chunks = chunksOf(revisions);
    expect(chunks.map(({ length }) => length)).toEqual([240, 60]);
    let revised = 0;
    for (const keys of chunks) {
      const outcome = await syncOver().store(sync, chunk(keys, 'b'));
      if (outcome.kind === 'stored') revised += outcome.revised;
    }
    expect(revised).toBe(300);
    await expect(syncOver().store(sync, chunk(revisions, 'c'))).rejects.toThrow(RangeError);
  });

  it('fits with 300 keys of which each needs a document of its own', async () => {
    const sync = await begun();
    const many = Array.from({ length: 300 }, (_, n) => received(n, { regions: [`X${n}`] }));
    expect(await syncOver().store(sync, chunk(many, 'a'))).toMatchObject({ inserted: 300 });
    expect(await stored()).toHaveLength(300);
  });
});

describe('a stored key of a partner', () => {
  it('says which query it came from, and who verified it by name alone', async () => {
    const sync = await begun();
    await syncOver().store(sync, chunk([received(1, { verifiedBy: 'Department of Health' })], 'a'));
    expect(await stored()).toMatchObject([
      {
        ...{ origin: 'federated', sourceId: 'east', app: '', regions: ['XA'] },
        authority: { id: FOREIGN_AUTHORITY, name: 'Department of Health' },
      },
    ]);
  });

  it('is known for as long as it could be published, which is longer than it is served', async () => {
    const first = await begun();
    await syncOver().store(first, chunk([received(1)], 'a'));
    const end = keyEnd(aKey(1)) * INTERVAL;
    clock.set(unixMillis(end + SETTINGS.maxKeyAge)); // the last moment at which it is young enough
    expect(await batchesIn(store, NOON - DAY, NOON + DAY)).toEqual([]);
    const later = await begun();
    expect(await syncOver().store(later, chunk([received(1)], 'b'))).toMatchObject({
      ...{ inserted: 0, known: 1 },
    });
  });

  it('keeps its onset on the first day apart from none', async () => {
    const sync = await begun();
    const days = [0, undefined].map((onsetDays, n) => received(n, { key: aKey(n, { onsetDays }) }));
    await syncOver().store(sync, chunk(days, 'a'));
    const kept = (await stored()).flatMap(({ records }) => unpackRecords(records));
    const byKey = new Map(kept.map(({ data, onsetDays }) => [keyHex(data), onsetDays]));
    expect([0, 1].map((n) => byKey.get(keyHex(aKey(n).data)))).toEqual([0, undefined]);
  });
});

describe('a pause after a failure', () => {
  it('does not count when a clock that was ahead has written it', async () => {
    const sync = await begun();
    await syncOver().end(sync, { kind: 'failed', problem: 'slow' });
    expect((await syncOver().begin(EAST)).kind).toBe('backing off');
    const [position] = await store.get(federationPositions, ['east']);
    await store.transact(async (tx) => {
      await tx.get(federationPositions, ['east']);
      tx.set(federationPositions, 'east', { ...position!, notBefore: NOON + 30 * DAY });
    });
    expect((await syncOver().begin(EAST)).kind).toBe('begun');
  });
});

describe('a query whose server is another now', () => {
  const ELSEWHERE = aQuery({ id: 'east', server: 'keys.elsewhere.example' });

  it('begins at the beginning of the new server, whatever the old one said and however it failed', async () => {
    const sync = await begun();
    await syncOver().store(sync, chunk([received(1)], 'of-the-old-one'));
    await syncOver().end(sync, { kind: 'failed', problem: 'state_refused' });
    expect((await syncOver().begin(EAST)).kind).toBe('backing off');
    const moved = await syncOver().begin(ELSEWHERE);
    expect(moved).toMatchObject({ kind: 'begun', state: undefined, more: false });
    expect(await standing()).toMatchObject({ state: undefined, failures: 0, problem: undefined });
    if (moved.kind === 'begun') await syncOver().store(moved.sync, chunk([received(1)], 'new'));
    expect(await syncOver().begin(ELSEWHERE)).toMatchObject({ state: { keys: { token: 'new' } } });
  });

  it('ends the turn of a run that is still at the old one', async () => {
    const sync = await begun();
    await syncOver().begin(ELSEWHERE);
    expect(await syncOver().store(sync, chunk([received(1)], 'a'))).toEqual({ kind: 'overtaken' });
    expect((await runs()).map(({ outcome }) => outcome).sort()).toEqual(['died', 'running']);
  });

  it('begins where a reset has put it', async () => {
    await begun();
    await store.transact(async (tx) => {
      await tx.get(federationQueries, ['east']);
      tx.set(federationQueries, 'east', queryDocument(ELSEWHERE));
    });
    await resetQuery(store, { queryId: 'east', from: 3600 }, { actor: 'alex', random });
    const again = await syncOver().begin(ELSEWHERE);
    expect(again).toMatchObject({ state: { keys: { timestamp: 3600, token: '' } } });
  });
});

describe('a reset', () => {
  const by = { actor: 'alex', random };
  const configured = async () => {
    await store.transact(async (tx) => {
      await tx.get(federationQueries, ['east']);
      const query = aQuery({ id: 'east' });
      tx.set(federationQueries, 'east', queryDocument(query));
    });
  };

  it('keeps the time and forgets tokens, pause and problem, in an audited step', async () => {
    await configured();
    const sync = await begun();
    await syncOver().store(sync, chunk([received(1)], 'secret-token'));
    await syncOver().end(sync, { kind: 'failed', problem: 'state_refused' });
    const outcome = await resetQuery(forgetful(store), { queryId: 'east', from: undefined }, by);
    expect(outcome).toEqual({ kind: 'reset', from: 7199 });
    expect(await standing()).toMatchObject({
      state: { keys: { timestamp: 7199, token: '' }, revisions: { timestamp: 7199, token: '' } },
      ...{ failures: 0, problem: undefined },
    });
    const entries = await auditedSteps(store);
    expect(entries.map(({ operation, actor }) => [operation, actor])).toEqual([
      ['federation.reset', 'alex'],
    ]);
    expect((await syncOver().begin(EAST)).kind).toBe('begun');
  });

  it('begins at a time where the position was lost, and not without one', async () => {
    await configured();
    await begun();
    await store.transact(async (tx) => {
      await tx.get(federationPositions, ['east']);
      tx.delete(federationPositions, 'east');
    });
    expect(await syncOver().begin(EAST)).toEqual({ kind: 'position lost' });
    expect(await standing()).toMatchObject({ state: undefined, problem: 'position_lost' });
    const reset = async (from?: number) => await resetQuery(store, { queryId: 'east', from }, by);
    expect(await reset()).toEqual({ kind: 'no position' });
    expect(await reset(3600)).toEqual({ kind: 'reset', from: 3600 });
    clock.advance(MINUTE);
    expect(await syncOver().begin(EAST)).toMatchObject({ state: { keys: { timestamp: 3600 } } });
  });

  it('is refused for a query that is not configured', async () => {
    expect(await resetQuery(store, { queryId: 'east', from: 1 }, by)).toEqual({ kind: 'no query' });
    expect(await standing()).toBeUndefined();
  });

  it('ends the turn of a run that is under way, and its record', async () => {
    await configured();
    const sync = await begun();
    await resetQuery(store, { queryId: 'east', from: 3600 }, by);
    expect(await syncOver().store(sync, chunk([received(1)], 'a'))).toEqual({ kind: 'overtaken' });
    expect(await runs()).toMatchObject([{ outcome: 'died', endedAt: NOON, inserted: 0 }]);
  });

  it('does not pass over what is still to come', async () => {
    await configured();
    await begun();
    const from = NOON / 1000 + 1;
    const late = await resetQuery(store, { queryId: 'east', from }, by);
    expect(late).toEqual({ kind: 'in the future' });
    expect((await standing())?.state).toBeUndefined();
    expect(await runs()).toMatchObject([{ outcome: 'running' }]);
    const now = await resetQuery(store, { queryId: 'east', from: from - 1 }, by);
    expect(now).toEqual({ kind: 'reset', from: from - 1 });
  });
});
