import type { DocumentStore, Transaction } from '@keyserver/docstore';
import {
  type Begun,
  type Chunk,
  type Ending,
  NO_KEYS,
  type StoredChunk,
  type Sync,
  type SyncStore,
  type Tally,
  TallySum,
  lagOf,
} from '@keyserver/federation';
import { type Random, randomId } from '@keyserver/random';
import { HOUR, MINUTE, type UnixMillis, unixMillis } from '@keyserver/time';
import {
  type PositionDocument,
  SYNC_RETENTION,
  type SyncDocument,
  federationPositions,
  federationSyncs,
  standingOf,
  stateFields,
  stateOf,
  withoutProblem,
} from './federation-positions.ts';
import { isQueryPaused } from './pauses.ts';
import { type ReceivedKeySettings, receivedKeyWriter } from './received-keys.ts';

/** After the first failure a query waits up to so long, then up to twice as long, and at last up to four hours. */
const FIRST_PAUSE = 5 * MINUTE;
const LONGEST_PAUSE = 4 * HOUR;

/** Keeps where queries stopped, and stores what they receive, in the document store. */
export function federationSync(
  store: DocumentStore,
  settings: ReceivedKeySettings,
  random: Random,
): SyncStore {
  const openWriter = receivedKeyWriter(store, settings, random);
  return {
    begin: async ({ id: queryId, server }) => {
      const sync = { id: randomId(random), queryId };
      return await store.transact(async (tx) => await begin(tx, sync, server));
    },
    store: async (sync, chunk) => {
      const write = await openWriter(sync.queryId, chunk.keys);
      const id = randomId(random);
      let stored: StoredChunk | undefined;
      return await store.transact(async (tx) => {
        const [turn, found] = await Promise.all([turnOf(tx, sync, chunk), write.find(tx)]);
        const { position, record, isPaused } = turn;
        // An attempt whose outcome was never heard of may have committed: then its answer is the answer.
        if (stored !== undefined && (position?.chunk === id || write.isAmong(found))) return stored;
        if (!isOf(position, sync)) return { kind: 'overtaken' };
        if (isPaused) return { kind: 'paused' };
        stored = await write.store(tx, found);
        const { next } = chunk;
        if (stored.kind === 'stored')
          endPage(tx, sync, { next, position: { ...position, chunk: id }, record, stored });
        return stored;
      });
    },
    end: async (sync, ending, others = NO_KEYS) => {
      const share = random.below(1000) / 1000;
      return await store.transact(async (tx) => await end(tx, sync, { ending, share, others }));
    },
  };
}

const isOf = (position: PositionDocument | undefined, sync: Sync): position is PositionDocument =>
  position?.sync === sync.id;

/** What another server said, and how long a query waits after it failed, says nothing of this one. */
const isOfServer = (position: PositionDocument | undefined, server: string): boolean =>
  position?.server === undefined || position.server === server;

async function begin(tx: Transaction, sync: Sync, server: string): Promise<Begun> {
  const { id, queryId } = sync;
  const [stored] = await tx.get(federationPositions, [queryId]);
  if (stored === undefined && (await hasRun(tx, queryId))) return { kind: 'position lost' };
  if (stored?.sync === id) return begunAt(stored, sync);
  const position = isOfServer(stored, server) ? stored : undefined;
  const until = pausedUntil(position, tx.now);
  if (until !== undefined) return { kind: 'backing off', until };
  await endDead(tx, stored);
  const fresh = { chunk: '', more: false, begunAt: tx.now, failures: 0, notBefore: 0 };
  const begun = { ...fresh, ...position, sync: id, server };
  tx.set(federationPositions, queryId, begun);
  tx.create(federationSyncs, id, {
    ...{ queryId, startedAt: tx.now, outcome: 'running', rejects: [] },
    ...{ pages: 0, inserted: 0, revised: 0, known: 0, expireAt: tx.now + SYNC_RETENTION },
  });
  return begunAt(begun, sync);
}

/** A pause that is longer than any that is drawn was written by a clock that was ahead, and does not count. */
function pausedUntil(
  position: PositionDocument | undefined,
  now: UnixMillis,
): UnixMillis | undefined {
  const until = position?.notBefore ?? 0;
  return until > now && until <= now + LONGEST_PAUSE ? unixMillis(until) : undefined;
}

const begunAt = (position: PositionDocument, sync: Sync): Begun => ({
  kind: 'begun',
  sync,
  state: stateOf(position),
  more: position.more,
});

/** Whether an earlier run left a record: then this is not the first. */
const hasRun = async (tx: Transaction, queryId: string): Promise<boolean> =>
  (await tx.find(federationSyncs, { where: { queryId }, order: { by: 'startedAt' }, limit: 1 }))
    .length > 0;

/** A run that did not end by itself has died: its record says so. Reads, then writes. */
export async function endDead(
  tx: Transaction,
  position: PositionDocument | undefined,
): Promise<void> {
  const id = position?.sync ?? '';
  if (id === '') return;
  const [record] = await tx.get(federationSyncs, [id]);
  if (record?.outcome !== 'running') return;
  tx.set(federationSyncs, id, { ...record, outcome: 'died', endedAt: tx.now });
}

/** Whose turn it is. The record of the run is read with the last chunk of a page alone, which is stored when no other is. */
async function turnOf(tx: Transaction, sync: Sync, { next }: Chunk) {
  const [[position], [record], isPaused] = await Promise.all([
    tx.get(federationPositions, [sync.queryId]),
    next === undefined ? NONE : tx.get(federationSyncs, [sync.id]),
    isQueryPaused(tx, sync.queryId),
  ]);
  return { position, record, isPaused };
}

const NONE: readonly [] = [];

/** With the last chunk of a page the position moves, and the record counts the page. */
function endPage(
  tx: Transaction,
  { id, queryId }: Sync,
  {
    next,
    position,
    record,
    stored,
  }: {
    readonly next: Chunk['next'];
    readonly position: PositionDocument;
    readonly record: SyncDocument | undefined;
    readonly stored: Tally;
  },
): void {
  if (next === undefined) return;
  const { more, state, others = NO_KEYS } = next;
  const moved = state === undefined ? {} : stateFields(state);
  tx.set(federationPositions, queryId, { ...position, more, ...moved });
  if (record === undefined) return;
  const told = withTallies(record, [others, stored]);
  tx.set(federationSyncs, id, { ...told, pages: record.pages + 1 });
}

function withTallies(record: SyncDocument, tallies: readonly Tally[]): SyncDocument {
  const sum = new TallySum().add(record);
  for (const tally of tallies) sum.add(tally);
  return { ...record, ...sum.tally };
}

async function end(
  tx: Transaction,
  sync: Sync,
  {
    ending,
    share,
    others,
  }: { readonly ending: Ending; readonly share: number; readonly others: Tally },
): ReturnType<SyncStore['end']> {
  const [position] = await tx.get(federationPositions, [sync.queryId]);
  const [record] = await tx.get(federationSyncs, [sync.id]);
  if (!isOf(position, sync) || record === undefined) return undefined;
  // An earlier attempt, of which nobody heard, has ended it already.
  if (record.outcome !== 'running') return { ms: lagOf(standingOf(position), tx.now) };
  const ended = endedPosition(position, { ending, share, now: tx.now, began: record.startedAt });
  const outcome = ending.kind === 'failed' ? ending.problem : OUTCOMES[ending.kind];
  tx.set(federationPositions, sync.queryId, ended);
  const told = withTallies(record, [others]);
  tx.set(federationSyncs, sync.id, { ...told, outcome, endedAt: tx.now });
  return { ms: lagOf(standingOf(ended), tx.now) };
}

const OUTCOMES = { 'caught up': 'caught_up', 'more left': 'more_left' } as const;

function endedPosition(
  position: PositionDocument,
  run: {
    readonly ending: Ending;
    readonly share: number;
    readonly now: UnixMillis;
    readonly began: number;
  },
): PositionDocument {
  const { ending, share, now, began } = run;
  if (ending.kind === 'caught up') return { ...withoutProblem(position), caughtUpAt: began };
  if (ending.kind === 'more left') return withoutProblem(position);
  const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(position.failures, 10));
  const pause = Math.ceil((longest * (1 + share)) / 2); // at least half, so that it grows
  const failures = position.failures + 1;
  return { ...position, failures, notBefore: now + pause, problem: ending.problem };
}
